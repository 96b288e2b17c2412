package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/buffer"
)

// ErrHanging is returned for a scrape that was not started because the source
// has still not returned from an earlier one.
var ErrHanging = errors.New("the source still hangs in an earlier scrape")

// Config describes one target.
type Config struct {
	// Number is the Source of the target's blocks.
	Number int
	Source Source
	// Labels are put on every series of the target; among them job and
	// instance.
	Labels labels.Labels
	// External labels are added to series that have no label of the name.
	External labels.Labels
	// Histograms is the form in which histograms are gathered. An HTTP source
	// is told the same.
	Histograms Histograms
	// Timeout is the deadline of one scrape.
	Timeout time.Duration
	Logger  *slog.Logger
}

// Target gathers from one source. Its methods are called by one goroutine at a
// time, but for those of its source.
type Target struct {
	cfg   Config
	pages *pages

	hanging  chan answer // of a source that missed its deadline, nil otherwise
	failures int         // in a row
}

type answer struct {
	page Page
	err  error
}

// New makes a target. It starts nothing.
func New(cfg Config) *Target {
	return &Target{cfg: cfg, pages: newPages(newLabeler(cfg.Labels, cfg.External), cfg.Histograms)}
}

// Gather runs the source once and returns what it yielded, stamped with the
// time at, in milliseconds since the epoch. Each call has a later time than the
// one before, unless the clock was set back. It returns when the source has
// answered, or at the target's timeout, or when ctx is done, whichever is first;
// a source that did not answer in time has failed. The block is the caller's and
// always good; the error says why it holds no page.
func (t *Target) Gather(ctx context.Context, at int64) (buffer.Block, error) {
	start := time.Now()
	page, err := t.collect(ctx, start.Add(t.cfg.Timeout))

	var r report
	b, err := t.pages.block(page, at, &r, err)
	r.duration = time.Since(start)
	v := r.values()
	b.Values = append(b.Values, v[:]...)
	b.Source = t.cfg.Number
	if ctx.Err() == nil { // else it was cut short, which says nothing about the target
		t.note(err)
	}
	return b, err
}

// Close lets go of what the source keeps between scrapes. It is called after the
// last Gather.
func (t *Target) Close() error {
	if c, ok := t.cfg.Source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Discarded tells what of the pages so far broke the rules.
func (t *Target) Discarded() Discarded { return t.pages.stats }

// collect asks the source for a page until a deadline.
func (t *Target) collect(ctx context.Context, deadline time.Time) (Page, error) {
	if s, ok := t.cfg.Source.(punctual); ok {
		return caught(func() (Page, error) { return s.collectBy(ctx, deadline) })
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return t.watch(ctx)
}

// watch asks a source that may hang, unless it still does.
func (t *Target) watch(ctx context.Context) (Page, error) {
	if t.hanging != nil {
		select {
		case <-t.hanging:
			t.hanging = nil
		default:
			return Page{}, ErrHanging
		}
	}
	done := make(chan answer, 1)
	go func() {
		page, err := caught(func() (Page, error) { return t.cfg.Source.Collect(ctx) })
		done <- answer{page, err}
	}()
	select {
	case a := <-done:
		return a.page, a.err
	case <-ctx.Done():
		t.hanging = done
		return Page{}, context.Cause(ctx)
	}
}

// caught makes an error of a source's panic.
func caught(collect func() (Page, error)) (page Page, err error) {
	defer func() {
		if p := recover(); p != nil {
			page, err = Page{}, fmt.Errorf("the source panicked: %v", p)
		}
	}()
	return collect()
}

// note logs when the target begins to fail and when it has recovered.
func (t *Target) note(err error) {
	switch {
	case err == nil && t.failures > 0:
		t.cfg.Logger.Info("target recovered", "target", t.cfg.Labels, "failed_scrapes", t.failures)
		t.failures = 0
	case err != nil:
		if t.failures == 0 {
			t.cfg.Logger.Warn("target failed", "target", t.cfg.Labels, "err", err)
		}
		t.failures++
	}
}
