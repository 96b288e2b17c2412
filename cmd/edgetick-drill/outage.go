package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// outage is the drill in which the receiver goes away and agents are killed.
type outage struct {
	*common
	healthy, down, stopped, downAgain, back, settle time.Duration
	runs                                            int

	stands stands
	times  outageTimes
}

func addOutage(app *kingpin.Application, c *common) drill {
	o := &outage{common: c}
	cmd := app.Command("outage", "Take the receiver away, kill the agents with SIGKILL and start them again, bring the receiver back, and tell what became of every sample.")
	c.addLoad(cmd, loadDefaults{targets: "2", series: "500", interval: "1s"})
	phase := func(d *time.Duration, name, byDefault, help string) {
		cmd.Flag(name, help).Default(byDefault).DurationVar(d)
	}
	phase(&o.healthy, "healthy", "10s", "Phase 1: the receiver is there.")
	phase(&o.down, "down", "10s", "Phase 2: the receiver refuses connections. At its end the agents are killed.")
	phase(&o.stopped, "stopped", "3s", "Phase 3: no agent runs.")
	phase(&o.downAgain, "down-again", "10s", "Phase 4: the agents run again, the receiver still refuses connections.")
	phase(&o.back, "back", "10s", "Phase 5: the receiver is there again.")
	phase(&o.settle, "settle", "45s", "Phase 6: exporters hand out nothing more; at most so long for what is still on the way. Then the agents are stopped with SIGTERM.")
	addRuns(cmd, &o.runs, "Runs; after several come the medians.")
	return o.run
}

func (o *outage) run(ctx context.Context) error {
	var agents [][]verdict
	var errs []error
	for i := range o.runs {
		verdicts, err := o.once(ctx, i == 0)
		if err != nil {
			return err
		}
		var single [][]verdict
		for k, v := range verdicts {
			if i == 0 {
				agents = append(agents, nil)
			}
			agents[k] = append(agents[k], v)
			single = append(single, []verdict{v})
		}
		o.say("\nrun %d of %d", i+1, o.runs)
		o.show(outageTable(single))
		errs = append(errs, judgeOutage(verdicts))
	}
	if o.runs > 1 {
		o.say("\nmedians of %d runs", o.runs)
		o.show(outageTable(agents))
	}
	return errors.Join(errs...)
}

// once is one run of the drill.
func (o *outage) once(ctx context.Context, first bool) ([]verdict, error) {
	quiet := *o.common
	if !first {
		quiet.out = io.Discard
	}
	programs, dir, end, err := quiet.begin(o.wanted)
	if err != nil {
		return nil, err
	}
	defer end()
	o.stands = nil
	defer func() { o.stands.close() }()
	g := o.load.stage()
	g.record = true
	for _, p := range programs {
		s, err := newStand(p, dir, g)
		if err != nil {
			return nil, err
		}
		o.stands = append(o.stands, s)
	}
	quiet.say("each: %d exporters of %d series, every %s; an agent's defaults otherwise", o.load.targets, o.load.series, o.load.interval)
	quiet.say("phases: healthy %s, receiver down %s, SIGKILL, stopped %s, running with the receiver down %s, receiver back %s, settling up to %s, SIGTERM",
		o.healthy, o.down, o.stopped, o.downAgain, o.back, o.settle)
	if err := o.phases(ctx); err != nil {
		return nil, err
	}
	return o.verdicts()
}

func (o *outage) verdicts() (list []verdict, err error) {
	err = o.stands.each(func(s *stand) error {
		v, err := evidence{
			name: s.program.name, recorder: s.recorder, sources: s.sources(), traffic: s.sink.seen(),
			interval: o.load.interval, times: o.times, crash: s.crash,
		}.verdict()
		list = append(list, v)
		return err
	})
	return list, err
}

func (o *outage) phases(ctx context.Context) error {
	up := func(s *stand) error { return s.sink.up() }
	ready := func(s *stand) error { return s.untilReady(ctx) }
	steps := []struct {
		what string
		do   func(*stand) error
		at   *time.Time
		wait time.Duration
	}{
		{"receiver up", up, nil, 0},
		{"agents started", (*stand).start, nil, 0},
		{"agents ready", ready, nil, 0},
		{"first scrapes", func(s *stand) error { return s.untilScraped(ctx, 0) }, nil, o.healthy},
		{"receiver down", func(s *stand) error { s.sink.down(); return nil }, &o.times.wentDown, o.down},
		{"agents killed", func(s *stand) error { s.kill(); return nil }, nil, o.stopped},
		{"agents started again", (*stand).start, nil, 0},
		{"agents ready again", ready, nil, o.downAgain},
		{"receiver back", up, &o.times.cameBack, o.back},
	}
	for _, step := range steps {
		if step.at != nil {
			*step.at = time.Now()
		}
		if err := o.stands.each(step.do); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if err := o.stands.wait(ctx, step.wait); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return o.settled(ctx)
}

// settled waits until all has arrived, or until the time is up, and ends the
// agents.
func (o *outage) settled(ctx context.Context) error {
	if err := o.stands.pause(ctx); err != nil {
		return err
	}
	if err := o.stands.settle(ctx, o.settle); err != nil {
		return err
	}
	return o.stands.each((*stand).stop)
}
