package node

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// maxMargin bounds the part of the time that Gather keeps for itself. Putting a page together takes milliseconds.
const maxMargin = 250 * time.Millisecond

// Gather runs all collectors side by side and returns their metrics, sorted by name, as node_exporter would serve them:
// always with node_scrape_collector_success for every collector, which is 0 for one that
//
//   - returned an error (what it had sent before stays) or found no data,
//   - panicked (likewise),
//   - was not done in time, or still hangs from an earlier Gather, in which case it was not started. Nothing of it is in
//     the page, and what it yields later is thrown away.
//
// In time means before nine tenths of the time to ctx's deadline have passed, or all but a quarter of a second if that is
// more. Gather does not wait for a collector that it did not start. Without a deadline it waits for as long as ctx lives.
//
// If metrics are inconsistent or duplicated (textfiles can do that), Gather drops those, keeps the first in order of
// collectors' names, and returns everything else together with an error that is a prometheus.MultiError. If ctx is done before
// anything starts, or is cancelled rather than past its deadline, it returns no families and ctx's error: a page cut short by a
// shutdown would look like failures.
//
// The caller owns the families. Their labels and values must not be changed: collectors may share them between pages.
func (c *Collector) Gather(ctx context.Context) ([]*dto.MetricFamily, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.quiet.nextPage()
	results := make(chan *run, len(c.subs)) // Has room for late ones too, so that they do not block for ever.
	started := 0
	for _, s := range c.subs {
		if s.start(results) {
			started++
		}
	}
	if err := wait(ctx, results, started); err != nil {
		for _, s := range c.subs {
			s.run.abandoned.Store(true)
		}
		return nil, err
	}
	return c.assemble()
}

// wait takes the results of n runs until the time is up. It returns an error if ctx was cancelled.
func wait(ctx context.Context, results <-chan *run, n int) error {
	var cutoff <-chan time.Time
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		t := time.NewTimer(left - min(left/10, maxMargin))
		defer t.Stop()
		cutoff = t.C
	}
	for ; n > 0; n-- {
		select {
		case r := <-results:
			r.received = true
			continue
		case <-cutoff:
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return ctx.Err()
			}
		}
		takeReady(results)
		return nil
	}
	return nil
}

// takeReady takes the results that are there: select may choose the end of the time although some are.
func takeReady(results <-chan *run) {
	for {
		select {
		case r := <-results:
			r.received = true
		default:
			return
		}
	}
}

// assemble makes the page of what is there and notes who failed.
func (c *Collector) assemble() ([]*dto.MetricFamily, error) {
	now := time.Now()
	for _, s := range c.subs {
		metrics, took, err := s.outcome(now)
		s.note(c.logger, now, err)
		c.page.parts = append(c.page.parts, metrics)
		if c.reportDuration {
			c.page.own = append(c.page.own, prometheus.MustNewConstMetric(
				durationDesc, prometheus.GaugeValue, took.Seconds(), s.name))
		}
		if err == nil {
			c.page.own = append(c.page.own, s.success[1])
		} else {
			c.page.own = append(c.page.own, s.success[0])
		}
	}
	defer c.page.clear()
	return c.registry.Gather()
}

// page hands the metrics of one Gather to the registry, which checks them and sorts them into families. One page serves
// all gatherings, so that the registry is built once. Its own metrics go first, so that no textfile can pass off others.
type page struct {
	parts [][]prometheus.Metric
	own   []prometheus.Metric
}

// Describe describes nothing, which tells the registry not to expect a fixed set of metrics.
func (p *page) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (p *page) Collect(ch chan<- prometheus.Metric) {
	for _, m := range p.own {
		ch <- m
	}
	for _, part := range p.parts {
		for _, m := range part {
			ch <- m
		}
	}
}

// clear forgets the metrics but keeps the room.
func (p *page) clear() {
	clear(p.parts)
	p.parts = p.parts[:0]
	clear(p.own)
	p.own = p.own[:0]
}
