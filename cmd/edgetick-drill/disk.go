package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// disk is the drill that measures what agents write to disk.
type disk struct {
	*common
	warmup, healthy, outage time.Duration

	stands   stands
	doors    map[*stand]*door
	measured []diskPhase
}

// diskPhase is what all agents wrote in one phase, in the order of the stands.
type diskPhase struct {
	name  string
	marks []diskMark // differences
}

// diskMark is the state of one agent at one moment, or the difference of two.
type diskMark struct {
	at       time.Duration // since the start
	samples  int           // handed out to it
	ticks    float64       // scrapes of each target
	disk     int64         // bytes written, as the kernel counts
	data     int64         // size of the directory
	logBytes float64       // what edgetick says it wrote to its log
	syncs    float64       // and how often it synced
}

func addDisk(app *kingpin.Application, c *common) drill {
	d := &disk{common: c, doors: make(map[*stand]*door)}
	cmd := app.Command("disk", "Measure what each agent writes to disk, while the receiver is there and while it is away. All scrape the same: simulated exporters, and a real node_exporter if there is one.")
	c.addLoad(cmd, loadDefaults{targets: "2", series: "500", interval: "1s"})
	cmd.Flag("node-exporter", "The node_exporter to run; empty for none.").
		Default("prometheus-node-exporter").StringVar(&c.paths.nodeExporter)
	cmd.Flag("warmup", "Phase 1: the agents start, and write what they write once.").Default("10s").DurationVar(&d.warmup)
	cmd.Flag("healthy", "Phase 2: the receiver is there.").Default("60s").DurationVar(&d.healthy)
	cmd.Flag("outage", "Phase 3: the receiver refuses connections.").Default("60s").DurationVar(&d.outage)
	return d.run
}

func (d *disk) run(ctx context.Context) error {
	programs, dir, end, err := d.begin(d.wanted)
	if err != nil {
		return err
	}
	defer end()
	defer func() {
		d.stands.close()
		for _, door := range d.doors {
			door.close()
		}
	}()
	for _, p := range programs {
		s, err := newStand(p, dir, d.load.stage())
		if err != nil {
			return err
		}
		d.stands = append(d.stands, s)
	}
	node, err := d.startNode(dir)
	if err != nil {
		return err
	}
	if node != nil {
		defer node.kill()
	}
	d.say("each: %d exporters of %d series, every %s; an agent's defaults otherwise", d.load.targets, d.load.series, d.load.interval)
	if err := d.phases(ctx); err != nil {
		return err
	}
	d.report()
	return nil
}

// startNode starts a node_exporter, if there is one, and shows its page to all.
func (d *disk) startNode(dir string) (*child, error) {
	if d.paths.nodeExporter == "" {
		return nil, nil
	}
	node, url, err := startNodeExporter(d.paths.nodeExporter, dir)
	if err != nil {
		d.say("note: no node_exporter takes part: %s", err)
		return nil, nil
	}
	m := &mirror{url: url, maxAge: d.load.interval / 2}
	for _, s := range d.stands {
		door, err := openDoor(m)
		if err != nil {
			node.kill()
			return nil, err
		}
		d.doors[s] = door
		s.job.targets = append(s.job.targets, target{"node", "node", door.url()})
	}
	d.say("node_exporter: %s, its pages the same for all", node.cmd.Path)
	return node, nil
}

func (d *disk) phases(ctx context.Context) error {
	began := time.Now()
	before := make([]diskMark, len(d.stands))
	steps := []struct {
		name string
		do   func(*stand) error
		wait time.Duration
	}{
		{"start", func(s *stand) error { return s.untilScraped(ctx, 0) }, d.warmup},
		{"healthy", func(*stand) error { return nil }, d.healthy},
		{"outage", func(s *stand) error { s.sink.down(); return nil }, d.outage},
	}
	if err := d.stands.each(func(s *stand) error { return s.sink.up() }); err != nil {
		return err
	}
	if err := d.stands.start(ctx); err != nil {
		return err
	}
	for _, step := range steps {
		err := d.stands.each(step.do)
		if err == nil {
			err = d.stands.wait(ctx, step.wait)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		phase, err := d.measure(step.name, time.Since(began), before)
		if err != nil {
			return err
		}
		d.measured = append(d.measured, phase)
	}
	return nil
}

// measure makes the phase that ends now. before is the end of the one before it,
// and becomes that of this.
func (d *disk) measure(name string, at time.Duration, before []diskMark) (diskPhase, error) {
	phase := diskPhase{name: name}
	for i, s := range d.stands {
		now, err := d.mark(s, at)
		if err != nil {
			return phase, fmt.Errorf("%s: %s: %w", name, s.program.name, err)
		}
		phase.marks = append(phase.marks, now.minus(before[i]))
		before[i] = now
	}
	return phase, nil
}

func (d *disk) mark(s *stand, at time.Duration) (m diskMark, err error) {
	m.at = at
	pages := s.pages()
	m.ticks = float64(pages) / float64(d.load.targets)
	m.samples = pages * d.load.series
	if door := d.doors[s]; door != nil {
		m.samples += door.served()
	}
	u, err1 := s.usage()
	m.disk = u.disk
	var err2, err3 error
	m.data, err2 = s.dataSize()
	m.logBytes, m.syncs = math.NaN(), math.NaN()
	if s.program.name == edgetickName {
		var own selfMetrics
		own, err3 = readSelfMetrics(s.job.web)
		m.logBytes, m.syncs = own["edgetick_wal_written_bytes_total"], own["edgetick_wal_syncs_total"]
	}
	return m, errors.Join(err1, err2, err3)
}

func (m diskMark) minus(b diskMark) diskMark {
	return diskMark{
		at: m.at - b.at, samples: m.samples - b.samples, ticks: m.ticks - b.ticks,
		disk: m.disk - b.disk, data: m.data - b.data,
		logBytes: m.logBytes - b.logBytes, syncs: m.syncs - b.syncs,
	}
}

// farTick is the tick to which figures are carried over for comparison.
const farTick = 15 * time.Second

func (d *disk) report() {
	t := table{{"", "", "ticks", "samples", "log B/sample", "dir B/sample", "disk B/sample", "disk KiB/tick", "syncs/tick", "disk MiB/h",
		fmt.Sprintf("at %s *", farTick)}}
	for i, s := range d.stands {
		for _, phase := range d.measured {
			t.row(append([]string{s.program.name, phase.name}, phase.marks[i].cells()...)...)
		}
	}
	d.say("")
	d.show(t)
	d.say(`
log    what edgetick says it wrote to its log
dir    growth of the directory, not counting what was removed again
disk   bytes the process caused to be written, in whole pages, as /proc/PID/io counts; the file system's own journal is not in it
start  the first %s, with what is written once: the names of all series. Segments of edgetick's log (4 MiB) and of the others restate them
* disk MiB per hour if a tick every %s wrote as much as one every %s did here. Measured was only the latter. More values change in %s,
  and files synced less often take their pages together: measure with --interval=%s.`,
		d.warmup, farTick, d.load.interval, farTick, farTick)
}

func (m diskMark) cells() []string {
	per := func(v, n float64) string {
		if n == 0 {
			return "-"
		}
		return number(v / n)
	}
	samples, disk, hours := float64(m.samples), float64(m.disk), m.at.Hours()
	return []string{
		number(m.ticks), fmt.Sprint(m.samples),
		per(m.logBytes, samples), per(float64(m.data), samples), per(disk, samples),
		per(disk/1024, m.ticks), per(m.syncs, m.ticks), per(disk/(1<<20), hours),
		per(disk/(1<<20)*float64(time.Hour/farTick), m.ticks),
	}
}
