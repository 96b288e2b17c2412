package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// wire is the drill that measures what a sample takes on the wire.
type wire struct {
	*common
	sets   []string
	ticks  int
	settle time.Duration
}

// Sets of pages.
const (
	capturedSet  = "captured"
	simulatedSet = "simulated"
)

func addWire(app *kingpin.Application, c *common) drill {
	w := &wire{common: c}
	cmd := app.Command("wire", "Measure the bytes that a sample takes on the wire, edgetick with both protocols and several widths of windows, and check that every sample arrived exactly. All agents run at the same time and are shown the same pages.")
	c.addLoad(cmd, loadDefaults{targets: "3", series: "500", interval: "1s"})
	cmd.Flag("pages", "What is on the pages: captured from real exporters, or simulated as --targets and --series say. Repeatable; by default one after the other.").
		Default(capturedSet, simulatedSet).EnumsVar(&w.sets, capturedSet, simulatedSet)
	cmd.Flag("ticks", "Pages that each exporter hands out; a multiple of 20 fills all windows.").Default("60").IntVar(&w.ticks)
	cmd.Flag("settle", "At most so long for what is still on the way after the last page.").Default("45s").DurationVar(&w.settle)
	cmd.Validate(func(*kingpin.CmdClause) error {
		if w.ticks < 1 {
			return fmt.Errorf("--ticks: %d is out of range, want 1 or more", w.ticks)
		}
		return nil
	})
	return w.run
}

func (w *wire) run(ctx context.Context) error {
	programs, dir, end, err := w.begin(w.wanted)
	if err != nil {
		return err
	}
	defer end()
	var errs []error
	for _, set := range w.sets {
		rows, err := w.measure(ctx, programs, dir, set)
		if err != nil {
			return err
		}
		w.say("")
		w.show(wireTable(rows))
		errs = append(errs, judgeWire(rows))
	}
	w.say(`
protocol   what was received, and so is the compression
ticks      ticks packed into one request; peers send each scrape by itself
body       bytes of request bodies, compressed, per sample in them
with HTTP  the same with all that HTTP adds in both directions, but not TCP
ratio      body, as a share of prometheus's with 1.0
exact      samples on the pages that arrived once, with every bit of the value, in order
Bytes are those of the requests that hold nothing later than the last page, with what agents add of their own: up, and the type, unit and help of families.`)
	return errors.Join(errs...)
}

// measure lets all agents scrape one set of pages to its end.
func (w *wire) measure(ctx context.Context, programs []program, dir, set string) (rows []weighed, err error) {
	books, err := w.books(set)
	if err != nil {
		return nil, err
	}
	var all stands
	defer func() { all.close() }()
	for _, p := range programs {
		for _, v := range p.variants() {
			s, err := newStand(p, dir, stage{
				books: books, pages: w.ticks, interval: w.load.interval, record: true, settings: v,
				accepts: accepts{v2: true, zstd: true},
			})
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	if err := w.scrape(ctx, all); err != nil {
		return nil, err
	}
	err = all.each(func(s *stand) error {
		row, err := weighStand(s)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

func (w *wire) books(set string) ([]*book, error) {
	if set == simulatedSet {
		w.say("\nsimulated pages: %d exporters of %d series, every %s, %d times", w.load.targets, w.load.series, w.load.interval, w.ticks)
		return w.load.stage().books, nil
	}
	w.say("\ncaptured pages of node_exporter, prometheus and victoria-metrics, taken every 15s, replayed every %s, %d of them", w.load.interval, w.ticks)
	return capturedBooks(w.pagesDir, "node", "prometheus", "victoria")
}

// scrape runs the agents until they have sent all pages. They start one after
// the other: all at once, they would keep each other from their first page.
func (w *wire) scrape(ctx context.Context, all stands) error {
	err := all.each(func(s *stand) error {
		if err := s.sink.up(); err != nil {
			return err
		}
		if err := (stands{s}).start(ctx); err != nil {
			return err
		}
		return s.untilScraped(ctx, 0)
	})
	if err != nil {
		return err
	}
	for all.pages() < w.ticks*len(all)*len(all[0].exporters) {
		if err := all.wait(ctx, w.load.interval); err != nil {
			return err
		}
	}
	if err := all.settle(ctx, w.settle); err != nil {
		return err
	}
	return all.each((*stand).stop)
}

// weighed is what a drill found out about one agent and its settings.
type weighed struct {
	name     string
	settings settings
	weight   weight
	envelope float64 // bytes that HTTP adds to each request
	account  account
}

func weighStand(s *stand) (weighed, error) {
	a, err := s.account()
	return weighed{
		name: s.program.name, settings: s.job.settings, account: a,
		weight: s.recorder.weigh(math.MinInt64, s.recorder.newest()), envelope: s.sink.envelope(),
	}, err
}

// body is the bytes of bodies per sample.
func (w weight) body() float64 { return float64(w.bytes) / float64(w.samples) }

// withHTTP is the bytes per sample with what HTTP adds to each request.
func (w weight) withHTTP(envelope float64) float64 {
	return w.body() + envelope*float64(w.messages)/float64(w.samples)
}

func wireTable(rows []weighed) table {
	base := math.NaN()
	for _, r := range rows {
		if r.name == prometheusName && r.weight.protocol == "1.0" {
			base = r.weight.body()
		}
	}
	t := table{{"agent", "protocol", "compression", "ticks", "samples per TimeSeries", "bytes per sample: body", "with HTTP", "ratio", "samples", "exact"}}
	for _, r := range rows {
		w, ticks := r.weight, "-"
		if r.settings.packTicks > 0 {
			ticks = fmt.Sprint(r.settings.packTicks)
		}
		t.row(r.name, w.protocol, w.encoding, ticks,
			number(float64(w.samples)/float64(w.entries)), number(w.body()), number(w.withHTTP(r.envelope)), number(w.body()/base),
			fmt.Sprint(r.account.samples), r.account.exactness())
	}
	return t
}

// exactness tells in one cell whether all came as it was handed out.
func (a account) exactness() string {
	if a.judge(0) == nil && a.identical == 0 && a.givenUp == 0 {
		return "all"
	}
	return fmt.Sprintf("%d missing, %d wrong, %d twice, %d late, %d pages given up", a.absent(), a.wrong, a.identical+a.different, a.disorder, a.givenUp)
}

// absent is what is missing and did not come with a wrong value either.
func (a account) absent() int { return max(a.missing-a.wrong, 0) }

// judgeWire holds edgetick to saving bytes by nothing but packing.
func judgeWire(rows []weighed) (err error) {
	for _, r := range rows {
		if r.name == edgetickName {
			err = errors.Join(err, r.account.judge(0))
		}
	}
	return err
}
