package agent_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/web"
)

// holds tells whether a request has a sample of the series with that value.
func (w *world) holds(n int, name string, value float64) bool {
	w.Helper()
	w.mu.Lock()
	at := w.attempts[n]
	w.mu.Unlock()
	req, err := at.decode()
	if err != nil {
		w.Fatal(err)
	}
	for _, ts := range req.Timeseries {
		for _, l := range ts.Labels {
			if l.Name != "__name__" || l.Value != name {
				continue
			}
			for _, s := range ts.Samples {
				if s.Value == value {
					return true
				}
			}
		}
	}
	return false
}

// One sample that the receiver refuses costs that sample, and the request it is
// in arrives without it.
func TestAgent_IsolatesWhatIsRefused(t *testing.T) {
	for _, status := range []int{400, 409, 422} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := &scrapes{page: someSeries}
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					if w.holds(n, "scrape_number", 6) || w.holds(n, "series_11", 7*11) {
						http.Error(rw, "no, not this one", status)
						return nil
					}
					deliver()
					return nil
				}
				w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
				a := w.run(time.Minute + 500*time.Millisecond)
				b := a.Status().Remotes[0].Books
				if b.Rejected.Total() != 2 || b.Acknowledged != b.Gathered-2 || b.Imbalance != 0 || b.Pending != 0 {
					t.Errorf("books are %+v, want two samples rejected", b)
				}
				if n, m := len(w.series("scrape_number")), len(w.series("series_11")); n != s.n-1 || m != s.n-1 {
					t.Errorf("%d and %d samples arrived of %d", n, m, s.n)
				}
				if n := len(w.series("series_12")); n != s.n {
					t.Errorf("%d samples of a series beside it arrived of %d", n, s.n)
				}
				if w.logs.count("no, not this one") != 1 {
					t.Error("the receiver's words are not in the log once")
				}
			})
		})
	}
}

// A receiver that refuses everything gets a bounded number of requests.
func TestAgent_RefusedWholesaleIsBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		s := &scrapes{page: someSeries}
		w.network = func(_ int, rw http.ResponseWriter, _ func()) error {
			http.Error(rw, "nothing from you", http.StatusBadRequest)
			return nil
		}
		w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
		w.cfg.Remotes[0].PackTicks = 20
		a := w.run(20*time.Second + 500*time.Millisecond)
		b := a.Status().Remotes[0].Books
		if b.Rejected.Total() != b.Gathered || b.Gathered == 0 || b.Imbalance != 0 {
			t.Errorf("books are %+v", b)
		}
		if n := len(w.attempts); n < 2 || n > 120 {
			t.Errorf("%d requests for one window", n)
		}
	})
}

// A request that is too large is sent in halves, and later ones are smaller from
// the start.
func TestAgent_HalvesWhatIsTooLarge(t *testing.T) {
	inWorld(t, func(w *world) {
		refused, last := 0, 0
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if len(w.attempts[n].body) > 700 {
				refused++
				last = n
				rw.WriteHeader(http.StatusRequestEntityTooLarge)
				return nil
			}
			deliver()
			return nil
		}
		s := w.scraped(someSeries)
		a := w.run(2*time.Minute + 500*time.Millisecond)
		w.complete(s)
		w.balanced(a)
		if refused == 0 || refused > 10 || last > 20 {
			t.Errorf("%d requests were too large, the last was number %d of %d", refused, last, len(w.attempts))
		}
	})
}

// Wrong credentials or a wrong URL cost nothing: the remote is held, asks at a
// slow pace with an empty request, is not ready, and goes on when it is cured.
func TestAgent_HoldsWhileTheConfigurationIsWrong(t *testing.T) {
	for _, status := range []int{401, 403, 404, 407, 301} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				start := time.Now()
				var a *agent.Agent
				notReady := 0
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					if time.Since(start) > 30*time.Minute {
						deliver()
						return nil
					}
					if n > 0 {
						req, err := w.attempts[n].decode()
						if err != nil || len(req.Timeseries) != 0 {
							t.Errorf("probe %d holds %v, %v", n, req, err)
						}
						rec := httptest.NewRecorder()
						web.NewHandler(web.Config{Status: a.Status, Gatherer: w.cfg.Registry}).
							ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/-/ready", nil))
						if rec.Code == http.StatusServiceUnavailable && strings.Contains(rec.Body.String(), fmt.Sprint(status)) {
							notReady++
						}
					}
					rw.Header().Set("Location", "http://elsewhere.test/")
					http.Error(rw, "who are you?", status)
					return nil
				}
				s := w.scraped(nil)
				w.cfg.BufferMaxBytes = 4 << 20
				a = agent.New(w.cfg)
				w.runAgent(a, 40*time.Minute+500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				probes := 0
				for _, at := range w.attempts {
					if req, err := at.decode(); err == nil && len(req.Timeseries) == 0 {
						probes++
					}
				}
				if probes < 8 || probes > 40 || notReady < probes-3 {
					t.Errorf("%d probes in half an hour, %d times not ready", probes, notReady)
				}
				if w.logs.count("the remote is held") != 1 || w.logs.count("the remote goes on") != 1 {
					t.Error("the hold was not logged once")
				}
			})
		})
	}
}

func TestAgent_HoldsNothingIfSoConfigured(t *testing.T) {
	inWorld(t, func(w *world) {
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if n == 0 {
				rw.WriteHeader(http.StatusForbidden)
				return nil
			}
			deliver()
			return nil
		}
		w.scraped(nil)
		w.cfg.Remotes[0].HoldStatus = []int{}
		a := w.run(20*time.Second + 500*time.Millisecond)
		const perTick = 1 + 5
		b := a.Status().Remotes[0].Books
		if b.Rejected.Total() != 4*perTick || b.Imbalance != 0 || b.Pending != 0 {
			t.Errorf("books are %+v, want the first window of 4 ticks rejected", b)
		}
	})
}
