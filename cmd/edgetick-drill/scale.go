package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// scale is the drill that shows whether a sample costs the same however many
// there are.
type scale struct {
	*common
	sizes                   []int
	page                    int
	interval                time.Duration
	warmup, measure, settle time.Duration
	receiveV2               bool
}

func addScale(app *kingpin.Application, c *common) drill {
	d := &scale{common: c}
	cmd := app.Command("scale", "Measure what a sample costs edgetick with few series and with many, how late its ticks are beside a bare ticker, and check every sample.")
	cmd.Flag("series", "Series to gather. Repeatable; one after the other.").
		Default("1000", "10000", "100000", "1200000").IntsVar(&d.sizes)
	cmd.Flag("page", "Most series on one page: there are as many exporters as that takes.").Default("100000").IntVar(&d.page)
	cmd.Flag("interval", "Time between scrapes.").Default("1s").DurationVar(&d.interval)
	cmd.Flag("warmup", "Before the measuring.").Default("15s").DurationVar(&d.warmup)
	cmd.Flag("measure", "How long to measure.").Default("60s").DurationVar(&d.measure)
	cmd.Flag("settle", "At most so long for what is still on the way afterwards.").Default("60s").DurationVar(&d.settle)
	cmd.Flag("receive-v2", "The receiver understands remote write 2.0, too.").BoolVar(&d.receiveV2)
	cmd.Validate(d.validate)
	return d.run
}

func (d *scale) validate(*kingpin.CmdClause) error {
	for _, n := range d.sizes {
		if n < 2 {
			return fmt.Errorf("--series: %d is out of range, want 2 or more", n)
		}
	}
	switch {
	case d.page < 2:
		return fmt.Errorf("--page: %d is out of range, want 2 or more", d.page)
	case d.interval < 10*time.Millisecond:
		return fmt.Errorf("--interval: %s is out of range, want 10ms or more", d.interval)
	}
	return nil
}

func (d *scale) run(ctx context.Context) error {
	programs, dir, end, err := d.begin([]string{edgetickName})
	if err != nil {
		return err
	}
	defer end()
	d.say("flags beside the defaults: %s", cmp.Or(strings.Join(d.edgetickFlags, " "), "none"))
	var all []scaled
	var errs []error
	for _, size := range d.sizes {
		r := scaled{layout: layoutOf(size, d.page)}
		d.say("%d series every %s, on %d pages of %d", r.layout.series(), d.interval, r.layout.targets, r.layout.page)
		if err := d.once(ctx, programs[0], dir, &r); err != nil {
			return err
		}
		all = append(all, r)
		errs = append(errs, r.account.judge(0))
	}
	d.report(all)
	return errors.Join(errs...)
}

// layout is how series are spread over exporters, the number of each page among
// them.
type layout struct{ targets, page int }

// layoutOf spreads at least so many series over pages of at most so many.
func layoutOf(series, most int) layout {
	targets := (series + most - 1) / most
	return layout{targets, (series + targets - 1) / targets}
}

func (l layout) series() int { return l.targets * l.page }

func (l layout) books() (list []*book) {
	for i := range l.targets {
		list = append(list, newBook(newPlate(i*(l.page-1), l.page-1).append))
	}
	return list
}

// scaled is what was found out with one number of series.
type scaled struct {
	measured
	layout layout

	before, after, settled selfMetrics
	own                    time.Duration // CPU of this process meanwhile
	seen                   lateness      // of the ticks, as the exporters saw them
	bare                   lateness      // of a bare ticker
}

// once measures one number of series.
func (d *scale) once(ctx context.Context, p program, dir string, r *scaled) error {
	came := newTally(r.layout.targets, r.layout.page-1)
	s, err := newStand(p, dir, stage{
		books: r.layout.books(), interval: d.interval, take: came.take, accepts: accepts{v2: d.receiveV2},
	})
	if err != nil {
		return err
	}
	defer s.close()
	err = s.measure(ctx, d.warmup,
		func() error { return r.watch(ctx, s, d.measure) },
		func() error { return r.settle(ctx, s, came, d.settle) })
	if err != nil {
		return err
	}
	r.account, r.weight = came.result(s.sources())
	r.envelope = s.sink.envelope()
	return nil
}

// watch measures the agent for a time, this process, and a bare ticker beside.
func (r *scaled) watch(ctx context.Context, s *stand, long time.Duration) error {
	bare, err := startPulse(s.job.dir, s.job.interval)
	if err != nil {
		return err
	}
	defer bare.kill()
	began, err1 := cpuTime(os.Getpid())
	var err2, err3 error
	r.before, err2 = readSelfMetrics(s.job.web)
	err = r.measured.watch(ctx, s, long)
	r.after, err3 = readSelfMetrics(s.job.web)
	ended, err4 := cpuTime(os.Getpid())
	if err := errors.Join(err, err1, err2, err3, err4); err != nil {
		return err
	}
	r.own = ended - began
	r.seen = latenessOf(s.sources(), s.job.interval, r.start.at, r.end.at)
	r.ticks = len(r.seen)
	r.samples = r.layout.page * handedIn(s.sources(), r.start.at, r.end.at)
	r.bare, err = readPulse(bare.log)
	return err
}

// settle waits until all that was handed out has come, at most so long, and reads
// what edgetick says of it.
func (r *scaled) settle(ctx context.Context, s *stand, came *tally, most time.Duration) error {
	err := stands{s}.until(ctx, most, func() (bool, error) {
		a, _ := came.result(s.sources())
		return a.missing == 0, nil
	})
	if err == nil {
		r.settled, err = readSelfMetrics(s.job.web)
	}
	return err
}

// handedIn is the number of pages handed out in a span of time.
func handedIn(sources []source, from, to time.Time) (n int) {
	for _, s := range sources {
		for _, at := range s.handed {
			if !at.Before(from) && !at.After(to) {
				n++
			}
		}
	}
	return n
}
