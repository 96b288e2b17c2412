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
	lost   map[string]uint64 // samples missing after the cursor, by reason
}

// read appends the next window to dst: as many ticks as a window may hold and
// memory allows. It ends with the tick numbered stop if that is ahead, and is
// empty if the log holds nothing more. With an error, which is the disk's, it
// may be called again: what was read is kept.
func (b *backlog) read(dst []*buffer.Tick, stop uint64) ([]*buffer.Tick, error) {
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
		// Ticks may be missing here that the ring still has: the window ends, and
		// the remote looks there first. A window that is sent again came from the
		// ring, which may have had room for more.
		full := bytes+t.Bytes() > maxWindowBytes && t.Seq > stop
		if n := len(dst); n > 0 && (t.Base != dst[n-1].End() || full || !inWindow(dst, t)) {
			b.ahead = t
			return dst, nil
		}
		dst = append(dst, t)
		bytes += t.Bytes()
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

// leave lets go of the log: the remote is in step with the ring.
func (b *backlog) leave() { b.reader, b.ahead = nil, nil }
