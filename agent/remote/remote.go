package remote

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
)

// Remote delivers ticks to one receiver.
type Remote struct {
	// Ledger holds the books of this remote.
	Ledger Ledger

	cfg     Config
	ring    *buffer.Ring
	reader  *buffer.Reader
	client  *client
	ladder  *ladder
	packer  *packer
	writer  writer
	pace    *pace
	meter   *meter
	metrics *metrics
	log     *slog.Logger

	cursor  *journal.Cursor
	end     uint64 // samples in all ticks up to the cursor
	start   uint64 // the last tick that the log held when the remote began
	again   uint64 // the last tick that may have been sent before the remote began
	split   bool   // and this in halves, of which the receiver may have some
	limits  limits // of the requests of the window
	backlog backlog
	window  []*buffer.Tick

	notes    notes
	held     atomic.Pointer[string] // why, while the remote is held
	protocol atomic.Pointer[wire]   // that the receiver takes; nil if that is not known
}

// New makes a remote that reads ticks from ring. cfg is complete and valid. It
// starts nothing.
func New(cfg Config, ring *buffer.Ring, reg prometheus.Registerer, log *slog.Logger) (*Remote, error) {
	counted := new(conns)
	transport, err := newTransport(cfg, counted)
	if err != nil {
		return nil, err
	}
	r := &Remote{
		cfg:    cfg,
		ring:   ring,
		reader: ring.Reader(),
		client: newClient(cfg, transport),
		ladder: newLadder(cfg.Protocol, cfg.Compression),
		packer: newPacker(cfg.MaxSamplesPerSend, cfg.MaxBytesPerSend),
		pace:   newPace(cfg),
		meter:  newMeter(cfg.MaxBytesPerSecond, cfg.Budget, counted),
		log:    log.With("remote", cfg.Name),
	}
	r.metrics = newMetrics(cfg, reg)
	r.metrics.speak(r.ladder.wire())
	return r, reg.Register(ledgerCollector{cfg.Name, &r.Ledger})
}

// Name is the remote's name.
func (r *Remote) Name() string { return r.cfg.Name }

// URL is where the remote sends to, without credentials and query.
func (r *Remote) URL() string { return Hidden(r.cfg.URL) }

// Protocol is the version of remote write that the receiver takes; empty if that
// is not known yet.
func (r *Remote) Protocol() Protocol {
	if w := r.protocol.Load(); w != nil {
		return w.protocol
	}
	return ""
}

// Begin says where the remote goes on: at its cursor in a journal that has
// started. It is called before Run.
func (r *Remote) Begin(j *journal.Journal, start journal.Start) {
	cursor, state := j.Cursor(r.cfg.Name)
	r.cursor, r.end, r.again, r.start = cursor, state.Settled, state.Sending, start.Seq
	r.split = state.Split != 0
	r.limits = limits{samples: int(state.MaxSamples), bytes: int(state.MaxMessage)}
	if r.limits.samples == 0 || r.limits.bytes == 0 {
		r.limits = r.packer.limits()
	}
	r.backlog = newBacklog(cursor)
	r.meter.begin(state.BudgetFrom, state.BudgetUsed)
	r.Ledger.begin(state, start.End)
}

// Run ships windows until the ring is closed and all ticks are settled, and
// returns nil then, or until ctx is done. It must be called once.
func (r *Remote) Run(ctx context.Context) error {
	defer r.client.http.CloseIdleConnections()
	for {
		if err := r.meter.wait(ctx); err != nil { // meanwhile the window widens
			return err
		}
		more, err := r.next(ctx)
		if !more || err != nil {
			return err
		}
		if err := r.ship(ctx); err != nil {
			return err
		}
	}
}

// next waits for the next window and puts it into r.window. It returns false
// when there will be none.
func (r *Remote) next(ctx context.Context) (bool, error) {
	for {
		s := r.ring.State(r.cursor.Seq)
		if r.behind(s) {
			var err error
			read := make(chan struct{})
			go func() {
				defer close(read)
				r.window, err = r.backlog.read(r.window[:0], r.cfg.PackTicks, r.again)
			}()
			select {
			case <-read:
			case <-ctx.Done(): // the disk may hang: nothing of r is used any more
				return false, context.Cause(ctx)
			}
			r.noteReading(err)
			switch {
			case len(r.window) > 0 && (s.Ticks == 0 || r.window[0].Base <= s.Base):
				return true, nil
			case len(r.window) > 0:
				r.backlog.leave() // the ring has ticks that the log lacks
			case err != nil:
				if !sleep(ctx, rereadAfter) {
					return false, context.Cause(ctx)
				}
				continue
			default:
				r.start = 0 // the log has no more than the ring
			}
		}
		if n := windowTicks(s, r.cfg.PackTicks); n > 0 {
			r.window = cutWindow(r.ring.After(r.cursor.Seq, n, r.window[:0]), r.cfg.PackTicks)
			if r.window[0].Base != s.Base {
				continue // the ring has let go of ticks since
			}
			r.backlog.begin()
			r.backlog.leave()
			return true, nil
		}
		if s.Closed {
			return false, nil
		}
		select {
		case <-s.Changed:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// rereadAfter is how long to wait before a part of the log is read again that
// the disk has not given out.
const rereadAfter = time.Second

// sleep waits, and returns false if ctx is done before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// behind tells whether the next tick is one that the ring does not hold.
func (r *Remote) behind(s buffer.State) bool {
	if s.Ticks > 0 {
		return s.Base > r.end
	}
	return r.cursor.Seq < r.start
}

// ship delivers r.window and moves the cursor behind it.
func (r *Remote) ship(ctx context.Context) error {
	first, last := r.window[0], r.window[len(r.window)-1]
	r.bookLost(first.Base)
	again := first.Seq <= r.again
	if !again {
		r.limits = r.packer.limits()
	}
	r.keep(r.cursor.Intend(r.Ledger.send(last.Seq, r.limits)))
	now := time.Now()
	r.ladder.look(now)
	r.writer.help.look(now)
	r.metrics.window.Set(float64(len(r.window)))
	err := r.packer.pack(r.window, r.limits, func(p part) error {
		p.again, p.maybe, p.describe = again && r.split, again, true
		return r.send(ctx, p)
	})
	if err != nil {
		return err
	}
	r.end = last.End()
	r.keep(r.cursor.Settle(last, r.Ledger.advance(r.end)))
	clear(r.window) // let go of the ticks
	r.packer.release()
	r.writer.release()
	r.reader.Pass(last.Seq)
	return nil
}

// bookLost books the samples between the cursor and the tick that follows, base
// being the number of samples before it.
func (r *Remote) bookLost(base uint64) {
	if base <= r.end {
		return
	}
	total := base - r.end
	rest := total
	for _, reason := range slices.Sorted(maps.Keys(r.backlog.hole)) {
		n := min(r.backlog.hole[reason], rest)
		r.Ledger.drop(reason, n)
		rest -= n
	}
	r.Ledger.drop(DroppedBufferFull, rest)
	r.Ledger.advance(base)
	r.end = base
	r.log.Error("samples were lost before they could be sent", "samples", total, "never_in_the_log", rest)
}
