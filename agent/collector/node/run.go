package node

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/node_exporter/collector"
)

// The two families about the collectors themselves, word for word node_exporter's, which does not export them.
var (
	durationDesc = prometheus.NewDesc("node_scrape_collector_duration_seconds",
		"node_exporter: Duration of a collector scrape.", []string{"collector"}, nil)
	successDesc = prometheus.NewDesc("node_scrape_collector_success",
		"node_exporter: Whether a collector succeeded.", []string{"collector"}, nil)
)

// errTimeout is the outcome of a run that was not done in time.
var errTimeout = errors.New("not done in time")

// panicError is the outcome of a run that panicked.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// sub is one of node_exporter's collectors. All but busy belongs to the Gather under way.
type sub struct {
	name      string
	collector collector.Collector
	success   [2]prometheus.Metric // node_scrape_collector_success 0 and 1

	busy  atomic.Bool // while a run is under way, be it an abandoned one
	run   *run        // the latest
	size  int         // how many metrics the last complete run had
	fault fault
}

// fault is what has been wrong with a collector since it last succeeded.
type fault struct {
	kind  string // "" for nothing
	since time.Time
	count int
}

func newSub(name string, c collector.Collector) *sub {
	s := &sub{name: name, collector: c}
	for v := range s.success {
		s.success[v] = prometheus.MustNewConstMetric(successDesc, prometheus.GaugeValue, float64(v), name)
	}
	return s
}

// run is one execution of a collector.
type run struct {
	sub       *sub
	begin     time.Time
	received  bool        // by Gather; before that the fields below belong to the run's goroutines
	abandoned atomic.Bool // set when nobody will receive it

	metrics []prometheus.Metric
	took    time.Duration
	err     error
}

// start begins a run whose end is sent to results, unless the previous one is still under way. Two goroutines serve it,
// because a collector may send any number of metrics and must not block, nor have them mixed with later ones.
func (s *sub) start(results chan<- *run) bool {
	if s.busy.Load() {
		return false
	}
	s.busy.Store(true)
	r := &run{sub: s, begin: time.Now()}
	s.run = r
	// A little room lets the two goroutines take longer turns.
	ch := make(chan prometheus.Metric, min(s.size, 128)+1)
	go r.update(ch)
	go r.drain(ch, s.size, results)
	return true
}

// endMark is the last thing in a run's channel. Closing the channel instead would let a goroutine that a panicking
// collector left behind bring the whole program down.
type endMark struct{ prometheus.Metric }

var end prometheus.Metric = &endMark{}

func (r *run) update(ch chan<- prometheus.Metric) {
	defer func() {
		if p := recover(); p != nil {
			r.err = &panicError{value: p, stack: debug.Stack()}
		}
		r.took = time.Since(r.begin)
		ch <- end
	}()
	r.err = r.sub.collector.Update(ch)
}

// drain collects size metrics or more and reports the end of the run. An abandoned run's metrics do not pile up.
func (r *run) drain(ch <-chan prometheus.Metric, size int, results chan<- *run) {
	metrics := make([]prometheus.Metric, 0, size)
	for m := range ch {
		switch {
		case m == end:
			r.metrics = metrics
			r.sub.busy.Store(false)
			results <- r
			return
		case r.abandoned.Load():
			metrics = nil
		case m != nil:
			metrics = append(metrics, m)
		}
	}
}

// outcome returns what the latest run has yielded, how long it took (until now if it goes on), and its error: errTimeout
// for one that was not received.
func (s *sub) outcome(now time.Time) (metrics []prometheus.Metric, took time.Duration, err error) {
	r := s.run
	if !r.received {
		r.abandoned.Store(true)
		return nil, now.Sub(r.begin), errTimeout
	}
	s.size = len(r.metrics)
	return r.metrics, r.took, r.err
}

// note logs when a collector begins to fail, when it fails in another way, and when it recovers. Having no data is neither.
func (s *sub) note(logger *slog.Logger, now time.Time, err error) {
	if collector.IsNoDataError(err) {
		return
	}
	if err == nil {
		if s.fault.kind != "" {
			logger.Info("node collector recovered", "collector", s.name,
				"failures", s.fault.count, "duration", now.Sub(s.fault.since).Round(time.Millisecond))
			s.fault = fault{}
		}
		return
	}
	if s.fault.kind == "" {
		s.fault.since = now
	}
	s.fault.count++
	kind, args := describe(err)
	if kind != s.fault.kind {
		s.fault.kind = kind
		logger.Error("node collector "+kind, append([]any{"collector", s.name}, args...)...)
	}
}

// describe returns the kind of a failure and what to log with it.
func describe(err error) (kind string, args []any) {
	var p *panicError
	switch {
	case errors.Is(err, errTimeout):
		return "timed out", nil
	case errors.As(err, &p):
		return "panicked", []any{"err", err, "stack", string(p.stack)}
	default:
		return "failed", []any{"err", err}
	}
}
