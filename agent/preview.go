package agent

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/buffer"
)

// Preview is what one tick yields and would cost to send.
type Preview struct {
	Targets []TargetPreview
	Series  int
	Samples int
	Remotes []RemotePreview
}

// TargetPreview is what one target yielded.
type TargetPreview struct {
	Job, Instance, Source string
	Samples               int
	Histograms            int // of the samples
	Exemplars             int
	Took                  time.Duration
	Err                   error // why the target is down
}

// RemotePreview is what sending to one remote would cost.
type RemotePreview struct {
	Name, URL string
	PackTicks int
	Tick      remote.Preview // the tick alone
	// Low and High bound the bytes of request bodies a day, if no value ever
	// changed and if each changed with every tick.
	Low, High int64
}

// Preview gathers one tick and works out what would be sent, without sending or
// storing anything. It is called instead of Run.
func (a *Agent) Preview(ctx context.Context) (Preview, error) {
	var p Preview
	if a.err != nil {
		return p, a.err
	}
	tick := &buffer.Tick{Seq: 1, Time: time.Now().UnixMilli()}
	for i, t := range a.loop.targets {
		start := time.Now()
		b, err := t.Gather(ctx, tick.Time)
		if ctx.Err() != nil {
			return p, context.Cause(ctx)
		}
		p.Targets = append(p.Targets, a.previewTarget(a.cfg.Targets[i], b, time.Since(start), err))
		tick.Blocks = append(tick.Blocks, b)
		p.Series += seriesIn(&b)
		t.Close()
	}
	p.Samples = tick.Samples()
	for _, cfg := range a.cfg.Remotes {
		r, err := a.previewRemote(cfg, tick)
		if err != nil {
			return p, fmt.Errorf("remote %s: %w", cfg.Name, err)
		}
		p.Remotes = append(p.Remotes, r)
	}
	return p, nil
}

func (a *Agent) previewTarget(cfg Target, b buffer.Block, took time.Duration, err error) TargetPreview {
	t := TargetPreview{Job: cfg.Job, Instance: cfg.Instance, Source: cfg.describe(),
		Samples: b.Samples(), Exemplars: len(b.Exemplars), Took: took, Err: err}
	for _, x := range b.Extra {
		if x.Histogram != "" {
			t.Histograms++
		}
	}
	return t
}

func seriesIn(b *buffer.Block) int {
	seen := make(map[string]bool)
	for _, x := range b.Extra {
		seen[x.Series.Labels] = true
	}
	if b.Layout != nil {
		for _, s := range b.Layout.Series {
			seen[s.Labels] = true
		}
	}
	return len(seen)
}

// previewRemote packs the tick alone, and packTicks of its like twice over: with
// the same values, and with others each time.
func (a *Agent) previewRemote(cfg remote.Config, tick *buffer.Tick) (RemotePreview, error) {
	r := RemotePreview{Name: cfg.Name, URL: remote.Hidden(cfg.URL), PackTicks: cfg.PackTicks}
	var err error
	if r.Tick, err = remote.NewPreview(cfg, []*buffer.Tick{tick}); err != nil {
		return r, err
	}
	perDay := float64(24*time.Hour) / float64(a.cfg.TickInterval) / float64(cfg.PackTicks)
	for _, way := range []struct {
		bytes  *int64
		change func(v float64, i, n int) float64
	}{
		{&r.Low, func(v float64, _, _ int) float64 { return v }},
		{&r.High, changed},
	} {
		p, err := remote.NewPreview(cfg, a.later(tick, cfg.PackTicks, way.change))
		if err != nil {
			return r, err
		}
		*way.bytes = int64(float64(p.Bytes-p.Described)*perDay) + int64(24*p.Described)
	}
	return r, nil
}

// changed is the value of series number i, n ticks after it was v: a counter
// counts on, anything else changes in its last digits as well.
func changed(v float64, i, n int) float64 {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return v + float64(n*(1+i%1000))
	}
	return v * (1 + float64(n*(1+i%1000))*1e-5)
}

// later is n ticks like t, at the agent's interval.
func (a *Agent) later(t *buffer.Tick, n int, change func(v float64, i, n int) float64) []*buffer.Tick {
	var window []*buffer.Tick
	for k := range n {
		step := int64(k) * a.cfg.TickInterval.Milliseconds()
		next := &buffer.Tick{Seq: t.Seq + uint64(k), Time: t.Time + step}
		for _, b := range t.Blocks {
			c := b
			c.Time += step
			c.Exemplars = nil // these are seldom new
			c.Values = make([]float64, len(b.Values))
			for i, v := range b.Values {
				c.Values[i] = change(v, i, k)
			}
			c.Extra = make([]buffer.Sample, len(b.Extra))
			for i, x := range b.Extra {
				x.Time += step
				c.Extra[i] = x
			}
			next.Blocks = append(next.Blocks, c)
		}
		window = append(window, next)
	}
	return window
}
