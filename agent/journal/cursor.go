package journal

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// Cursor is how far a remote has come. It belongs to that remote, but for what
// the journal does when it opens the log.
type Cursor struct {
	Seq     uint64 // of the last tick settled
	logEnd  uint64 // items in the log up to it
	state   State
	journal *Journal
	stored  atomic.Pointer[wal.Cursor] // nil while there is no log
	guard   guard
}

// State is what is stored with a cursor: the books of a remote, in samples.
type State struct {
	From         uint64 // gathered before the remote's first
	Settled      uint64 // gathered up to the cursor
	Acknowledged uint64
	Rejected     Counts // by reason
	Dropped      Counts // by reason

	// Sending is the sequence number of the last tick of the window that was
	// being sent, and MaxSamples and MaxMessage are the limits of its requests,
	// in samples and in bytes before compression. After a crash the same
	// requests are sent again, not others that overlap with them: a receiver
	// that has all of a request says so, one that has a part refuses the rest
	// with it.
	Sending                uint64
	MaxSamples, MaxMessage uint64
	// Split is 1 if a request of that window has been sent in halves, so that the
	// receiver may have a part of it.
	Split uint64

	// BudgetUsed is how many bytes the remote has used of its budget, in the
	// period that began at BudgetFrom, in Unix seconds.
	BudgetFrom, BudgetUsed uint64
}

// Counts are numbers of samples by reason.
type Counts map[string]uint64

// Total is the sum of all counts.
func (c Counts) Total() uint64 {
	var n uint64
	for _, k := range c {
		n += k
	}
	return n
}

// Cursor returns the cursor of a remote that [Journal.Open] was given, and the
// state to go on from.
func (j *Journal) Cursor(remote string) (*Cursor, State) {
	c := j.cursors[remote]
	return c, c.state
}

// begin takes over what the log knows of the cursor. One without books starts
// its own at its position.
func (c *Cursor) begin() error {
	stored := c.stored.Load()
	if stored == nil { // it could not be made
		c.state = State{From: c.journal.start.End, Settled: c.journal.start.End}
		c.Seq = c.journal.start.Seq
		return nil
	}
	pos := stored.Position()
	c.Seq, c.logEnd = pos.Seq, pos.Base
	state, ok := c.load()
	if !ok {
		base, err := c.journal.firstBase(pos)
		if err != nil {
			return err
		}
		state = State{From: base, Settled: base}
	}
	c.state = state
	return nil
}

// forget makes the cursor as it is without a log.
func (c *Cursor) forget() {
	c.stored.Store(nil)
	c.Seq, c.logEnd, c.state = 0, 0, State{}
}

// load reads the state stored with the cursor. It returns false if there is none.
func (c *Cursor) load() (State, bool) {
	stored := c.stored.Load()
	if stored == nil {
		return State{}, false
	}
	_, blob := stored.Value()
	s, err := DecodeState(blob)
	return s, err == nil
}

// firstBase is the number of samples gathered before the first tick after pos.
func (j *Journal) firstBase(pos wal.Position) (uint64, error) {
	r := &Reader{records: j.wal.NewReader(pos)}
	for {
		t, err := r.Next()
		var loss *Loss
		switch {
		case err == nil:
			return t.Base, nil
		case errors.Is(err, ErrEnd):
			return j.start.End, nil
		case !errors.As(err, &loss):
			return 0, err
		}
	}
}

// Settle moves the cursor behind t and stores the books with it. What has been
// settled need not be durable: losing it means that samples are sent again. A
// disk that hangs is waited for only a short while.
func (c *Cursor) Settle(t *buffer.Tick, s State) error {
	c.Seq, c.logEnd = t.Seq, max(c.logEnd, t.LogEnd)
	return c.store(s, false)
}

// Intend stores the books before a window is sent, without moving the cursor. If
// ticks are synced one by one, so is this: a power failure must not make another
// window of the ticks of this one.
func (c *Cursor) Intend(s State) error {
	return c.store(s, c.journal.cfg.Options.SyncInterval == 0)
}

func (c *Cursor) store(s State, durably bool) error {
	stored := c.stored.Load()
	if stored == nil {
		return nil
	}
	pos, blob := wal.Position{Seq: c.Seq, Base: c.logEnd}, s.append(nil)
	return c.guard.do(func() error {
		if err := stored.Set(pos, blob); err != nil || !durably {
			return err
		}
		return stored.Sync()
	})
}

const (
	stateVersion    = 2
	stateVersionOld = 1 // had no reasons for what was rejected, and no budget
)

// append appends the state's encoding: a version, then varints, and then the two
// kinds of counts.
func (s State) append(b []byte) []byte {
	b = append(b, stateVersion)
	for _, n := range []uint64{s.From, s.Settled, s.Acknowledged, s.Sending, s.MaxSamples, s.MaxMessage, s.Split, s.BudgetFrom, s.BudgetUsed} {
		b = binary.AppendUvarint(b, n)
	}
	return s.Dropped.append(s.Rejected.append(b))
}

// append appends how many reasons there are, and for each its name, with its
// length before it, and its count.
func (c Counts) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(c)))
	for _, r := range slices.Sorted(maps.Keys(c)) {
		b = append(binary.AppendUvarint(b, uint64(len(r))), r...)
		b = binary.AppendUvarint(b, c[r])
	}
	return b
}

// errState is returned for bytes that State.append did not make.
var errState = errors.New("malformed books of a remote")

// reasonUnknown is that of samples rejected before reasons were kept.
const reasonUnknown = "other"

// DecodeState reads the state stored with a cursor.
func DecodeState(b []byte) (State, error) {
	if len(b) == 0 || b[0] != stateVersion && b[0] != stateVersionOld {
		return State{}, errState
	}
	old := b[0] == stateVersionOld
	r := stateReader{rest: b[1:]}
	s := State{From: r.number(), Settled: r.number(), Acknowledged: r.number()}
	if old {
		s.Rejected = Counts{}
		if n := r.number(); n > 0 {
			s.Rejected[reasonUnknown] = n
		}
	}
	s.Sending, s.MaxSamples, s.MaxMessage = r.number(), r.number(), r.number()
	s.Split = 1 // for all that is known
	if !old {
		s.Split = r.number()
		s.BudgetFrom, s.BudgetUsed = r.number(), r.number()
		s.Rejected = r.counts()
	}
	s.Dropped = r.counts()
	if r.bad || len(r.rest) > 0 {
		return State{}, errState
	}
	return s, nil
}

// stateReader reads what State.append wrote.
type stateReader struct {
	rest []byte
	bad  bool
}

func (r *stateReader) number() uint64 {
	n, k := binary.Uvarint(r.rest)
	if k <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[k:]
	return n
}

func (r *stateReader) counts() Counts {
	c := make(Counts)
	for n := r.number(); n > 0 && !r.bad; n-- {
		size := r.number()
		if size > uint64(len(r.rest)) {
			r.bad = true
			break
		}
		reason := string(r.rest[:size])
		r.rest = r.rest[size:]
		c[reason] = r.number()
	}
	return c
}
