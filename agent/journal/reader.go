package journal

import (
	"errors"
	"fmt"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// ErrEnd is returned when the log holds no further tick for now.
var ErrEnd = wal.ErrEnd

// Loss is returned by [Reader.Next] in place of ticks that are missing from the
// log.
type Loss struct {
	Reason  string // fit for use as a metric label
	Samples uint64
}

// Error implements error.
func (l *Loss) Error() string { return fmt.Sprintf("%d samples are missing: %s", l.Samples, l.Reason) }

// ReasonUndecodable counts samples of records that are whole and yet cannot be
// decoded.
const ReasonUndecodable = "wal_undecodable"

// Reader reads ticks from the log. It belongs to one goroutine.
type Reader struct {
	records *wal.Reader
	decoder buffer.Decoder
	// primer, if set, is shown the ticks that are decoded only because later
	// ones build on them.
	primer func(*buffer.Tick)
}

// Reader returns a reader of the ticks in the log after the cursor, or nil if
// there is no log.
func (c *Cursor) Reader() *Reader {
	log := c.journal.open()
	if log == nil {
		return nil
	}
	return &Reader{records: log.NewReader(wal.Position{Seq: c.Seq, Base: c.logEnd})}
}

// Next returns the next tick, or a *Loss, or [ErrEnd], or an error of the disk;
// after the latter three it may be called again. The tick is the caller's.
func (r *Reader) Next() (*buffer.Tick, error) {
	for {
		rec, err := r.records.Next()
		var gap *wal.Gap
		if errors.As(err, &gap) {
			return nil, &Loss{Reason: string(gap.Reason), Samples: gap.Items()}
		}
		if err != nil {
			return nil, err
		}
		t, err := r.decoder.Decode(rec.Payload, rec.Key)
		if err == nil {
			t.LogEnd = rec.Base + uint64(rec.Count)
		}
		switch {
		case rec.Primer:
			if err == nil && r.primer != nil {
				r.primer(t)
			}
			continue // the record that needs it reports what is wrong with it
		case err != nil:
			return nil, &Loss{Reason: ReasonUndecodable, Samples: uint64(rec.Count)}
		}
		return t, nil
	}
}
