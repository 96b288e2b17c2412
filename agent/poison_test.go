package agent_test

import (
	"net/http"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/remote"
)

// poisoned is a receiver that takes nothing of a request of which it refuses one
// sample, as Prometheus does with 1.0, and says that it has newer ones.
func (w *world) poisoned(n int, rw http.ResponseWriter, deliver func()) error {
	req, err := w.attempts[n].decode()
	if err != nil {
		return err
	}
	for _, ts := range req.Timeseries {
		for _, l := range ts.Labels {
			if l.Value == "aa_poison" || l.Value == "zz_poison" {
				http.Error(rw, "out of order sample", http.StatusBadRequest)
				return nil
			}
		}
	}
	deliver()
	return nil
}

// poison is two series that are refused, one at each end of the page.
func poison(n int) ([]*dto.MetricFamily, error) {
	more, err := someSeries(n)
	return append(append([]*dto.MetricFamily{gauge("aa_poison", 1)}, more...), gauge("zz_poison", 1)), err
}

// allButPoison fails the test unless all that is good arrived.
func (w *world) allButPoison(a *agent.Agent, s *scrapes) {
	w.Helper()
	if n := w.count("scrape_number"); n != s.n {
		w.Errorf("%d of %d scrapes arrived", n, s.n)
	}
	if n := w.count("series_29"); n != s.n {
		w.Errorf("%d of %d samples of a series arrived", n, s.n)
	}
	if b := a.Status().Remotes[0].Books; b.Imbalance != 0 || b.Pending != 0 || b.Acknowledged < uint64(s.n*(31+5)) {
		w.Errorf("books are %+v", b)
	}
}

// A window that was about to be sent when a life ended, and never arrived, is not
// taken for delivered because something in it is refused.
func TestAgent_FirstSentByTheNextLife(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.numbered(poison)
		w.cfg.Remotes[0].Protocol = remote.Protocol1
		w.cfg.FlushDeadline = time.Second
		w.network = away
		w.run(10*time.Second + 500*time.Millisecond)
		w.network = w.poisoned
		w.cfg.FlushDeadline = time.Minute
		a := w.run(20 * time.Second)
		w.allButPoison(a, s)
	})
}

// Nor is a request of which nothing arrived at the first attempt.
func TestAgent_RefusedAfterADoubt(t *testing.T) {
	for _, p := range []remote.Protocol{remote.Protocol1, remote.ProtocolAuto} {
		t.Run(string(p), func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := w.numbered(poison)
				w.cfg.Remotes[0].Protocol = p
				w.cfg.FlushDeadline = time.Minute
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					if n == 0 {
						rw.WriteHeader(http.StatusServiceUnavailable)
						return nil
					}
					return w.poisoned(n, rw, deliver)
				}
				a := w.run(20*time.Second + 500*time.Millisecond)
				w.allButPoison(a, s)
			})
		})
	}
}
