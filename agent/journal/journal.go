package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// Config describes a journal.
type Config struct {
	// Dir is the log's directory. If it is empty there is no log, and ticks go
	// to the ring alone.
	Dir string
	// Options are the log's.
	Options wal.Options
	// Ring gets every tick, durable or not.
	Ring *buffer.Ring
	// Registerer gets the journal's metrics.
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// Journal takes ticks in order, makes them durable and puts them into the ring.
type Journal struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics

	mu      sync.Mutex
	wal     *wal.Log // nil if there is none, or none yet
	cursors map[string]*Cursor
	queue   []queued
	closed  bool
	giveUp  *time.Timer
	wake    chan struct{} // holds a token when there is something to do

	encoder buffer.Encoder // the writer's
	disk    disk
	start   Start
}

// queued is a tick on its way to the ring.
type queued struct {
	tick  *buffer.Tick
	since time.Time
	// seen says that it is in the ring already, because the disk took too long.
	seen bool
}

const (
	// stallAfter is how long a tick waits for the disk before remotes get it
	// without. It is looked at when a tick is committed, and on closing.
	stallAfter = 10 * time.Second

	// maxQueue is how many ticks wait for a disk that hangs.
	maxQueue = 64
)

// New makes a journal. It opens nothing.
func New(cfg Config) *Journal {
	j := &Journal{
		cfg:     cfg,
		log:     cfg.Logger,
		cursors: make(map[string]*Cursor),
		wake:    make(chan struct{}, 1),
	}
	j.metrics = newMetrics(j, cfg.Registerer)
	return j
}

// Open opens the log and the cursors of the remotes named. It fails only where
// going on without a log would be wrong: with wal.ErrLocked and wal.ErrOptions.
// With any other trouble ticks go to the ring alone until the log can be opened.
// now is the wall clock.
func (j *Journal) Open(remotes []string, now time.Time) (Start, error) {
	for _, name := range remotes {
		j.cursors[name] = &Cursor{journal: j}
	}
	if j.cfg.Dir == "" {
		return j.start, nil
	}
	err := j.openLog(false)
	if errors.Is(err, wal.ErrLocked) || errors.Is(err, wal.ErrOptions) {
		return Start{}, fmt.Errorf("--wal.dir: %w", err)
	}
	if err != nil {
		j.disk.failed(j, err, now)
	}
	return j.start, nil
}

// errLateLog is returned for a log that could not be opened at the start, and
// turns out to hold ticks when it can. What has been gathered and delivered
// meanwhile does not go with its books, so it is left as it is.
var errLateLog = errors.New("the log could be opened only now and holds ticks of an earlier life; restart edgetick to go on with it")

// openLog opens the log and the cursors, late if ticks have been committed
// without.
func (j *Journal) openLog(late bool) error {
	log, report, err := wal.Open(j.cfg.Dir, j.cfg.Options)
	if err != nil {
		return err
	}
	if !report.Clean() {
		j.log.Warn("the write-ahead log was damaged; what is left is used", "report", report.String())
	}
	j.metrics.opened(report)
	if late && (log.LastSeq() > 0 || len(log.Cursors()) > 0) {
		return errors.Join(errLateLog, log.Close())
	}
	j.openCursors(log)
	j.use(log)
	if !late {
		j.start = j.findStart()
		for name, c := range j.cursors {
			if err := c.begin(); err != nil {
				j.use(nil)
				j.start = Start{}
				for _, c := range j.cursors {
					c.forget()
				}
				return errors.Join(fmt.Errorf("read the log for remote %s: %w", name, err), log.Close())
			}
		}
	}
	return nil
}

// use makes a log, or none, the one that is open.
func (j *Journal) use(log *wal.Log) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wal = log
}

// openCursors opens the cursors of the remotes, and removes those of remotes
// that are not configured any more. A remote that is new, or has a new name,
// starts where the one that is furthest behind has come.
func (j *Journal) openCursors(log *wal.Log) {
	var last *wal.Cursor
	for _, c := range log.Cursors() {
		if last == nil || c.Position().Seq < last.Position().Seq {
			last = c
		}
	}
	for name, c := range j.cursors {
		stored, err := log.OpenCursor(name, wal.Oldest)
		if err != nil {
			j.log.Error("a remote has no place in the write-ahead log; it would not go on after a restart", "remote", name, "err", err)
			continue
		}
		c.stored.Store(stored)
		if stored.Fresh() && last != nil {
			j.startAt(c, last)
		}
	}
	for _, c := range log.Cursors() {
		if j.cursors[c.Name()] != nil {
			continue
		}
		j.log.Warn("the write-ahead log has a cursor of a remote that is not configured; it is removed", "remote", c.Name())
		if err := log.RemoveCursor(c.Name()); err != nil {
			j.log.Warn("cursor cannot be removed", "remote", c.Name(), "err", err)
		}
	}
}

// startAt puts a new cursor to where another is, with books of its own.
func (j *Journal) startAt(c *Cursor, other *wal.Cursor) {
	pos, blob := other.Value()
	theirs, err := DecodeState(blob)
	if err != nil {
		return
	}
	s := State{From: theirs.Settled, Settled: theirs.Settled,
		Sending: theirs.Sending, MaxSamples: theirs.MaxSamples, MaxMessage: theirs.MaxMessage, Split: theirs.Split}
	if err := c.stored.Load().Set(pos, s.append(nil)); err != nil && !errors.Is(err, wal.ErrBackwards) {
		j.log.Warn("the cursor cannot be stored", "remote", c.stored.Load().Name(), "err", err)
	}
}

// Commit takes a tick, which becomes immutable. It never waits for the disk: a
// tick that the disk holds up goes to the ring without it. It is called by one
// goroutine.
func (j *Journal) Commit(t *buffer.Tick, now time.Time) {
	j.mu.Lock()
	j.queue = append(j.queue, queued{tick: t, since: now})
	if now.Sub(j.queue[0].since) >= stallAfter {
		j.disk.stalled(j, now)
		j.bypass()
	}
	j.mu.Unlock()
	j.signal()
}

// bypass shows all that waits to the remotes, although it is yet to be read for
// the disk. Of that only the newest is kept.
func (j *Journal) bypass() {
	for i := range j.queue {
		if q := &j.queue[i]; !q.seen {
			q.seen = true
			q.tick.Retain()
			j.cfg.Ring.Push(q.tick)
		}
	}
	if over := len(j.queue) - maxQueue; over > 0 {
		// The first is in the writer's hands.
		j.queue = slices.Delete(j.queue, 1, 1+over)
		j.metrics.failures.Add(float64(over))
	}
}

// Close says that no tick will be committed any more. If the disk hangs, remotes
// get what waits for it after a while.
func (j *Journal) Close() {
	j.mu.Lock()
	j.closed = true
	j.giveUp = time.AfterFunc(stallOnClose, j.abandon)
	j.mu.Unlock()
	j.signal()
}

// stallOnClose is how long a disk that hangs holds up the last flush.
const stallOnClose = 2 * time.Second

// abandon shows the remotes all there is, and that nothing will follow.
func (j *Journal) abandon() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) > 0 {
		j.disk.stalled(j, time.Now())
	}
	j.bypass()
	j.cfg.Ring.Close()
}

func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Run writes ticks until the journal is closed and all are in the ring. It then
// closes the ring; the log stays open for the remotes' cursors until CloseLog.
func (j *Journal) Run() {
	defer j.cfg.Ring.Close()
	for range j.wake {
		for {
			q, ok := j.first()
			if !ok {
				break
			}
			j.write(q)
		}
		j.mu.Lock()
		done := j.closed && len(j.queue) == 0
		j.mu.Unlock()
		if done {
			j.giveUp.Stop()
			return
		}
	}
}

func (j *Journal) first() (queued, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) == 0 {
		return queued{}, false
	}
	return j.queue[0], true
}

// write makes the first tick of the queue durable, if the disk allows, and shows
// it to the remotes.
func (j *Journal) write(q queued) {
	pos := j.append(q)
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.queue[0].seen {
		q.tick.LogEnd = pos.Base
		j.cfg.Ring.Push(q.tick)
	}
	j.queue[0] = queued{}
	j.queue = j.queue[1:]
}

// append appends a tick to the log and returns the log's end.
func (j *Journal) append(q queued) wal.Position {
	now := q.since
	if j.wal == nil && !j.reopen(now) {
		return wal.Position{}
	}
	h := wal.Header{Seq: q.tick.Seq, Count: uint32(q.tick.Samples()), Time: q.tick.Time}
	pos, err := j.wal.Append(h, func(dst []byte, key bool) ([]byte, bool) {
		return j.encoder.Encode(dst, q.tick, key)
	})
	if err == nil {
		err = j.wal.Sync(now)
	}
	if err != nil {
		j.disk.failed(j, err, now)
		return j.wal.End()
	}
	j.disk.worked(j, now)
	return pos
}

// reopen tries to open the log, now and then, and tells whether it is open.
func (j *Journal) reopen(now time.Time) bool {
	if j.cfg.Dir == "" {
		return false
	}
	err := j.disk.last()
	if j.disk.retry(now) {
		err = j.openLog(true)
	}
	if err != nil {
		j.disk.failed(j, err, now)
	}
	return err == nil
}

// CloseLog makes the log durable and lets go of it, unless the disk hangs. It is
// called when no remote runs any more and Run has ended.
func (j *Journal) CloseLog() error {
	if j.wal == nil {
		return nil
	}
	return new(guard).do(j.wal.Close)
}

// open returns the log, or nil.
func (j *Journal) open() *wal.Log {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.wal
}
