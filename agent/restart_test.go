package agent_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/wal"
)

// numbered sets the world up with a source whose every scrape is numbered, and a
// write-ahead log.
func (w *world) numbered(page func(int) ([]*dto.MetricFamily, error)) *scrapes {
	s := w.scraped(page)
	w.cfg.WALDir = filepath.Join(w.TempDir(), "wal")
	return s
}

func away(int, http.ResponseWriter, func()) error { return errReset }

// settled fails the test unless the books of all lives together say that every
// scrape was gathered once and acknowledged.
func (w *world) settled(a *agent.Agent, samples int) {
	w.Helper()
	w.balanced(a)
	if b := a.Status().Remotes[0].Books; b.Gathered != uint64(samples) {
		w.Errorf("%d samples gathered, want %d: the books do not go on across restarts", b.Gathered, samples)
	}
}

// What was gathered while the receiver was away is delivered by the next life.
func TestAgent_RestartDeliversTheBacklog(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(someSeries)
		w.cfg.FlushDeadline = time.Second
		w.network = away
		w.run(time.Minute + 500*time.Millisecond)
		if n := len(w.attempts); n == 0 {
			t.Fatal("nothing was tried")
		}
		time.Sleep(time.Minute) // switched off
		w.run(30 * time.Second)
		w.network = perfect
		time.Sleep(200 * time.Millisecond)
		a := w.run(30 * time.Second)
		got := w.series("scrape_number")
		for i, p := range got {
			if p.Value() != float64(i+1) || i > 0 && p.T <= got[i-1].T {
				t.Fatalf("sample %d is %v", i, p.Value())
			}
		}
		if len(got) != s.n {
			t.Errorf("%d of %d scrapes arrived", len(got), s.n)
		}
		w.settled(a, s.n*(31+5))
	})
}

// A process that is killed leaves its log as it is at that moment. Whenever that
// is, before or after a request has been stored, the next life delivers all that
// had been committed, and nothing twice but identically.
func TestAgent_KilledAtAnyRequest(t *testing.T) {
	for kill := range 12 {
		for _, stored := range []bool{false, true} {
			t.Run(fmt.Sprintf("request=%d,stored=%t", kill, stored), func(t *testing.T) {
				inWorld(t, func(w *world) {
					s := w.numbered(someSeries)
					w.cfg.Remotes[0].MaxSamplesPerSend = 50
					w.cfg.FlushDeadline = time.Second
					left := filepath.Join(t.TempDir(), "left")
					dead, scrapes := false, 0
					w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
						if dead {
							return errReset
						}
						if n < kill {
							deliver()
							return nil
						}
						if stored {
							deliver()
						}
						dead, scrapes = true, s.made()
						if err := os.CopyFS(left, os.DirFS(w.cfg.WALDir)); err != nil {
							t.Error(err)
						}
						return errReset
					}
					w.run(time.Minute + 500*time.Millisecond)
					if !dead {
						t.Fatal("the process was not killed")
					}
					// The scrapes after the kill have not happened.
					first := w.count("scrape_number")
					s.n = scrapes
					w.cfg.WALDir, w.network = left, perfect
					w.cfg.FlushDeadline = time.Minute
					a := w.run(20 * time.Second)
					got := w.series("scrape_number")
					if len(got) < first {
						t.Errorf("%d samples after %d", len(got), first)
					}
					for i, p := range got {
						if p.Value() != float64(i+1) {
							t.Fatalf("sample %d is %v", i+1, p.Value())
						}
					}
					if len(got) != s.n {
						t.Errorf("%d of %d scrapes arrived", len(got), s.n)
					}
					for i := range 30 {
						if got := w.series(fmt.Sprintf("series_%02d", i)); len(got) != s.n {
							t.Errorf("series %d has %d of %d samples", i, len(got), s.n)
						}
					}
					w.settled(a, s.n*(31+5))
				})
			})
		}
	}
}

// An outage far longer than memory reaches: the log holds it, and when it is
// over the remote goes back to the ring and to windows of its usual size.
func TestAgent_OutageLongerThanMemory(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(someSeries)
		w.cfg.BufferMaxBytes = 64 << 10
		start := time.Now()
		w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
			if time.Since(start) < time.Hour {
				return errReset
			}
			deliver()
			return nil
		}
		a := w.run(time.Hour + 10*time.Minute + 500*time.Millisecond)
		w.complete(s)
		w.settled(a, s.n*(31+5))
		longest := 0
		for _, at := range w.attempts {
			longest = max(longest, ticksIn(t, at))
		}
		last := w.attempts[len(w.attempts)-2]
		if got := ticksIn(t, last); got != 4 || longest < 100 {
			t.Errorf("windows of up to %d ticks in the backlog, and %d when in step", longest, got)
		}
	})
}

func ticksIn(t *testing.T, at attempt) int {
	t.Helper()
	req, err := at.decode()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, ts := range req.Timeseries {
		n = max(n, len(ts.Samples))
	}
	return n
}

// One dead remote never slows another, and gets everything when it is back.
func TestAgent_SeveralRemotesShareTheLog(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(someSeries)
		w.cfg.BufferMaxBytes = 64 << 10
		dead := &world{T: t, db: w.db, network: away}
		w.cfg.Remotes = append(w.cfg.Remotes, remote.Config{Name: "dead", URL: "http://dead.test/api/v1/write", Transport: dead})
		w.cfg.FlushDeadline = time.Second
		a := w.run(20*time.Minute + 500*time.Millisecond)
		w.complete(s)
		good, bad := a.Status().Remotes[0].Books, a.Status().Remotes[1].Books
		if good.Pending != 0 || good.Acknowledged != good.Gathered || good.Imbalance != 0 {
			t.Errorf("books of the good remote: %+v", good)
		}
		if bad.Pending != bad.Gathered || bad.Gathered != good.Gathered || bad.Imbalance != 0 {
			t.Errorf("books of the dead remote: %+v", bad)
		}

		// Under the same name, but to a new URL that works: a database of its own.
		other := newWorld(t)
		defer other.db.Close()
		w.cfg.Remotes[1] = remote.Config{Name: "dead", URL: "http://alive.test/api/v1/write", Transport: other}
		w.cfg.FlushDeadline = time.Minute
		a = w.run(time.Minute)
		if got := other.series("scrape_number"); len(got) != s.n || got[0].Value() != 1 {
			t.Errorf("%d of %d scrapes arrived under the new URL", len(got), s.n)
		}
		bad = a.Status().Remotes[1].Books
		if bad.Acknowledged != bad.Gathered || bad.Pending != 0 || bad.Imbalance != 0 {
			t.Errorf("books of the remote that came back: %+v", bad)
		}
	})
}

// The cap holds; what it costs is counted, and the rest arrives.
func TestAgent_CapOfTheLog(t *testing.T) {
	inWorld(t, func(w *world) {
		random := rand.New(rand.NewPCG(1, 2))
		s := w.numbered(func(int) ([]*dto.MetricFamily, error) {
			var all []*dto.MetricFamily
			for i := range 200 {
				all = append(all, gauge(fmt.Sprintf("noise_%03d", i), random.NormFloat64()))
			}
			return all, nil
		})
		w.cfg.BufferMaxBytes = 64 << 10
		w.cfg.WALMaxBytes = 1 << 20
		start := time.Now()
		w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
			if time.Since(start) < time.Hour {
				if size := dirSize(t, w.cfg.WALDir); size > 1<<20 {
					t.Errorf("the log takes %d bytes", size)
				}
				return errReset
			}
			deliver()
			return nil
		}
		a := w.run(70*time.Minute + 500*time.Millisecond)
		b := a.Status().Remotes[0].Books
		const perTick = 201 + 5
		lost := b.Dropped[string(wal.Full)]
		if lost == 0 || lost%perTick != 0 || b.Imbalance != 0 || b.Pending != 0 || b.Gathered != b.Acknowledged+lost {
			t.Errorf("books: %+v", b)
		}
		got := w.series("scrape_number")
		if want := s.n - int(lost/perTick); len(got) != want || got[len(got)-1].Value() != float64(s.n) {
			t.Errorf("%d scrapes arrived, the books say %d of %d", len(got), want, s.n)
		}
	})
}

func dirSize(t *testing.T, dir string) int64 {
	t.Helper()
	var size int64
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if i, err := f.Info(); err == nil {
			size += (i.Size() + 4095) / 4096 * 4096
		}
	}
	return size
}

// Series that the next life does not gather any more end with a stale marker:
// those of a target that has gone, and those gone from their page.
func TestAgent_RestartEndsWhatHasGone(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(func(n int) ([]*dto.MetricFamily, error) {
			if n <= 10 {
				return []*dto.MetricFamily{gauge("leaves", 1)}, nil
			}
			return nil, nil
		})
		gone := &scrapes{page: func(n int) ([]*dto.MetricFamily, error) { return []*dto.MetricFamily{gauge("goes", 2)}, nil }}
		w.cfg.Targets = append(w.cfg.Targets, agent.Target{Job: "gone", Gather: gone.gather})
		w.run(10*time.Second + 500*time.Millisecond)
		w.cfg.Targets = w.cfg.Targets[:1]
		a := w.run(10 * time.Second)
		w.balanced(a)
		for _, name := range []string{"leaves", "goes"} {
			if got := shown(w.series(name)); !strings.HasSuffix(got, " stale") || strings.Count(got, stale) != 1 {
				t.Errorf("%s: %s", name, got)
			}
		}
		if up := shown(w.upOf("gone")); up != "1 1 1 1 1 1 1 1 1 1 stale" {
			t.Errorf("up of the target that has gone: %s", up)
		}
		if got := w.upOf("numbered"); strings.Contains(shown(got), stale) || len(got) != s.n {
			t.Errorf("up of the target that stays: %s", shown(got))
		}
	})
}

func TestAgent_OneProcessALog(t *testing.T) {
	inWorld(t, func(w *world) {
		w.numbered(nil)
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if n == 0 {
				second := w.cfg
				second.Registry = nil
				if err := agent.New(second).Run(t.Context()); !errors.Is(err, wal.ErrLocked) {
					t.Errorf("a second agent on the same log: %v", err)
				}
			}
			deliver()
			return nil
		}
		w.run(10 * time.Second)
		if len(w.attempts) == 0 {
			t.Error("nothing was sent")
		}
	})
}
