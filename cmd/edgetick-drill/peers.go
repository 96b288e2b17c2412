package main

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// peers is the drill that measures agents as processes.
type peers struct {
	*common
	scenario                string
	warmup, measure, settle time.Duration
	runs                    int
	receiveV2               bool

	calibrations []float64 // milliseconds
	floors       []float64 // CPU microseconds per sample
}

// Scenarios.
const (
	simulatedScenario = "simulated"
	pagesScenario     = "pages"
	nodeScenario      = "node"
)

func addPeers(app *kingpin.Application, c *common) drill {
	p := &peers{common: c}
	cmd := app.Command("peers", "Measure what each agent takes as a process while all is well: CPU, memory, disk and wire. One agent runs at a time; the runs take turns.")
	c.addLoad(cmd, loadDefaults{targets: "10", series: "1000", interval: "1s"})
	cmd.Flag("scenario", "What to gather. simulated: --targets exporters of --series each. pages: --targets exporters, each with captured pages of a node_exporter. node: the host's own metrics, edgetick by itself, the others from a node_exporter, whose costs are theirs.").
		Default(simulatedScenario).EnumVar(&p.scenario, simulatedScenario, pagesScenario, nodeScenario)
	cmd.Flag("node-exporter", "The node_exporter to run in the scenario node.").
		Default("prometheus-node-exporter").StringVar(&c.paths.nodeExporter)
	cmd.Flag("warmup", "Before the measuring.").Default("10s").DurationVar(&p.warmup)
	cmd.Flag("measure", "How long to measure.").Default("60s").DurationVar(&p.measure)
	cmd.Flag("settle", "At most so long for what is still on the way afterwards.").Default("45s").DurationVar(&p.settle)
	cmd.Flag("receive-v2", "The receiver understands remote write 2.0, too.").BoolVar(&p.receiveV2)
	addRuns(cmd, &p.runs, "Runs of each agent; the table holds the medians.")
	return p.run
}

func (p *peers) run(ctx context.Context) error {
	var agents [][]measured
	var errs []error
	for i := range p.runs {
		run, err := p.once(ctx, i)
		if err != nil {
			return err
		}
		if agents == nil {
			agents = make([][]measured, len(run))
		}
		for k, m := range run {
			agents[k] = append(agents[k], m)
		}
		errs = append(errs, judgePeers(run))
	}
	p.report(agents)
	return errors.Join(errs...)
}

// once measures all agents, beginning with another one in each run.
func (p *peers) once(ctx context.Context, turn int) ([]measured, error) {
	quiet := *p.common
	if turn > 0 {
		quiet.out = io.Discard
	}
	programs, dir, end, err := quiet.begin(p.wanted)
	if err != nil {
		return nil, err
	}
	defer end()
	quiet.say("each: %s, every %s, measured for %s after %s; an agent's defaults otherwise", p.gathered(), p.load.interval, p.measure, p.warmup)
	run := make([]measured, len(programs))
	for i := range programs {
		k := (i + turn) % len(programs)
		if run[k], err = p.agent(ctx, programs[k], dir); err != nil {
			return nil, err
		}
	}
	if p.scenario == simulatedScenario {
		bare, err := p.measureFloor(ctx, dir)
		if err != nil {
			return nil, err
		}
		p.floors = append(p.floors, bare)
	}
	return run, nil
}

// agent measures one agent once.
func (p *peers) agent(ctx context.Context, program program, dir string) (m measured, err error) {
	took, _ := calibrate()
	p.calibrations = append(p.calibrations, float64(took.Microseconds())/1000)
	s, err := p.stand(program, dir)
	if err != nil {
		return m, err
	}
	defer s.close()
	err = s.measure(ctx, p.warmup,
		func() error { return m.watch(ctx, s, p.measure) },
		func() error { return stands{s}.settle(ctx, p.settle) })
	if err != nil {
		return m, err
	}
	return m, m.count(s)
}

func (p *peers) stand(program program, dir string) (*stand, error) {
	g := p.load.stage()
	switch p.scenario {
	case pagesScenario:
		books, err := capturedBooks(p.pagesDir, "node")
		if err != nil {
			return nil, err
		}
		for i := range g.books {
			g.books[i] = books[0]
		}
	case nodeScenario:
		g.books = nil
		g.settings.host = true
	}
	g.record, g.accepts = true, accepts{v2: p.receiveV2}
	s, err := newStand(program, dir, g)
	if err == nil && g.settings.host && program.name != edgetickName {
		err = s.addNodeExporter(p.paths.nodeExporter)
	}
	return s, err
}

// measured is what was found out about one agent in one run.
type measured struct {
	name       string
	start, end usage
	rss, pss   []float64 // MiB, each second
	samples    int       // of the time measured
	ticks      int
	weight     weight
	envelope   float64 // bytes that HTTP adds to each request
	account    account
}

// lookAtMemory is how often memory is looked at.
const lookAtMemory = time.Second

// watch measures a process for a time.
func (m *measured) watch(ctx context.Context, s *stand, long time.Duration) (err error) {
	m.name = s.label()
	if m.start, err = s.usage(); err != nil {
		return err
	}
	for end := m.start.at.Add(long); err == nil && time.Now().Before(end); {
		if err = (stands{s}).wait(ctx, min(lookAtMemory, time.Until(end))); err != nil {
			return err
		}
		m.end, err = s.usage()
		m.rss = append(m.rss, mib(m.end.rss))
		m.pss = append(m.pss, mib(m.end.pss))
	}
	return err
}

// count enters what came.
func (m *measured) count(s *stand) (err error) {
	m.weigh(s)
	m.account, err = s.account()
	return err
}

// weigh enters how much came, and what that weighs.
func (m *measured) weigh(s *stand) {
	from, to := m.start.at.UnixMilli(), m.end.at.UnixMilli()-1
	m.samples, m.ticks = s.recorder.between(from, to)
	m.weight, m.envelope = s.recorder.weigh(from, to), s.sink.envelope()
}

// judgePeers holds edgetick to its promises.
func judgePeers(run []measured) (err error) {
	for _, m := range run {
		if m.name == edgetickName {
			err = errors.Join(err, m.account.judge(0))
		}
	}
	return err
}

// micros is the CPU time per sample.
func (m measured) micros() float64 { return micros(m.start, m.end) / math.Max(float64(m.samples), 1) }
