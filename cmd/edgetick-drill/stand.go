package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// load is what each agent has to scrape.
type load struct {
	targets  int
	series   int
	interval time.Duration
}

// stage is the load of simulated exporters.
func (l load) stage() stage { return l.stageOf(simulated(l.series)) }

// stageOf is that of exporters that all have the same book.
func (l load) stageOf(b *book) stage {
	g := stage{interval: l.interval}
	for range l.targets {
		g.books = append(g.books, b)
	}
	return g
}

// stage is what an agent finds: exporters and a receiver.
type stage struct {
	books    []*book // an exporter for each
	pages    int     // that each hands out at most, 0 for any number
	interval time.Duration
	record   bool          // remember all that comes
	take     func(message) // or do this with it
	accepts  accepts
	settings settings
}

// stand is one agent with exporters, a receiver and a directory of its own.
type stand struct {
	program   program
	job       job
	exporters []*exporter
	sink      *sink
	recorder  *recorder // nil if what comes is counted only
	child     *child    // nil while it does not run
	companion *child    // node_exporter, where the agent needs one
	crash     crash     // the last
}

// newStand makes a stand in a new directory below dir. The exporters answer, the
// sink is away, the agent does not run yet.
func newStand(p program, dir string, g stage) (s *stand, err error) {
	s = &stand{program: p, job: job{interval: g.interval, settings: g.settings}}
	defer func() {
		if err != nil {
			s.close()
			err = fmt.Errorf("%s: %w", p.name, err)
		}
	}()
	if s.job.dir, err = os.MkdirTemp(dir, p.name+"-"); err != nil {
		return nil, err
	}
	for i, b := range g.books {
		e, err := startExporter(b, g.pages)
		if err != nil {
			return nil, err
		}
		s.exporters = append(s.exporters, e)
		s.job.targets = append(s.job.targets, target{"drill", instance(i), e.url()})
	}
	if s.job.web, err = freeAddress(); err != nil {
		return nil, err
	}
	return s, s.addSink(g)
}

func (s *stand) addSink(g stage) (err error) {
	if g.record {
		s.recorder = newRecorder()
		g.take = s.recorder.take
	}
	if s.sink, err = newSink(g.accepts, g.take); err == nil {
		s.job.write = s.sink.url()
	}
	return err
}

func instance(i int) string { return fmt.Sprintf("target-%d", i) }

// close ends everything, at once.
func (s *stand) close() {
	for _, c := range []*child{s.child, s.companion} {
		if c != nil {
			c.kill()
		}
	}
	for _, e := range s.exporters {
		e.close()
	}
	if s.sink != nil {
		s.sink.down()
	}
}

// start starts the agent, and again after it was killed.
func (s *stand) start() error {
	args, err := s.program.args(s.job)
	if err != nil {
		return err
	}
	args = append(args, s.program.extra...)
	s.child, err = startChild(s.program.path, args, filepath.Join(s.job.dir, "log"))
	return err
}

// patience is how long an agent may take to start, and to end.
const patience = 90 * time.Second

// untilReady waits until the agent answers.
func (s *stand) untilReady(ctx context.Context) error {
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err := s.child.check(); err != nil {
			return err
		}
		if answer, err := client.Get("http://" + s.job.web + s.program.ready); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s does not answer %s", s.program.name, s.program.ready)
}

// untilScraped waits until the agent has taken a page from each exporter since
// there were so many.
func (s *stand) untilScraped(ctx context.Context, before int) error {
	for end := time.Now().Add(patience); s.pages() < before+len(s.exporters); {
		if time.Now().After(end) {
			return fmt.Errorf("%s does not scrape", s.program.name)
		}
		if err := (stands{s}).wait(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// measure takes the agent through a whole life: it starts, is watched after a
// warm-up, and stops when what it was given last has settled.
func (s *stand) measure(ctx context.Context, warmup time.Duration, watch, settle func() error) error {
	all := stands{s}
	for _, step := range []func() error{
		s.sink.up,
		func() error { return all.start(ctx) },
		func() error { return s.untilScraped(ctx, 0) },
		func() error { return all.wait(ctx, warmup) },
		watch,
		func() error { return all.pause(ctx) },
		settle,
		s.stop,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// kill ends the agent as a crash does.
func (s *stand) kill() {
	s.crash.sent = time.Now()
	s.child.kill()
	s.crash.ended = time.Now()
	s.child = nil
}

// stop ends the agent as an operator does.
func (s *stand) stop() error {
	c := s.child
	s.child = nil
	return c.stop(patience)
}

// usage is what the agent has taken, and its companion with it.
func (s *stand) usage() (usage, error) {
	u, err := readUsage(s.child.pid(), time.Now())
	if err != nil || s.companion == nil {
		return u, err
	}
	c, err := readUsage(s.companion.pid(), u.at)
	return u.plus(c), err
}

// dataSize is the size of what the agent keeps on disk.
func (s *stand) dataSize() (int64, error) { return dirSize(s.program.data(s.job)) }

// sources are the targets as their exporters know them.
func (s *stand) sources() (list []source) {
	for i, e := range s.exporters {
		list = append(list, source{instance(i), s.job.interval, e.book, e.pages()})
	}
	return list
}

// pages is the number of pages handed out so far.
func (s *stand) pages() (n int) {
	for _, e := range s.exporters {
		n += len(e.pages())
	}
	return n
}

// account compares what came with what was handed out.
func (s *stand) account() (account, error) { return s.recorder.account(s.sources()) }
