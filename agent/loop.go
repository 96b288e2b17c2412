package agent

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/buffer"
)

// loop is the one goroutine that owns the ticker and the open tick. It never
// waits for anything but the next thing to happen.
type loop struct {
	schedule schedule
	targets  []*target
	journal  *journal.Journal
	remotes  []*remote.Remote
	metrics  *metrics
	status   *status
	log      *slog.Logger

	epoch   time.Time // of the monotonic clock
	open    *buffer.Tick
	running int           // targets whose blocks have not been taken
	blocks  chan result   // of targets, in the order in which they came
	out     atomic.Int64  // running targets whose blocks are not among these
	allIn   chan struct{} // the last of them is
	seq     uint64        // of the last tick committed
	end     uint64        // samples in all ticks committed
	ahead   bool          // the wall clock was set back and has not caught up
	orphans orphans
	follows bool // the next tick is the first after another life's
}

// target is a collector.Target as the loop sees it.
type target struct {
	*collector.Target
	every int64 // beats

	index   int        // in Config.Targets
	beats   chan int64 // of which the target is to gather: their timestamps
	running bool
	number  int64 // of the beat at which it last was due
	counted collector.Discarded
}

type result struct {
	target *target
	block  buffer.Block
	err    error // for which the target is down
}

func newLoop(a *Agent, targets []*target) *loop {
	return &loop{
		schedule: schedule{interval: a.cfg.TickInterval},
		targets:  targets,
		journal:  a.journal,
		remotes:  a.remotes,
		status:   newStatus(a.cfg.Targets),
		metrics:  newMetrics(a.cfg.Registry, a.cfg.TickInterval, a.ring),
		log:      a.log,
		blocks:   make(chan result, len(targets)),
		allIn:    make(chan struct{}, 1),
	}
}

// continueFrom goes on after what is in the log. It is called before run.
func (l *loop) continueFrom(s journal.Start) {
	l.seq, l.end, l.schedule.last = s.Seq, s.End, s.Time
	l.orphans = newOrphans(s, time.Now())
	l.follows = s.Seq > 0
}

// run ticks until ctx is done. When it returns, all that was gathered in time is
// committed and no target is running.
func (l *loop) run(ctx context.Context) {
	l.epoch = time.Now()
	ticker := time.NewTicker(l.schedule.wait(l.epoch, 0))
	defer ticker.Stop()
	gathering := l.gather(ctx)
	for {
		select {
		case <-ticker.C:
			now := time.Now()
			b, wait := l.schedule.fire(now.Round(0), now.Sub(l.epoch))
			ticker.Reset(wait)
			l.takeAll()
			l.commit() // what is still out goes into this tick
			l.begin(b)
			l.start(b)
		case <-l.allIn:
			l.takeAll()
		case <-ctx.Done():
			l.finish(gathering)
			return
		}
	}
}

// once gathers a single tick, at once and not on a beat.
func (l *loop) once(ctx context.Context) {
	gathering := l.gather(ctx)
	b := l.schedule.now(time.Now())
	l.begin(b)
	l.start(b)
	for l.running > 0 && ctx.Err() == nil {
		select {
		case <-l.allIn:
			l.takeAll()
		case <-ctx.Done():
		}
	}
	l.finish(gathering)
}

// gather starts a goroutine for each target, which gathers at the beats that it is
// given until finish ends it. A goroutine that stays has a stack that has grown.
func (l *loop) gather(ctx context.Context) *sync.WaitGroup {
	gathering := new(sync.WaitGroup)
	for _, t := range l.targets {
		t.beats = make(chan int64, 1)
		gathering.Go(func() {
			for at := range t.beats {
				block, err := t.Gather(ctx, at)
				if err == nil || ctx.Err() == nil { // else it was cut short, and says nothing about the target
					l.blocks <- result{t, block, err}
				}
				// One is waited for, not each: the loop has nothing to do before.
				if l.out.Add(-1) == 0 {
					select {
					case l.allIn <- struct{}{}:
					default: // the loop has yet to look
					}
				}
			}
		})
	}
	return gathering
}

// finish commits what targets had yielded before gathering was cut short.
func (l *loop) finish(gathering *sync.WaitGroup) {
	for _, t := range l.targets {
		close(t.beats)
	}
	gathering.Wait()
	l.takeAll()
	l.commit()
	for _, t := range l.targets {
		if err := t.Close(); err != nil {
			l.log.Debug("target does not close", "err", err)
		}
	}
}

// begin opens the tick of a beat.
func (l *loop) begin(b beat) {
	l.metrics.beat(b)
	switch {
	case b.restart:
		l.log.Warn("the clock was set back by more than timestamps may run ahead; they follow it", "allowed", maxAhead)
	case b.ahead > 0 && !l.ahead:
		l.log.Warn("the clock was set back; timestamps go on at half speed until it has caught up", "ahead", b.ahead)
	case b.missed > 0:
		l.log.Warn("beats were missed", "missed", b.missed)
	}
	l.ahead = b.ahead > 0
	l.open = &buffer.Tick{Time: b.time, Blocks: make([]buffer.Block, 0, len(l.targets))}
}

// start starts the targets that are due at a beat, but for those that are still
// running since an earlier one.
func (l *loop) start(b beat) {
	for _, t := range l.targets {
		if t.running || !t.due(b.number) {
			continue
		}
		t.running, t.number = true, b.number
		l.running++
		l.out.Add(1)
		t.beats <- b.time
	}
	l.settle()
}

// due tells whether a multiple of the target's interval has come since it was
// last due.
func (t *target) due(number int64) bool {
	return t.number == 0 || number/t.every > t.number/t.every
}

// takeAll takes the blocks that have come.
func (l *loop) takeAll() {
	for len(l.blocks) > 0 {
		l.take(<-l.blocks)
	}
}

// take adds a target's block to the open tick.
func (l *loop) take(r result) {
	r.target.running = false
	l.running--
	d := r.target.Discarded()
	l.metrics.discard(d, r.target.counted)
	r.target.counted = d
	l.open.Blocks = append(l.open.Blocks, r.block)
	if l.orphans != nil {
		l.orphans.seen(&r.block)
		if l.allGathered() {
			l.endOrphans()
		}
	}
	l.status.took(r)
	l.settle()
}

// allGathered tells whether each target has yielded a block in this life.
func (l *loop) allGathered() bool {
	for _, t := range l.targets {
		if t.number == 0 || t.running {
			return false
		}
	}
	return true
}

// endOrphans ends the series of the last life that no target has gathered in
// this one.
func (l *loop) endOrphans() {
	b := l.orphans.block(l.open.Time)
	if len(b.Extra) > 0 {
		l.open.Blocks = append(l.open.Blocks, b)
	}
	l.orphans = nil
}

// settle commits the open tick if no target is running.
func (l *loop) settle() {
	if l.running == 0 {
		l.commit()
	}
}

// commit hands the open tick over to the journal.
func (l *loop) commit() {
	t := l.open
	if t == nil || len(t.Blocks) == 0 {
		return
	}
	l.open = &buffer.Tick{Time: t.Time}
	if l.follows {
		t.Blocks = append(t.Blocks, buffer.Block{Source: buffer.Mixed, Time: t.Time})
		l.follows = false
	}
	l.seq++
	t.Seq, t.Base = l.seq, l.end
	l.end = t.End()
	for _, r := range l.remotes {
		r.Ledger.Commit(l.end)
	}
	l.journal.Commit(t, time.Now())
	l.metrics.commit(t)
	l.status.committed(t)
}
