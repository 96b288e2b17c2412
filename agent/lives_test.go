package agent_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/wal"
)

func segs(t *testing.T, dir string) []string {
	all, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// A crash tears the first record of a new segment, while there is a backlog.
func TestAgent_TornFirstRecordOfASegment(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(someSeries)
		w.cfg.FlushDeadline = time.Second
		w.network = away
		w.run(30*time.Minute + 500*time.Millisecond)
		state, err := os.ReadFile(filepath.Join(w.cfg.WALDir, "STATE"))
		if err != nil {
			t.Fatal(err)
		}
		// The next life is killed (or power fails) while it writes its first tick.
		log, _, err := wal.Open(w.cfg.WALDir, wal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(wal.Header{Seq: log.LastSeq() + 1, Count: 36, Time: time.Now().UnixMilli()},
			func(dst []byte, _ bool) ([]byte, bool) { return append(dst, make([]byte, 3000)...), true }); err != nil {
			t.Fatal(err)
		}
		log.Close()
		os.WriteFile(filepath.Join(w.cfg.WALDir, "STATE"), state, 0o600) // as the first life left it
		all := segs(t, w.cfg.WALDir)
		if err := os.Truncate(all[len(all)-1], 2000); err != nil {
			t.Fatal(err)
		}
		back := time.Now().Add(20 * time.Second)
		w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
			if time.Now().Before(back) {
				return errReset
			}
			deliver()
			return nil
		}
		w.cfg.FlushDeadline = time.Minute
		w.run(3 * time.Minute)
		if w.count("scrape_number") != s.n {
			t.Error("scrapes are missing")
		}
	})
}

// The remote gets a name.
func TestAgent_RenamedRemoteLosesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(someSeries)
		w.cfg.FlushDeadline = time.Second
		end := time.Now().Add(5 * time.Minute)
		w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
			if time.Now().After(end) {
				return errReset
			}
			deliver()
			return nil
		}
		w.run(5*time.Minute + 30*time.Second + 500*time.Millisecond)
		time.Sleep(200 * time.Millisecond)
		w.network = perfect
		w.cfg.Remotes[0].Name = "eu"
		a := w.run(time.Minute)
		if w.count("scrape_number") != s.n {
			t.Error("scrapes are missing")
		}
		w.balanced(a)
	})
}

// max-samples-per-send is changed while a window is half delivered.
func TestAgent_LimitsChangedBetweenLives(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(someSeries)
		w.cfg.Remotes[0].MaxSamplesPerSend = 50
		w.cfg.FlushDeadline = time.Second
		w.network = func(n int, _ http.ResponseWriter, deliver func()) error {
			if n >= 7 {
				return errReset
			}
			deliver()
			return nil
		}
		w.run(20*time.Second + 500*time.Millisecond)
		w.network = perfect
		w.cfg.Remotes[0].MaxSamplesPerSend = 2000
		w.balanced(w.run(20 * time.Second))
		for _, name := range []string{"series_00", "series_15", "series_29"} {
			if w.count(name) != s.n {
				t.Error("samples are missing")
			}
		}
	})
}

func TestAgent_DamageAtTheEndOfTheLog(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, file string){
		"last-record": func(t *testing.T, file string) {
			b, _ := os.ReadFile(file)
			b[len(b)-1] ^= 1
			os.WriteFile(file, b, 0o600)
		},
		"last-segment": func(t *testing.T, file string) {
			b, _ := os.ReadFile(file)
			for i := range b {
				b[i] ^= 0x55
			}
			os.WriteFile(file, b, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := w.numbered(someSeries)
				w.cfg.FlushDeadline = time.Second
				w.network = away
				w.run(5*time.Minute + 500*time.Millisecond)
				time.Sleep(200 * time.Millisecond)
				w.run(time.Minute)
				all := segs(t, w.cfg.WALDir)
				damage(t, all[len(all)-1])
				back := time.Now().Add(20 * time.Second)
				w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
					if time.Now().Before(back) {
						return errReset
					}
					deliver()
					return nil
				}
				w.cfg.FlushDeadline = time.Minute
				a := w.run(time.Minute)
				b := a.Status().Remotes[0].Books
				if n := int(b.Dropped["wal_corrupt"]) / 36; w.count("scrape_number")+n != s.n || b.Imbalance != 0 {
					t.Errorf("%d of %d scrapes arrived; the books are %+v", w.count("scrape_number"), s.n, b)
				}
			})
		})
	}
}

// A window from the ring is larger than one from the log may be.
func TestAgent_LargeWindowIsSentAgainTheSame(t *testing.T) {
	inWorld(t, func(w *world) {
		const series = 8000
		var n atomic.Int64 // ticks
		w.cfg.Targets = []agent.Target{{Job: "big", Gather: func(context.Context) ([]*dto.MetricFamily, error) {
			now := float64(n.Add(1))
			f := gauge("big", 0)
			f.Metric = f.Metric[:0]
			for i := range series {
				f.Metric = append(f.Metric, gauge("big", now, "i", fmt.Sprintf("%05d", i)).Metric...)
			}
			return []*dto.MetricFamily{f}, nil
		}}}
		w.cfg.WALDir = filepath.Join(t.TempDir(), "wal")
		w.cfg.BufferMaxBytes = 64 << 20
		w.cfg.Remotes[0].MaxBackoff = time.Second
		w.cfg.FlushDeadline = time.Second
		left := filepath.Join(t.TempDir(), "left")
		start, sent, ticks, dead := time.Now(), 0, int64(0), false
		w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
			if time.Since(start) < 20*time.Second || dead {
				return errReset
			}
			if k := ticksIn(t, w.attempts[len(w.attempts)-1]); k > 4 {
				if sent++; sent == 6 {
					dead, ticks = true, n.Load()
					if err := os.CopyFS(left, os.DirFS(w.cfg.WALDir)); err != nil {
						t.Error(err)
					}
					return errReset
				}
			}
			deliver()
			return nil
		}
		w.run(25*time.Second + 500*time.Millisecond)
		if !dead {
			t.Fatal("not killed")
		}
		n.Store(ticks)
		w.cfg.WALDir, w.network = left, perfect
		w.cfg.FlushDeadline = time.Hour
		w.cfg.BufferMaxBytes = 0
		w.run(3 * time.Second)
		if w.count("big") != int(n.Load())*series {
			t.Error("samples are missing")
		}
	})
}

// Nothing listens at first; then the receiver refuses the batch for one sample.
func TestAgent_RefusalAfterNobodyListened(t *testing.T) {
	inWorld(t, func(w *world) {
		w.numbered(someSeries)
		w.network = func(n int, rw http.ResponseWriter, _ func()) error {
			if n == 0 {
				return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			http.Error(rw, "out of order sample", http.StatusBadRequest)
			return nil
		}
		a := w.run(3*time.Second + 500*time.Millisecond)
		if b := a.Status().Remotes[0].Books; b.Acknowledged != 0 || b.Rejected.Total() != b.Gathered || b.Gathered == 0 {
			t.Errorf("nothing was stored; the books are %+v", b)
		}
	})
}
