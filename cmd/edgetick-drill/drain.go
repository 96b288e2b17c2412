package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// drain is the drill that measures how fast edgetick delivers a backlog.
type drain struct {
	*common
	gather  time.Duration
	after   time.Duration
	nominal time.Duration
	check   bool
	restart bool
	keepOn  bool
	runs    int
}

func addDrain(app *kingpin.Application, c *common) drill {
	d := &drain{common: c}
	cmd := app.Command("drain", "Let edgetick gather a backlog while the receiver is down, bring the receiver back, and measure how fast and in how much memory the backlog is delivered.")
	c.addLoad(cmd, loadDefaults{targets: "10", series: "1000", interval: "100ms"})
	cmd.Flag("gather", "How long to gather the backlog.").Default("60s").DurationVar(&d.gather)
	cmd.Flag("after", "How long after the drain to look at memory again.").Default("5s").DurationVar(&d.after)
	cmd.Flag("nominal", "The interval at which the same would be gathered in earnest, for the ratio of rates.").Default("1s").DurationVar(&d.nominal)
	cmd.Flag("check", "Keep all requests, and compare every sample after the drain. Without it they are counted only.").BoolVar(&d.check)
	cmd.Flag("restart", "Kill edgetick with SIGKILL between gathering and draining, and start it again.").BoolVar(&d.restart)
	cmd.Flag("keep-gathering", "Go on gathering during the drain. Without it the exporters hand out nothing then.").BoolVar(&d.keepOn)
	addRuns(cmd, &d.runs, "Runs; the table has a column for each, and the medians.")
	return d.run
}

// drained is what one run found out.
type drained struct {
	before, gathered, start, end, later usage
	backlog                             float64 // samples pending when the receiver came back
	settled                             float64 // samples acknowledged in the drain
	size                                int64   // of the log
	took                                time.Duration
	traffic                             traffic
	account                             *account // nil if not checked
	gatherSamples                       int
	crash                               crash // none without --restart
}

func (d *drain) run(ctx context.Context) error {
	var all []drained
	for i := range d.runs {
		r, err := d.once(ctx, i == 0)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	d.report(all)
	return judgeDrain(all)
}

func (d *drain) once(ctx context.Context, first bool) (r drained, err error) {
	quiet := *d.common
	if !first {
		quiet.out = io.Discard
	}
	quiet.edgetickFlags = append([]string{"--remote-write.max-backoff=1s"}, d.edgetickFlags...)
	programs, dir, end, err := quiet.begin([]string{edgetickName})
	if err != nil {
		return r, err
	}
	defer end()
	quiet.say("gathering for %s: %d exporters of %d series, every %s; --remote-write.max-backoff=1s, defaults otherwise\n",
		d.gather, d.load.targets, d.load.series, d.load.interval)
	g := d.load.stage()
	g.record = d.check
	s, err := newStand(programs[0], dir, g)
	if err != nil {
		return r, err
	}
	defer s.close()
	for _, step := range []func(context.Context, *stand, *drained) error{d.fill, d.empty, d.finish} {
		if err := step(ctx, s, &r); err != nil {
			return r, err
		}
	}
	if d.check {
		var a account
		a, err = s.account()
		r.account = &a
	}
	return r, err
}

// finish ends edgetick, which delivers what it still has.
func (d *drain) finish(ctx context.Context, s *stand, _ *drained) error {
	if err := (stands{s}).pause(ctx); err != nil {
		return err
	}
	return s.stop()
}

// fill gathers the backlog.
func (d *drain) fill(ctx context.Context, s *stand, r *drained) (err error) {
	if err := (stands{s}).start(ctx); err != nil {
		return err
	}
	if r.before, err = s.usage(); err != nil {
		return err
	}
	if err := (stands{s}).wait(ctx, d.gather); err != nil {
		return err
	}
	if !d.keepOn {
		if err := (stands{s}).pause(ctx); err != nil {
			return err
		}
	}
	if r.gathered, err = s.usage(); err != nil {
		return err
	}
	r.gatherSamples = s.pages() * d.load.series
	r.size, err = s.dataSize()
	if err != nil || !d.restart {
		return err
	}
	s.kill()
	r.crash = s.crash
	return stands{s}.start(ctx)
}

// empty brings the receiver back and waits until the backlog is delivered.
func (d *drain) empty(ctx context.Context, s *stand, r *drained) error {
	own, err := readSelfMetrics(s.job.web)
	if err != nil {
		return err
	}
	r.backlog = own[pendingMetric]
	acknowledged := own[acknowledgedMetric]
	if err := resetPeak(s.child.pid()); err != nil {
		return err
	}
	s.sink.restart()
	if err := s.sink.up(); err != nil {
		return err
	}
	// Until the first request comes the agent only waits.
	for s.sink.seen().first.IsZero() {
		if err := (stands{s}).wait(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	if r.start, err = s.usage(); err != nil {
		return err
	}
	if own, err = d.untilEmpty(ctx, s, acknowledged+r.backlog); err != nil {
		return err
	}
	if r.end, err = s.usage(); err != nil {
		return err
	}
	r.traffic = s.sink.seen()
	r.took = r.traffic.last.Sub(r.traffic.first)
	r.settled = own[acknowledgedMetric] - acknowledged
	if err := (stands{s}).wait(ctx, d.after); err != nil {
		return err
	}
	r.later, err = s.usage()
	return err
}

const (
	pendingMetric      = "edgetick_samples_pending"
	gatheredMetric     = "edgetick_samples_gathered_total"
	acknowledgedMetric = "edgetick_samples_acknowledged_total"
	rejectedMetric     = "edgetick_samples_rejected_total"
	droppedMetric      = "edgetick_samples_dropped_total"
	lookEvery          = 100 * time.Millisecond
)

// untilEmpty waits until edgetick's ledger says that the backlog is settled. The
// rest, less than a window in step, is not waited for.
func (d *drain) untilEmpty(ctx context.Context, s *stand, want float64) (selfMetrics, error) {
	inStep := float64(4 * d.load.targets * d.load.series)
	if !d.keepOn {
		inStep = float64(10 * d.load.targets * 4)
	}
	for {
		own, err := readSelfMetrics(s.job.web)
		if err != nil || own[acknowledgedMetric] >= want-inStep {
			return own, err
		}
		if err := (stands{s}).wait(ctx, lookEvery); err != nil {
			return nil, err
		}
	}
}

// judgeDrain holds edgetick to its promises.
func judgeDrain(all []drained) (err error) {
	for _, r := range all {
		if r.account != nil {
			err = errors.Join(err, r.account.judge(r.account.missingAt(r.crash)))
		}
	}
	return err
}

func (d *drain) report(all []drained) {
	head := []string{""}
	for i := range all {
		head = append(head, fmt.Sprintf("run %d", i+1))
	}
	if len(all) > 1 {
		head = append(head, "median")
	}
	t := table{head}
	for _, q := range d.quantities() {
		row, values := []string{q.name}, []float64(nil)
		for _, r := range all {
			v := q.of(r)
			values = append(values, v)
			row = append(row, number(v))
		}
		if len(all) > 1 {
			row = append(row, number(median(values)))
		}
		t.row(row...)
	}
	d.show(t)
}

// quantity is a line of the drain's table.
type quantity struct {
	name string
	of   func(drained) float64
}

func (d *drain) quantities() []quantity {
	perSecond := float64(d.load.targets*d.load.series) / d.nominal.Seconds()
	list := []quantity{
		{"backlog, samples", func(r drained) float64 { return r.backlog }},
		{"  on disk, MiB", func(r drained) float64 { return mib(r.size) }},
		{"  on disk, bytes per sample", func(r drained) float64 { return float64(r.size) / r.backlog }},
		{"gathered, samples per second", func(r drained) float64 {
			return float64(r.gatherSamples) / r.gathered.at.Sub(r.before.at).Seconds()
		}},
		{"  CPU us per sample", func(r drained) float64 { return micros(r.before, r.gathered) / float64(r.gatherSamples) }},
		{"drained in seconds", func(r drained) float64 { return r.took.Seconds() }},
		{"  samples per second", drained.rate},
		{fmt.Sprintf("  times as fast as gathered every %s", d.nominal), func(r drained) float64 { return r.rate() / perSecond }},
		{"  CPU us per sample", func(r drained) float64 { return micros(r.start, r.end) / r.settled }},
		{"  CPU, of one core", func(r drained) float64 {
			return micros(r.start, r.end) / float64(r.end.at.Sub(r.start.at).Microseconds())
		}},
		{"  requests", func(r drained) float64 { return float64(r.traffic.requests) }},
		{"  samples per request", func(r drained) float64 { return r.settled / float64(r.traffic.requests) }},
		{"  bytes per sample on the wire", func(r drained) float64 { return float64(r.traffic.bytes) / r.settled }},
		{"memory after start, MiB", func(r drained) float64 { return mib(r.before.rss) }},
		{"  gathering, at the end", func(r drained) float64 { return mib(r.gathered.rss) }},
		{"  gathering, peak", func(r drained) float64 { return mib(r.gathered.peak) }},
		{"  draining, at the end", func(r drained) float64 { return mib(r.end.rss) }},
		{"  draining, peak", func(r drained) float64 { return mib(r.end.peak) }},
		{fmt.Sprintf("  %s later", d.after), func(r drained) float64 { return mib(r.later.rss) }},
	}
	if !d.check {
		return list
	}
	return append(list,
		quantity{"checked: samples handed out", func(r drained) float64 { return float64(r.account.samples) }},
		quantity{givenUpTitle, func(r drained) float64 { return float64(r.account.givenUp) }},
		quantity{"  missing", func(r drained) float64 { return float64(r.account.missing) }},
		quantity{"  wrong value", func(r drained) float64 { return float64(r.account.wrong) }},
		quantity{"  duplicates, identical", func(r drained) float64 { return float64(r.account.identical) }},
		quantity{"  duplicates, other value", func(r drained) float64 { return float64(r.account.different) }},
		quantity{"  out of order", func(r drained) float64 { return float64(r.account.disorder) }},
	)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// micros is the CPU time between two moments.
func micros(a, b usage) float64 { return float64((b.cpu - a.cpu).Microseconds()) }

// rate is the speed of the drain in samples per second.
func (r drained) rate() float64 { return r.settled / r.took.Seconds() }
