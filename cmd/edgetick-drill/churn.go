package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// churn is the drill that shows whether edgetick stays as it is while series come
// and go.
type churn struct {
	*common
	part                    float64
	every                   time.Duration
	warmup, measure, settle time.Duration
	tolerance               float64
}

func addChurn(app *kingpin.Application, c *common) drill {
	d := &churn{common: c}
	cmd := app.Command("churn", "Replace a part of all series again and again, watch edgetick's memory and CPU over time, and check every sample and every stale marker.")
	c.addLoad(cmd, loadDefaults{targets: "10", series: "1000", interval: "1s"})
	cmd.Flag("churn", "Part of the series that is replaced at once.").Default("0.1").Float64Var(&d.part)
	cmd.Flag("churn-interval", "Time between two replacements.").Default("60s").DurationVar(&d.every)
	cmd.Flag("warmup", "Before the measuring. Memory first grows with what the log holds between two restatements of all series, 120 ticks.").Default("150s").DurationVar(&d.warmup)
	cmd.Flag("measure", "How long to measure.").Default("15m").DurationVar(&d.measure)
	cmd.Flag("settle", "At most so long for what is still on the way afterwards.").Default("45s").DurationVar(&d.settle)
	cmd.Flag("tolerance", "How much more memory the last third may take than the first, as a part of it.").Default("0.1").Float64Var(&d.tolerance)
	cmd.Validate(d.validate)
	return d.run
}

func (d *churn) validate(*kingpin.CmdClause) error {
	switch {
	case !(d.part > 0 && d.part <= 1):
		return fmt.Errorf("--churn: %v is out of range, want more than 0 and at most 1", d.part)
	case d.every <= 0:
		return fmt.Errorf("--churn-interval: %s is out of range, want more than 0s", d.every)
	case d.measure < 3*spanLength:
		return fmt.Errorf("--measure: %s is out of range, want %s or more", d.measure, 3*spanLength)
	}
	return nil
}

// spanLength is how often edgetick is asked for its own metrics, which takes
// time of its own.
const spanLength = 10 * time.Second

// span is a part of the time measured.
type span struct {
	measured
	own selfMetrics // at its end
}

// churned is what the drill found out.
type churned struct {
	spans   []span
	account account
	endings endings
	series  int // that there ever were
}

func (d *churn) run(ctx context.Context) error {
	programs, dir, end, err := d.begin([]string{edgetickName})
	if err != nil {
		return err
	}
	defer end()
	t := d.turnover()
	d.say("%d exporters of %d series, every %s; %d of each are replaced every %s, measured for %s after %s",
		d.load.targets, d.load.series, d.load.interval, t.part, time.Duration(t.after)*d.load.interval, d.measure, d.warmup)
	g := d.load.stageOf(newBook(t.append))
	g.record = true
	s, err := newStand(programs[0], dir, g)
	if err != nil {
		return err
	}
	defer s.close()
	var r churned
	err = s.measure(ctx, d.warmup,
		func() error { return r.watch(ctx, s, int(d.measure/spanLength)) },
		func() error { return stands{s}.settle(ctx, d.settle) })
	if err != nil {
		return err
	}
	if err := r.count(s); err != nil {
		return err
	}
	d.report(r)
	return d.judge(r)
}

func (d *churn) turnover() turnover {
	return turnover{
		places: d.load.series - 1,
		part:   max(int(math.Round(d.part*float64(d.load.series))), 1),
		after:  max(int(d.every/d.load.interval), 1),
	}
}

// watch measures the agent span by span.
func (r *churned) watch(ctx context.Context, s *stand, spans int) (err error) {
	for range spans {
		var p span
		if err := p.measured.watch(ctx, s, spanLength); err != nil {
			return err
		}
		if p.own, err = readSelfMetrics(s.job.web); err != nil {
			return err
		}
		r.spans = append(r.spans, p)
	}
	return nil
}

// count enters what came.
func (r *churned) count(s *stand) (err error) {
	for i := range r.spans {
		r.spans[i].weigh(s)
	}
	var err2 error
	r.account, err = s.account()
	r.endings, err2 = s.recorder.endings(s.sources())
	for _, src := range s.sources() {
		t, err3 := src.book.truth(len(src.handed))
		r.series += len(t.columns)
		err2 = errors.Join(err2, err3)
	}
	return errors.Join(err, err2)
}

// judge holds edgetick to its promises, and to staying as it is.
func (d *churn) judge(r churned) error {
	first, last := r.thirds()[0], r.thirds()[2]
	errs := []error{
		r.account.judge(0),
		broken(r.endings.expected-r.endings.once, "series that ended without exactly one stale marker in time"),
		broken(r.endings.other, "stale markers out of place"),
		broken(int(seriesAt(last)-seriesAt(first)), "series more than at first"),
	}
	if grown := rssOf(last)/rssOf(first) - 1; grown > d.tolerance {
		errs = append(errs, fmt.Errorf("%w: memory grows, by %.1f %% from the first third to the last", errBroken, 100*grown))
	}
	return errors.Join(errs...)
}
