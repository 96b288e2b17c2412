package remote

import (
	"errors"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
)

// backlog reads windows from the log while a remote is behind the ring.
type backlog struct {
	cursor *journal.Cursor
	reader *journal.Reader   // nil while the remote is in step
	ahead  *buffer.Tick      // read, but not of the window before
	bytes  int               // of the window being read
	lost   map[string]uint64 // samples missing after the cursor, by reason
}

// read appends the next window to dst: as many ticks as a window may hold and
// memory allows. It ends with the tick numbered stop if that is ahead, and is
// empty if the log holds nothing more.
func (b *backlog) read(dst []*buffer.Tick, stop uint64) []*buffer.Tick {
	if b.reader == nil {
		if b.reader = b.cursor.Reader(); b.reader == nil {
			return dst
		}
	}
	b.bytes = 0
	for len(dst) < maxWindowTicks {
		t := b.next()
		if t == nil {
			return dst
		}
		// Ticks may be missing here that the ring still has: the window ends, and
		// the remote looks there first.
		if n := len(dst); n > 0 && (t.Base != dst[n-1].End() || b.bytes+t.Bytes() > maxWindowBytes || !inWindow(dst, t)) {
			b.ahead = t
			return dst
		}
		dst = append(dst, t)
		b.bytes += t.Bytes()
		if t.Seq == stop {
			return dst
		}
	}
	return dst
}

// next returns the next tick after the cursor, or nil at the end of the log.
func (b *backlog) next() *buffer.Tick {
	if t := b.ahead; t != nil {
		b.ahead = nil
		return t
	}
	for {
		t, err := b.reader.Next()
		var loss *journal.Loss
		switch {
		case err == nil && t.Seq > b.cursor.Seq:
			return t
		case errors.As(err, &loss):
			b.lost[loss.Reason] += loss.Samples
		case errors.Is(err, journal.ErrEnd):
			return nil
		}
		// Any other error is the disk's. The reader tries a few times, and then
		// takes what it cannot read for damage.
	}
}

// leave lets go of the log: the remote is in step with the ring.
func (b *backlog) leave() { b.reader, b.ahead = nil, nil }
