package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/proto"
)

// version is the version of the protocol that a request says it has.
func (a attempt) version() string { return a.header.Get("X-Prometheus-Remote-Write-Version") }

// knowsOnly1 is a receiver that knows only remote write 1.0 and answers anything
// else with a status.
func knowsOnly1(w *world, status int) func(int, http.ResponseWriter, func()) error {
	return func(n int, rw http.ResponseWriter, deliver func()) error {
		if w.attempts[n].version() == "2.0.0" {
			http.Error(rw, "what is this?", status)
			return nil
		}
		deliver()
		return nil
	}
}

// A receiver of 1.0 gets 1.0, however it says that it does not know 2.0, and
// nothing is lost, doubled or counted as refused by the change.
func TestAgent_FallsBackTo1(t *testing.T) {
	for name, status := range map[string]int{"stores nothing and answers 204": 204, "200": 200, "415": 415, "400": 400} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.network = knowsOnly1(w, status)
				s := w.scraped(someSeries)
				a := w.run(2*time.Minute + 500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				if n := w.db.Arrivals().Stats().TotalRefused().Requests; n != 0 {
					t.Errorf("the database refused %d requests", n)
				}
				if w.attempts[0].version() != "2.0.0" || w.attempts[1].version() != "0.1.0" {
					t.Errorf("the first requests are of versions %s and %s", w.attempts[0].version(), w.attempts[1].version())
				}
				for i, at := range w.attempts[1:] {
					if at.version() != "0.1.0" {
						t.Errorf("request %d is of version %s again", i+1, at.version())
					}
				}
				if got := a.Status().Remotes[0].Protocol; got != remote.Protocol1 {
					t.Errorf("the status says protocol %q", got)
				}
			})
		})
	}
}

// A receiver that was upgraded is found to be within a day or so.
func TestAgent_LooksAgainFor2(t *testing.T) {
	inWorld(t, func(w *world) {
		start := time.Now()
		old := knowsOnly1(w, 204)
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if time.Since(start) < 30*time.Hour {
				return old(n, rw, deliver)
			}
			deliver()
			return nil
		}
		s := &scrapes{}
		w.cfg.TickInterval = time.Minute
		w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
		a := w.run(60*time.Hour + time.Second)
		w.balanced(a)
		tries, now := 0, 0
		for _, at := range w.attempts {
			if at.version() == "2.0.0" {
				now++
				if at.at.Sub(start) < 30*time.Hour {
					tries++
				}
			}
		}
		if tries != 2 || now < 100 {
			t.Errorf("2.0 was tried %d times in 30 hours, and %d requests were 2.0 in all", tries, now)
		}
		if n := w.count("scrape_number"); n != s.n {
			t.Errorf("%d of %d samples arrived", n, s.n)
		}
	})
}

// The first samples may be refused for what they are, and not for how they are
// written: the protocol stays, and the rest arrives.
func TestAgent_ARefusalIsNoReasonToFallBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if w.holds(n, "scrape_number", 2) {
				http.Error(rw, "not this one", http.StatusBadRequest)
				return nil
			}
			deliver()
			return nil
		}
		w.scraped(someSeries)
		a := w.run(time.Minute + 500*time.Millisecond)
		b := a.Status().Remotes[0].Books
		if b.Rejected.Total() != 1 || b.Acknowledged != b.Gathered-1 || b.Imbalance != 0 || b.Pending != 0 {
			t.Errorf("books are %+v, want one sample rejected", b)
		}
		if last := w.attempts[len(w.attempts)-1]; last.version() != "2.0.0" {
			t.Errorf("the last request is of version %s", last.version())
		}
	})
}

// With a fixed 2.0 a receiver that does not know it costs nothing: the remote is
// held until it does.
func TestAgent_HoldsWhereOnly2IsWanted(t *testing.T) {
	for _, status := range []int{204, 415} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				start := time.Now()
				old := knowsOnly1(w, status)
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					if time.Since(start) < 20*time.Minute {
						return old(n, rw, deliver)
					}
					deliver()
					return nil
				}
				s := w.scraped(nil)
				w.cfg.Remotes[0].Protocol = remote.Protocol2
				a := w.run(30*time.Minute + 500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				if n := w.logs.count("the remote is held"); n != 1 {
					t.Errorf("the hold was logged %d times", n)
				}
			})
		})
	}
}

// A receiver of 2.0 tells how much of a refused request it has written, and is
// not asked again.
func TestAgent_BelievesWhatAReceiverSaysItHasWritten(t *testing.T) {
	inWorld(t, func(w *world) {
		taken := 0
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			req, err := w.attempts[n].decode()
			if err != nil {
				return err
			}
			all := 0
			for _, ts := range req.Timeseries {
				all += len(ts.Samples)
			}
			rw.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(all-3))
			http.Error(rw, "3 times: label value too long", http.StatusBadRequest)
			taken += all - 3
			return nil
		}
		w.scraped(someSeries)
		a := w.run(time.Minute + 500*time.Millisecond)
		b := a.Status().Remotes[0].Books
		if len(w.attempts) != 15 || b.Rejected["labels"] != 45 || b.Acknowledged != uint64(taken) || b.Imbalance != 0 || b.Pending != 0 {
			t.Errorf("%d requests, books are %+v, want 15 with 3 samples refused each and %d taken", len(w.attempts), b, taken)
		}
	})
}

// keeper is a receiver that stores the rest of a request of which it refuses
// some, and tells nothing of how much: Thanos, Mimir.
func keeper(w *world, status int, bad func(prompb.TimeSeries, prompb.Sample) string) func(int, http.ResponseWriter, func()) error {
	return func(n int, rw http.ResponseWriter, _ func()) error {
		req, err := w.attempts[n].decode()
		if err != nil {
			return err
		}
		complaint := ""
		for _, ts := range req.Timeseries {
			for _, s := range ts.Samples {
				if words := bad(ts, s); words != "" {
					complaint = words
				} else if words := w.store(ts.Labels, s); words != "" && complaint == "" {
					complaint = words
					if status == http.StatusBadRequest {
						complaint += " (err-mimir-sample-out-of-order)"
					}
				}
			}
		}
		switch {
		case complaint != "":
			http.Error(rw, complaint, status)
		case w.attempts[n].version() == "2.0.0":
			rw.Header().Set("X-Prometheus-Remote-Write-Samples-Written", "1000000")
		}
		return nil
	}
}

// store stores one sample in the database and returns its complaint.
func (w *world) store(ls []prompb.Label, s prompb.Sample) string {
	raw, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{Labels: ls, Samples: []prompb.Sample{s}}}}).Marshal()
	if err != nil {
		w.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/write", bytes.NewReader(snappy.Encode(nil, raw)))
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Content-Encoding", "snappy")
	rec := httptest.NewRecorder()
	w.db.Handler().ServeHTTP(rec, r)
	if rec.Code/100 == 2 {
		return ""
	}
	return rec.Body.String()
}

// What a receiver keeps of a refused request is not taken for refused, though it
// complains about each sample that it is sent again.
func TestAgent_KnowsWhatIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		words    string
		protocol remote.Protocol
	}{
		"Thanos, 1.0": {409, "series have invalid labels", remote.Protocol1},
		"Thanos, 2.0": {409, "series have invalid labels", remote.Protocol2},
		"Mimir, 1.0":  {400, "received a series whose label value length exceeds the limit (err-mimir-label-value-too-long)", remote.Protocol1},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				refused := make(map[string]bool)
				w.network = keeper(w, c.status, func(ts prompb.TimeSeries, s prompb.Sample) string {
					for _, l := range ts.Labels {
						if l.Value == "series_11" {
							refused[fmt.Sprint(s.Timestamp)] = true
							return c.words
						}
					}
					return ""
				})
				s := w.scraped(someSeries)
				w.cfg.Remotes[0].Protocol = c.protocol
				a := w.run(time.Minute + 500*time.Millisecond)
				w.complete(s)
				b := a.Status().Remotes[0].Books
				if b.Rejected.Total() != uint64(len(refused)) || len(refused) != s.n || b.Acknowledged != b.Gathered-uint64(s.n) || b.Imbalance != 0 || b.Pending != 0 {
					t.Errorf("%d samples were refused, books are %+v", len(refused), b)
				}
			})
		})
	}
}

// Where single samples are refused and the rest is kept, never more is counted as
// refused than has been.
func TestAgent_CountsNoKeptSampleAsRefused(t *testing.T) {
	for _, status := range []int{400, 409} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				refused := make(map[string]bool)
				w.network = keeper(w, status, func(ts prompb.TimeSeries, s prompb.Sample) string {
					for _, l := range ts.Labels {
						if strings.HasPrefix(l.Value, "series_1") && s.Timestamp/1000%3 == 0 {
							refused[fmt.Sprint(ts.Labels, s.Timestamp)] = true
							return "a limit is exceeded (err-mimir-something)"
						}
					}
					return ""
				})
				s := w.scraped(someSeries)
				w.cfg.Remotes[0].Protocol = remote.Protocol1
				a := w.run(time.Minute + 500*time.Millisecond)
				w.complete(s)
				b := a.Status().Remotes[0].Books
				if n := b.Rejected.Total(); n == 0 || n > uint64(len(refused)) || b.Imbalance != 0 || b.Pending != 0 {
					t.Errorf("%d samples were refused, books are %+v", len(refused), b)
				}
			})
		})
	}
}

// A receiver that answers 409 without keeping anything loses nothing by what is
// known of those that do.
func TestAgent_DoesNotBelieveThatAllIsKept(t *testing.T) {
	inWorld(t, func(w *world) {
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if w.holds(n, "series_11", 7*11) || w.holds(n, "series_25", 9*25) {
				http.Error(rw, "out of order sample", http.StatusConflict)
				return nil
			}
			deliver()
			return nil
		}
		s := w.scraped(someSeries)
		a := w.run(time.Minute + 500*time.Millisecond)
		w.complete(s)
		b := a.Status().Remotes[0].Books
		if b.Rejected["out_of_order"] != 2 || b.Acknowledged != b.Gathered-2 || b.Imbalance != 0 {
			t.Errorf("books are %+v", b)
		}
		for i := range 30 {
			want := s.n
			if i == 11 || i == 25 {
				want--
			}
			if got := len(w.series(fmt.Sprintf("series_%02d", i))); got != want {
				t.Errorf("%d samples of series %d, want %d", got, i, want)
			}
		}
	})
}

// zstd is tried where it is wanted, and left where it is not understood.
func TestAgent_ZstdFallsBack(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		protocol remote.Protocol
		want     string
	}{
		"415":      {415, remote.ProtocolAuto, "2.0.0"},
		"400":      {400, remote.ProtocolAuto, "2.0.0"},
		"400, 1.0": {400, remote.Protocol1, "0.1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
					if w.attempts[n].header.Get("Content-Encoding") == "zstd" {
						http.Error(rw, "snappy, please", c.status)
						return nil
					}
					deliver()
					return nil
				}
				s := w.scraped(someSeries)
				w.cfg.Remotes[0].Compression = remote.Zstd
				w.cfg.Remotes[0].Protocol = c.protocol
				a := w.run(time.Minute + 500*time.Millisecond)
				w.complete(s)
				w.balanced(a)
				first := w.attempts[0].header
				if first.Get("Content-Encoding") != "zstd" || first.Get("X-VictoriaMetrics-Remote-Write-Version") != "1" || first.Get("X-Prometheus-Remote-Write-Version") != "" {
					t.Errorf("the first request has the headers %v", first)
				}
				for i, at := range w.attempts[1:] {
					if at.version() != c.want || at.header.Get("Content-Encoding") != "snappy" {
						t.Errorf("request %d has the headers %v", i+1, at.header)
					}
				}
			})
		})
	}
}

// Help texts are sent with the first window and once an hour, types always.
func TestAgent_DescribesFamiliesSeldom(t *testing.T) {
	inWorld(t, func(w *world) {
		s := &scrapes{page: someSeries}
		w.cfg.TickInterval = 15 * time.Second
		w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
		w.run(3*time.Hour - 10*time.Minute)
		var at []time.Duration
		for _, a := range w.attempts {
			req, err := proto.DecodeV2(a.body)
			if err != nil {
				t.Fatal(err)
			}
			help, types := 0, 0
			for _, ts := range req.Timeseries {
				if ts.Metadata.HelpRef != 0 {
					help++
				}
				if ts.Metadata.Type != 0 {
					types++
				}
			}
			if types < len(req.Timeseries)*9/10 {
				t.Errorf("%d of %d series have a type", types, len(req.Timeseries))
			}
			if help > 0 {
				at = append(at, a.at.Sub(w.attempts[0].at).Round(10*time.Minute))
			}
		}
		if fmt.Sprint(at) != "[0s 1h0m0s 2h0m0s]" {
			t.Errorf("help texts were sent after %v", at)
		}
	})
}

// A budget is spread over its period, and windows widen to keep within it.
func TestAgent_WidensWindowsForABudget(t *testing.T) {
	bytes := func(w *world) int {
		n := 0
		for _, at := range w.attempts {
			n += len(at.body)
		}
		return n
	}
	day := func(t *testing.T, budget remote.Budget) (requests, size int) {
		inWorld(t, func(w *world) {
			s := &scrapes{page: someSeries}
			w.cfg.TickInterval = 15 * time.Second
			w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
			w.cfg.Remotes[0].Budget = budget
			w.cfg.FlushDeadline = time.Second
			time.Sleep(time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)))
			a := w.run(24*time.Hour - 10*time.Minute)
			b := a.Status().Remotes[0].Books
			if b.Imbalance != 0 || b.Rejected.Total() != 0 || b.Dropped.Total() != 0 || b.Pending > b.Gathered/50 {
				t.Errorf("books are %+v", b)
			}
			requests, size = len(w.attempts), bytes(w)
		})
		return requests, size
	}
	free, all := day(t, remote.Budget{})
	budget := all * 3 / 4
	requests, size := day(t, remote.Budget{Bytes: int64(budget), Period: remote.PerDay})
	t.Logf("%d bytes in %d requests with a budget of %d, %d in %d without", size, requests, budget, all, free)
	if size > budget || requests > free/2 {
		t.Error("the budget was not kept by wider windows")
	}
}

// A rate is kept on average, attempts that fail included.
func TestAgent_KeepsARate(t *testing.T) {
	inWorld(t, func(w *world) {
		const rate = 100
		w.network = func(n int, rw http.ResponseWriter, deliver func()) error {
			if n%2 == 1 {
				rw.WriteHeader(http.StatusInternalServerError)
				return nil
			}
			deliver()
			return nil
		}
		s := w.scraped(someSeries)
		w.cfg.Remotes[0].MaxBytesPerSecond = rate
		w.cfg.FlushDeadline = 24 * time.Hour
		a := w.run(10*time.Minute + 500*time.Millisecond)
		w.complete(s)
		w.balanced(a)
		sum := 0
		for i, at := range w.attempts[:len(w.attempts)-1] {
			sum += len(at.body)
			if next := w.attempts[i+1].at.Sub(w.attempts[0].at).Seconds() * rate; float64(sum) > next+1 {
				t.Fatalf("%d bytes had been sent when %.0f were allowed", sum, next)
			}
		}
	})
}

// Once gathers one tick and delivers it.
func TestAgent_Once(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.scraped(someSeries)
		w.cfg.Once = true
		a := w.run(time.Hour)
		w.complete(s)
		w.balanced(a)
		if s.n != 1 || len(w.attempts) != 1 {
			t.Errorf("%d scrapes and %d requests", s.n, len(w.attempts))
		}
	})
}

// A preview sends nothing, and says what a tick is.
func TestAgent_Preview(t *testing.T) {
	inWorld(t, func(w *world) {
		w.scraped(someSeries)
		p, err := agent.New(w.cfg).Preview(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if p.Samples != 31+5 || p.Series != p.Samples || len(p.Targets) != 1 || p.Targets[0].Samples != p.Samples {
			t.Errorf("got %+v", p)
		}
		r := p.Remotes[0]
		if r.Tick.Samples != p.Samples || r.Tick.Requests != 1 || r.Tick.Bytes == 0 || r.Low <= 0 || r.High < r.Low {
			t.Errorf("got %+v", r)
		}
		if len(w.attempts) != 0 {
			t.Errorf("%d requests were sent", len(w.attempts))
		}
	})
}
