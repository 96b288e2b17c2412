package remote

import (
	"errors"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
)

// backlog reads windows from the log while a remote is behind the ring.
type backlog struct {
	cursor *journal.Cursor
	reader *journal.Reader // nil while the remote is in step
	ahead  *buffer.Tick    // read, but not of the window before

	// Samples that the log says are missing, by reason: those since the last
	// tick read, and those before the window.
	lost, hole map[string]uint64
}

func newBacklog(c *journal.Cursor) backlog {
	return backlog{cursor: c, lost: make(map[string]uint64), hole: make(map[string]uint64)}
}

// read appends the next window to dst: as many ticks as a window may hold and
// memory allows, packTicks of them whatever their size. It ends with the tick
// numbered stop if that is ahead, which ended a window before that was allowed
// then, and is empty if the log holds nothing more. With an error, which is the
// disk's, it may be called again: what was read is kept.
func (b *backlog) read(dst []*buffer.Tick, packTicks int, stop uint64) ([]*buffer.Tick, error) {
	if b.reader == nil {
		if b.reader = b.cursor.Reader(); b.reader == nil {
			return dst, nil
		}
	}
	bytes := 0
	for len(dst) < maxWindowTicks {
		t, err := b.next()
		if err != nil && len(dst) == 0 {
			return dst, err
		}
		if t == nil {
			return dst, nil
		}
		bytes += t.Bytes()
		whatever := packTicks
		if t.Seq <= stop {
			whatever = maxWindowTicks
		}
		if len(dst) > 0 && !inWindow(dst, t, bytes, whatever) {
			b.ahead = t
			return dst, nil
		}
		if len(dst) == 0 {
			b.begin()
		}
		dst = append(dst, t)
		if t.Seq == stop {
			return dst, nil
		}
	}
	return dst, nil
}

// next returns the next tick after the cursor, or nil at the end of the log or
// with an error of the disk.
func (b *backlog) next() (*buffer.Tick, error) {
	if t := b.ahead; t != nil {
		b.ahead = nil
		return t, nil
	}
	for {
		t, err := b.reader.Next()
		var loss *journal.Loss
		switch {
		case err == nil && t.Seq > b.cursor.Seq:
			return t, nil
		case errors.As(err, &loss):
			b.lost[loss.Reason] += loss.Samples
		case errors.Is(err, journal.ErrEnd):
			return nil, nil
		case err != nil:
			return nil, err
		}
	}
}

// begin says that what was missing is missing before the window.
func (b *backlog) begin() {
	clear(b.hole)
	b.hole, b.lost = b.lost, b.hole
}

// leave lets go of the log: the remote is in step with the ring.
func (b *backlog) leave() { b.reader, b.ahead = nil, nil }
