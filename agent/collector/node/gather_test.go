package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/node_exporter/collector"
)

// fake is a collector made of its Update.
type fake func(ch chan<- prometheus.Metric) error

func (f fake) Update(ch chan<- prometheus.Metric) error { return f(ch) }

// gauge is a metric named for its collector.
func gauge(name string, value float64, labels ...string) prometheus.Metric {
	var names []string
	for i := range labels {
		names = append(names, fmt.Sprintf("l%d", i))
	}
	return prometheus.MustNewConstMetric(prometheus.NewDesc(name, "Help.", names, nil), prometheus.GaugeValue, value, labels...)
}

// good yields one metric.
func good(name string) collector.Collector {
	return fake(func(ch chan<- prometheus.Metric) error {
		ch <- gauge(name, 1)
		return nil
	})
}

// fixture is a Collector of fakes and its log.
type fixture struct {
	*Collector
	log *bytes.Buffer
}

func newFixture(cfg Config, fakes map[string]collector.Collector) fixture {
	log := &bytes.Buffer{}
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	return fixture{newCollector(cfg, newQuietHandler(cfg.Logger), fakes), log}
}

// gather gathers with ten seconds' time and returns the page and how long it took.
func (f fixture) gather(t *testing.T) (page string, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	begin := time.Now()
	families, err := f.Gather(ctx)
	if err != nil {
		t.Errorf("Gather: %v", err)
	}
	return format(families), time.Since(begin)
}

// logged fails the test unless the log has exactly these messages since the last call.
func (f fixture) logged(t *testing.T, messages ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(f.log.String()) {
		_, msg, _ := strings.Cut(line, "msg=")
		got = append(got, strings.TrimSpace(msg))
	}
	if len(got) != len(messages) {
		t.Fatalf("logged %q, want %q", got, messages)
	}
	for i := range got {
		if !strings.HasPrefix(got[i], messages[i]) {
			t.Errorf("logged %q, want %q", got[i], messages[i])
		}
	}
	f.log.Reset()
}

func TestCollector_Page(t *testing.T) {
	f := newFixture(Config{}, map[string]collector.Collector{"b": good("node_b"), "a": good("node_a")})
	if got := fmt.Sprint(f.Names()); got != "[a b]" {
		t.Errorf("Names() = %s", got)
	}
	page, _ := f.gather(t)
	want := `# HELP node_a Help.
# TYPE node_a gauge
node_a 1
# HELP node_b Help.
# TYPE node_b gauge
node_b 1
# HELP node_scrape_collector_success node_exporter: Whether a collector succeeded.
# TYPE node_scrape_collector_success gauge
node_scrape_collector_success{collector="a"} 1
node_scrape_collector_success{collector="b"} 1
`
	if page != want {
		t.Errorf("page:\n%s\nwant:\n%s", page, want)
	}
	f.logged(t)
}

func TestCollector_None(t *testing.T) {
	f := newFixture(Config{}, nil)
	if page, _ := f.gather(t); page != "" {
		t.Errorf("page without collectors:\n%s", page)
	}
}

func TestCollector_ManyMetrics(t *testing.T) {
	n := 10
	f := newFixture(Config{}, map[string]collector.Collector{"many": fake(func(ch chan<- prometheus.Metric) error {
		for i := range n {
			ch <- gauge("node_many", float64(i), fmt.Sprint(i))
		}
		return nil
	})})
	for _, n = range []int{10, 5000, 3, 0, 200} {
		page, _ := f.gather(t)
		if got := strings.Count(page, "node_many{"); got != n {
			t.Errorf("got %d metrics of %d", got, n)
		}
	}
}

func TestCollector_Hung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts, done atomic.Int32
		release := make(chan struct{})
		f := newFixture(Config{ReportDuration: true}, map[string]collector.Collector{
			"good": good("node_good"),
			"hung": fake(func(ch chan<- prometheus.Metric) error {
				n := starts.Add(1)
				ch <- gauge("node_hung", float64(n), "early")
				if n == 1 {
					<-release
				}
				for i := range 1000 { // more than any channel holds
					ch <- gauge("node_hung", float64(n), fmt.Sprint(i))
				}
				done.Add(1)
				return nil
			}),
		})

		// The first gathering waits, but not to the very end, and has all but what hangs.
		page, took := f.gather(t)
		if took != 10*time.Second-maxMargin {
			t.Errorf("the first gathering took %v", took)
		}
		has(t, page, "node_good 1",
			`node_scrape_collector_success{collector="good"} 1`, `node_scrape_collector_success{collector="hung"} 0`,
			`node_scrape_collector_duration_seconds{collector="good"} 0`,
			`node_scrape_collector_duration_seconds{collector="hung"} 9.75`)
		lacks(t, page, "node_hung")
		f.logged(t, `"node collector timed out" collector=hung`)

		// While it hangs, nobody waits for it, starts it or speaks of it.
		for range 3 {
			time.Sleep(time.Minute) // the bubble's clock
			page, took := f.gather(t)
			if took != 0 {
				t.Errorf("gathering beside a hung collector took %v", took)
			}
			has(t, page, "node_good 1", `node_scrape_collector_success{collector="hung"} 0`)
			lacks(t, page, "node_hung")
		}
		if n := starts.Load(); n != 1 {
			t.Errorf("the hung collector was started %d times", n)
		}
		f.logged(t)

		// What it yields when it returns is thrown away, and then all is well.
		close(release)
		synctest.Wait()
		if done.Load() != 1 {
			t.Fatal("the abandoned run did not end")
		}
		if n := len(f.subs[1].run.metrics); n != 0 {
			t.Errorf("the abandoned run has kept %d metrics", n)
		}
		page, _ = f.gather(t)
		has(t, page, `node_hung{l0="early"} 2`, `node_hung{l0="999"} 2`, `node_scrape_collector_success{collector="hung"} 1`)
		if n := strings.Count(page, "node_hung{"); n != 1001 {
			t.Errorf("%d metrics, want 1001", n)
		}
		f.logged(t, `"node collector recovered" collector=hung failures=4 duration=3m0s`)
	})
}

func TestCollector_Slow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var delay atomic.Int64 // seconds
		f := newFixture(Config{}, map[string]collector.Collector{"slow": fake(func(ch chan<- prometheus.Metric) error {
			d := delay.Load()
			time.Sleep(time.Duration(d) * time.Second)
			ch <- gauge("node_slow", float64(d))
			return nil
		})})
		delay.Store(8)
		page, took := f.gather(t)
		if took != 8*time.Second {
			t.Errorf("took %v, want 8s", took)
		}
		has(t, page, "node_slow 8")

		// It ends too late for one page and is not in the next.
		delay.Store(12)
		page, _ = f.gather(t)
		lacks(t, page, "node_slow")
		time.Sleep(5 * time.Second)
		delay.Store(1)
		page, _ = f.gather(t)
		has(t, page, "node_slow 1")
	})
}

func TestCollector_ShortDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		f := newFixture(Config{}, map[string]collector.Collector{"hung": hangs(release)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := f.Gather(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 900*time.Millisecond {
			t.Errorf("took %v of a second", took)
		}
	})
}

func hangs(release <-chan struct{}) collector.Collector {
	return fake(func(chan<- prometheus.Metric) error {
		<-release
		return nil
	})
}

func TestCollector_Cancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var started atomic.Int32
		f := newFixture(Config{}, map[string]collector.Collector{
			"good": good("node_good"),
			"hung": fake(func(chan<- prometheus.Metric) error {
				started.Add(1)
				<-release
				return nil
			}),
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(time.Hour, cancel) // without a deadline it waits
		for range 2 {                     // the second time the context is done from the start
			if families, err := f.Gather(ctx); !errors.Is(err, context.Canceled) || families != nil {
				t.Errorf("Gather = %v, %v", families, err)
			}
		}
		f.logged(t)
		if n := started.Load(); n != 1 {
			t.Errorf("started %d times", n)
		}
		close(release)
		synctest.Wait()
		page, _ := f.gather(t)
		has(t, page, `node_scrape_collector_success{collector="hung"} 1`)
	})
}

func TestCollector_Concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, calls atomic.Int32
		f := newFixture(Config{}, map[string]collector.Collector{"one": fake(func(ch chan<- prometheus.Metric) error {
			if running.Add(1) > 1 {
				t.Error("a collector runs twice at once")
			}
			time.Sleep(time.Second)
			running.Add(-1)
			ch <- gauge("node_one", float64(calls.Add(1)))
			return nil
		})})
		for range 5 {
			go func() {
				page, _ := f.gather(t)
				has(t, page, `node_scrape_collector_success{collector="one"} 1`)
			}()
		}
		time.Sleep(10 * time.Second)
		if n := calls.Load(); n != 5 {
			t.Errorf("%d runs, want 5", n)
		}
		// Waiting for one's turn ends with one's context.
		go f.gather(t)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := f.Gather(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Gather out of turn: %v", err)
		}
		time.Sleep(time.Minute)
	})
}

func TestCollector_Failures(t *testing.T) {
	var next error
	f := newFixture(Config{}, map[string]collector.Collector{
		"good": good("node_good"),
		"bad": fake(func(ch chan<- prometheus.Metric) error {
			ch <- gauge("node_bad", 1)
			if next != nil && next.Error() == "panic" {
				panic("at the disco")
			}
			return next
		}),
	})
	failed, panics := errors.New("no such file"), errors.New("panic")
	for i, step := range []struct {
		err     error
		success int
		logs    []string
	}{
		{nil, 1, nil},
		{failed, 0, []string{`"node collector failed" collector=bad err="no such file"`}},
		{failed, 0, nil},
		{errors.New("other"), 0, nil},
		{nil, 1, []string{`"node collector recovered" collector=bad failures=3`}},
		{nil, 1, nil},
		{collector.ErrNoData, 0, nil},
		{panics, 0, []string{`"node collector panicked" collector=bad err="panic: at the disco" stack="goroutine`}},
		{panics, 0, nil},
		{collector.ErrNoData, 0, nil},
		{failed, 0, []string{`"node collector failed" collector=bad`}},
		{nil, 1, []string{`"node collector recovered" collector=bad failures=3`}},
	} {
		next = step.err
		page, _ := f.gather(t)
		has(t, page, "node_good 1", "node_bad 1", `node_scrape_collector_success{collector="good"} 1`,
			fmt.Sprintf(`node_scrape_collector_success{collector="bad"} %d`, step.success))
		f.logged(t, step.logs...)
		if t.Failed() {
			t.Fatalf("in step %d", i)
		}
	}
}

// What the collectors log themselves is news if it was not in the page before.
func TestCollector_Complaints(t *testing.T) {
	var f fixture
	complain := true
	f = newFixture(Config{}, map[string]collector.Collector{"a": fake(func(chan<- prometheus.Metric) error {
		if complain {
			slog.New(f.quiet).Error("broken")
		}
		return nil
	})})
	for _, step := range []struct {
		complain bool
		logs     []string
	}{{true, []string{"broken"}}, {true, nil}, {true, nil}, {false, nil}, {true, []string{"broken"}}} {
		complain = step.complain
		f.gather(t)
		f.logged(t, step.logs...)
	}
}

// A panic must not turn into a crash of the program when the collector's own goroutines go on sending.
func TestCollector_PanicWithStragglers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Config{}, map[string]collector.Collector{"bad": fake(func(ch chan<- prometheus.Metric) error {
			go func() {
				time.Sleep(time.Second)
				ch <- gauge("node_late", 1)
			}()
			panic("early")
		})})
		f.gather(t)
		time.Sleep(2 * time.Second)
		page, _ := f.gather(t)
		lacks(t, page, "node_late")
		time.Sleep(2 * time.Second)
	})
}

func TestCollector_Inconsistent(t *testing.T) {
	f := newFixture(Config{}, map[string]collector.Collector{
		"a": fake(func(ch chan<- prometheus.Metric) error {
			ch <- gauge("node_twice", 1)
			ch <- gauge("node_fine", 1)
			return nil
		}),
		"b": fake(func(ch chan<- prometheus.Metric) error {
			ch <- nil
			ch <- gauge("node_twice", 2)
			ch <- gauge("node_fine", 2, "x")
			ch <- prometheus.NewInvalidMetric(prometheus.NewDesc("node_invalid", "Help.", nil, nil), errors.New("invalid"))
			ch <- prometheus.MustNewConstMetric(successDesc, prometheus.GaugeValue, 7, "a")
			return nil
		}),
	})
	for range 2 {
		families, err := f.Gather(t.Context())
		var errs prometheus.MultiError
		if !errors.As(err, &errs) || len(errs) != 3 {
			t.Errorf("error %v", err)
		}
		page := format(families)
		has(t, page, "node_twice 1", "node_fine 1", `node_fine{l0="x"} 2`,
			`node_scrape_collector_success{collector="a"} 1`, `node_scrape_collector_success{collector="b"} 1`)
		lacks(t, page, "node_invalid", "node_twice 2", " 7\n")
	}
}

// At the end of the time all that is there must be taken, whatever select chooses.
func TestWait_TakesWhatIsThere(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	const n = 100
	results := make(chan *run, n)
	runs := make([]run, n)
	for i := range runs {
		results <- &runs[i]
	}
	if err := wait(ctx, results, n+1); err != nil {
		t.Fatal(err)
	}
	for i := range runs {
		if !runs[i].received {
			t.Errorf("result %d of %d was not taken", i, n)
		}
	}
}
