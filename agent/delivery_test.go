package agent_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/proto"
)

var errReset = errors.New("connection reset by peer")

// Whatever the receiver and the network do, each scrape arrives once and in
// order.
func TestAgent_DeliversAllThrough(t *testing.T) {
	status := func(code int, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	failing := func(bad func(attempt int) bool, how func(http.ResponseWriter)) func(int, http.ResponseWriter, func()) error {
		return func(attempt int, w http.ResponseWriter, deliver func()) error {
			if bad(attempt) {
				how(w)
			} else {
				deliver()
			}
			return nil
		}
	}
	odd := func(n int) bool { return n%2 == 1 }
	first := func(k int) func(int) bool { return func(n int) bool { return n < k } }

	for name, network := range map[string]func(int, http.ResponseWriter, func()) error{
		"perfect":         perfect,
		"500":             failing(odd, status(500)),
		"501":             failing(first(3), status(501)),
		"503":             failing(first(5), status(503)),
		"429":             failing(odd, status(429)),
		"429-retry-after": failing(odd, status(429, "Retry-After", "7")),
		"302":             failing(first(2), status(302, "Location", "http://db.test/elsewhere")),
		"reset-before": func(n int, _ http.ResponseWriter, deliver func()) error {
			if n%3 == 0 {
				return errReset
			}
			deliver()
			return nil
		},
		"reset-after": func(n int, _ http.ResponseWriter, deliver func()) error {
			deliver()
			if n%3 == 0 {
				return errReset
			}
			return nil
		},
		"slow": func(_ int, _ http.ResponseWriter, deliver func()) error {
			time.Sleep(9 * time.Second)
			deliver()
			return nil
		},
		"slower-than-the-timeout": func(n int, _ http.ResponseWriter, deliver func()) error {
			if n%2 == 0 {
				time.Sleep(31 * time.Second)
			}
			deliver()
			return nil
		},
		"away": func(n int, _ http.ResponseWriter, deliver func()) error {
			if n > 2 && n < 12 {
				return errReset
			}
			deliver()
			return nil
		},
		"500-in-the-middle-of-a-window": failing(func(n int) bool { return n%5 == 2 }, status(500)),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				faults := 0
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					before := w.db.Arrivals().Stats().Accepted().Requests
					err := network(n, rw, deliver)
					if err != nil || w.db.Arrivals().Stats().Accepted().Requests == before {
						faults++
					}
					return err
				}
				s := w.scraped(someSeries)
				w.cfg.Remotes[0].MaxSamplesPerSend = 50 // several requests a window
				w.cfg.FlushDeadline = 3 * time.Hour
				a := w.run(5*time.Minute + 500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				if s.n != 300 {
					t.Errorf("%d scrapes in 300 s", s.n)
				}
				// A request that had arrived although its answer was lost is
				// refused when it comes again, because it is out of order then.
				refused := w.db.Arrivals().Stats().TotalRefused().Requests
				if again := name == "reset-after" || name == "slower-than-the-timeout"; again != (refused > 0) {
					t.Errorf("the database refused %d requests", refused)
				}
				if perfectly := name == "perfect" || name == "slow" || name == "slower-than-the-timeout"; !perfectly && faults == 0 {
					t.Error("no fault has happened")
				}
				for i := range 30 {
					if got := w.series(fmt.Sprintf("series_%02d", i)); len(got) != s.n {
						t.Errorf("series %d has %d of %d samples", i, len(got), s.n)
					}
				}
			})
		})
	}
}

func someSeries(n int) ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	for i := range 30 {
		all = append(all, gauge(fmt.Sprintf("series_%02d", i), float64(n*i)))
	}
	return all, nil
}

func TestAgent_ObeysRetryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		header  func(now time.Time) string
		atLeast time.Duration
		atMost  time.Duration
	}{
		"seconds":   {func(time.Time) string { return "42" }, 42 * time.Second, 47 * time.Second},
		"date":      {func(now time.Time) string { return now.Add(time.Minute).UTC().Format(http.TimeFormat) }, 59 * time.Second, 67 * time.Second},
		"clamped":   {func(time.Time) string { return "86400" }, 5 * time.Minute, 5*time.Minute + 31*time.Second},
		"past-date": {func(now time.Time) string { return now.Add(-time.Hour).UTC().Format(http.TimeFormat) }, 1, time.Second},
		"negative":  {func(time.Time) string { return "-5" }, 1, time.Second},
		"garbage":   {func(time.Time) string { return "soon" }, 1, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					if n == 0 {
						rw.Header().Set("Retry-After", test.header(time.Now()))
						rw.WriteHeader(http.StatusServiceUnavailable)
						return nil
					}
					deliver()
					return nil
				}
				s := w.scraped(nil)
				a := w.run(7*time.Minute + 500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				wait := w.attempts[1].at.Sub(w.attempts[0].at)
				if wait < test.atLeast || wait > test.atMost {
					t.Errorf("waited %s, want %s to %s", wait, test.atLeast, test.atMost)
				}
				if got := w.attempts[1].header.Get("Retry-Attempt"); got != "1" {
					t.Errorf("Retry-Attempt is %q on the second attempt", got)
				}
				if w.attempts[0].header.Get("Retry-Attempt") != "" || w.attempts[2].header.Get("Retry-Attempt") != "" {
					t.Error("Retry-Attempt on a first attempt")
				}
			})
		})
	}
}

func TestAgent_BackoffGrowsWithJitterAndIsLoggedOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if n < 40 {
				rw.WriteHeader(http.StatusInternalServerError)
				return nil
			}
			deliver()
			return nil
		}
		s := w.scraped(nil)
		a := w.run(30*time.Minute + 500*time.Millisecond)
		w.complete(s)
		w.balanced(a)
		waits := make(map[time.Duration]bool)
		for i := 1; i < 40; i++ {
			wait := w.attempts[i].at.Sub(w.attempts[i-1].at)
			waits[wait] = true
			if wait > 30*time.Second || wait < 250*time.Millisecond {
				t.Errorf("wait %d is %s, want 250ms to 30s", i, wait)
			}
			if got := w.attempts[i].header.Get("Retry-Attempt"); got != strconv.Itoa(i) {
				t.Errorf("attempt %d says Retry-Attempt: %s", i, got)
			}
		}
		if len(waits) < 14 { // twelve without jitter, 25 on the average with it
			t.Errorf("only %d different waits: there is no jitter", len(waits))
		}
		if n := w.logs.count("remote write fails"); n != 1 {
			t.Errorf("the failure was logged %d times", n)
		}
		if n := w.logs.count("remote write works again"); n != 1 {
			t.Errorf("the recovery was logged %d times", n)
		}
	})
}

// What does not fit into memory is dropped oldest first, and counted.
func TestAgent_CountsWhatTheBufferLoses(t *testing.T) {
	inWorld(t, func(w *world) {
		w.network = func(_ int, _ http.ResponseWriter, deliver func()) error {
			if time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) < 20*time.Minute {
				return errReset
			}
			deliver()
			return nil
		}
		s := w.scraped(someSeries)
		w.cfg.BufferMaxBytes = 128 << 10
		a := w.run(30*time.Minute + 500*time.Millisecond)
		b := a.Status().Remotes[0].Books
		const perTick = 31 + 5
		lost := b.Dropped["buffer_full"]
		if lost == 0 || lost%perTick != 0 || b.Imbalance != 0 || b.Pending != 0 || b.Rejected.Total() != 0 {
			t.Errorf("books are %+v", b)
		}
		got := w.series("scrape_number")
		if want := s.n - int(lost/perTick); len(got) != want {
			t.Errorf("%d scrapes arrived, the books say %d of %d", len(got), want, s.n)
		}
		if last := got[len(got)-1]; last.Value() != float64(s.n) {
			t.Errorf("the last scrape to arrive is %v of %d", last.Value(), s.n)
		}
	})
}

func TestAgent_StopsAtTheFlushDeadline(t *testing.T) {
	inWorld(t, func(w *world) {
		w.network = func(int, http.ResponseWriter, func()) error { return errReset }
		w.scraped(nil)
		w.cfg.FlushDeadline = 3 * time.Second
		start := time.Now()
		a := w.run(time.Minute + 500*time.Millisecond)
		if took := time.Since(start); took != time.Minute+3500*time.Millisecond {
			t.Errorf("stopped after %s", took)
		}
		b := a.Status().Remotes[0].Books
		if b.Pending != b.Gathered || b.Imbalance != 0 {
			t.Errorf("books are %+v", b)
		}
		if w.logs.count("stopped before all samples were delivered") != 1 {
			t.Error("what was left is not in the log")
		}
	})
}

// Every request on the wire: the headers of remote write 1.0, each series once,
// in step exactly pack-ticks samples of each, in time order, labels sorted,
// families together.
func TestAgent_RequestsOnTheWire(t *testing.T) {
	for _, ticks := range []int{1, 4, 20} {
		t.Run(fmt.Sprintf("pack-ticks=%d", ticks), func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := &scrapes{page: someSeries}
				w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather, Labels: map[string]string{"Zone": "z", "a": "b"}}}
				w.cfg.Labels = map[string]string{"region": "eu", "a": "not this one"}
				w.cfg.Remotes[0].PackTicks = ticks
				w.cfg.UserAgent = "edgetick/test"
				a := w.run(time.Duration(ticks)*10*time.Second + 500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				if len(w.attempts) != 10 {
					t.Errorf("%d requests for 10 windows", len(w.attempts))
				}
				for _, at := range w.attempts {
					checkHeader(t, at.header)
					req, err := at.decode()
					if err != nil {
						t.Fatal(err)
					}
					checkRequest(t, req, ticks)
				}
			})
		})
	}
}

func checkHeader(t *testing.T, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":                      proto.ContentTypeV2,
		"Content-Encoding":                  "snappy",
		"X-Prometheus-Remote-Write-Version": "2.0.0",
		"User-Agent":                        "edgetick/test",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func checkRequest(t *testing.T, req *prompb.WriteRequest, ticks int) {
	t.Helper()
	seen := make(map[string]bool)
	for _, ts := range req.Timeseries {
		var names []string
		got := make(map[string]string)
		for _, l := range ts.Labels {
			names = append(names, l.Name)
			got[l.Name] = l.Value
			if l.Value == "" {
				t.Errorf("empty label in %v", ts.Labels)
			}
		}
		if !sorted(names) {
			t.Errorf("labels %v are not sorted and unique", names)
		}
		if got["job"] != "numbered" || got["instance"] != "node" || got["Zone"] != "z" || got["a"] != "b" || got["region"] != "eu" {
			t.Errorf("labels are %v", got)
		}
		if key := fmt.Sprint(ts.Labels); seen[key] {
			t.Errorf("%v stands twice in a request", key)
		} else {
			seen[key] = true
		}
		if len(ts.Samples) != ticks {
			t.Errorf("%d samples of %v, want %d", len(ts.Samples), ts.Labels, ticks)
		}
		for i, s := range ts.Samples {
			if s.Timestamp != ts.Samples[0].Timestamp+int64(i)*1000 || s.Timestamp%1000 != 0 {
				t.Errorf("sample %d of %v is at %d", i, ts.Labels, s.Timestamp)
			}
		}
	}
	if want := 31 + 5; len(seen) != want {
		t.Errorf("%d series in a request, want %d", len(seen), want)
	}
}

// A slow or hanging target moves no tick and delays no other target.
func TestAgent_HangingTargetDelaysNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		release := make(chan struct{})
		hangs := &scrapes{}
		good := &scrapes{}
		w.cfg.ScrapeTimeout = 900 * time.Millisecond
		w.cfg.Targets = []agent.Target{
			{Job: "good", Gather: good.gather},
			{Job: "hangs", Gather: func(context.Context) ([]*dto.MetricFamily, error) {
				hangs.n++
				if hangs.n == 5 {
					<-release // whatever the context says
				}
				return []*dto.MetricFamily{gauge("hangs_number", float64(hangs.n))}, nil
			}},
		}
		go func() {
			time.Sleep(20*time.Second + 500*time.Millisecond)
			close(release)
		}()
		a := w.run(40*time.Second + 500*time.Millisecond)
		w.complete(good)
		w.balanced(a)
		if good.n != 40 {
			t.Errorf("%d scrapes of the good target in 40 s", good.n)
		}
		if hangs.n != 40-15 {
			t.Errorf("the hanging target was started %d times, want 25: not while it hangs", hangs.n)
		}
		up := w.upOf("hangs")
		down := 0
		for _, p := range up {
			if p.Value() == 0 {
				down++
			}
		}
		if len(up) != 40 || down != 16 {
			t.Errorf("up of the hanging target: %s", shown(up))
		}
	})
}

func TestAgent_SpecialValuesArriveBitForBit(t *testing.T) {
	inWorld(t, func(w *world) {
		// Negative zero is not among them: client_golang's text format writes it
		// as zero.
		values := []float64{0, 1, -1, math.Inf(1), math.Inf(-1), math.MaxFloat64,
			math.SmallestNonzeroFloat64, 0.1, 1e-320, 123456789012345680, math.Pi}
		s := &scrapes{page: func(n int) ([]*dto.MetricFamily, error) {
			return []*dto.MetricFamily{gauge("special", values[n%len(values)])}, nil
		}}
		w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
		a := w.run(time.Minute + 500*time.Millisecond)
		w.balanced(a)
		for i, p := range w.series("special") {
			if want := math.Float64bits(values[(i+1)%len(values)]); p.Bits != want {
				t.Errorf("sample %d is %x, want %x", i, p.Bits, want)
			}
		}
	})
}
