package agent_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgetick/edgetick/agent"
)

// crashBetweenHalves has the process die when the receiver has the first half of a
// request that it did not take whole. The next life delivers the rest.
func crashBetweenHalves(t *testing.T, status int) {
	dir := filepath.Join(t.TempDir(), "wal")
	inWorld(t, func(w *world) {
		s := &scrapes{page: someSeries}
		w.cfg.WALDir = dir
		w.cfg.Remotes[0].PackTicks = 4
		w.cfg.FlushDeadline = time.Second
		first, dead := -1, false
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if dead {
				return errReset
			}
			if w.holds(n, "series_11", 7*11) && status == 400 || status == 413 && first < 0 {
				first = n
				http.Error(rw, "no, not this one", status)
				return nil
			}
			deliver()
			if first >= 0 {
				dead = true // one half is in, then the uplink and the process die
			}
			return nil
		}
		w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
		w.run(20*time.Second + 500*time.Millisecond)
		life1 := len(w.attempts)
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if status == 413 && n == life1 {
				w.mu.Lock()
				defer w.mu.Unlock()
				http.Error(rw, "big", status)
				return nil
			}
			deliver()
			return nil
		}
		w.cfg.FlushDeadline = time.Minute
		a := w.run(20 * time.Second)
		b := a.Status().Remotes[0].Books
		for _, name := range []string{"scrape_number", "series_00", "series_05", "series_11", "series_12", "series_20", "series_29"} {
			if n := w.count(name); n != s.n {
				t.Errorf("%s: %d of %d", name, n, s.n)
			}
		}
		if b.Rejected.Total() > 1 {
			t.Errorf("rejected %d", b.Rejected.Total())
		}
	})
}

func TestAgent_CrashBetweenHalvesOfARefused(t *testing.T)  { crashBetweenHalves(t, 400) }
func TestAgent_CrashBetweenHalvesOfATooLarge(t *testing.T) { crashBetweenHalves(t, 413) }

// Twenty bad series in one page of 400 cost no good one.
func TestAgent_IsolatesManyBadSamples(t *testing.T) {
	inWorld(t, func(w *world) {
		s := &scrapes{page: func(n int) ([]*dto.MetricFamily, error) {
			var out []*dto.MetricFamily
			for i := range 400 {
				out = append(out, gauge("good_"+string(rune('a'+i/20))+string(rune('a'+i%20)), float64(n)))
			}
			return out, nil
		}}
		bad := []string{}
		for i := range 20 {
			bad = append(bad, "good_"+string(rune('a'+i))+"k")
		}
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			for _, b := range bad {
				for v := 1; v <= 4; v++ {
					if w.holds(n, b, float64(v)) {
						http.Error(rw, "bad", 400)
						return nil
					}
				}
			}
			deliver()
			return nil
		}
		w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
		a := w.run(20 * time.Second)
		b := a.Status().Remotes[0].Books
		if b.Rejected.Total() != 80 || b.Imbalance != 0 || b.Pending != 0 {
			t.Errorf("books are %+v, want 80 samples rejected", b)
		}
	})
}
