package journal

import (
	"errors"

	"github.com/edgetick/edgetick/buffer"
)

// Start is where a journal goes on from what was found in the log.
type Start struct {
	Seq  uint64 // the highest sequence number used; the next tick's is higher
	Time int64  // the latest timestamp used, milliseconds; 0 if there is none
	End  uint64 // samples in all ticks so far
	// Live are the series that were in the last page of each target and so end
	// unless they are gathered again. None of them has timestamps of its own.
	Live []*buffer.Series
}

// findStart reads the end of the log: the last tick, and those since the last
// key record, which are decoded for its sake.
func (j *Journal) findStart() Start {
	end := j.wal.End()
	s := Start{Seq: end.Seq, Time: j.wal.LastTime(), End: end.Base}
	for _, c := range j.cursors {
		if state, ok := c.load(); ok {
			s.End = max(s.End, state.Settled)
			s.Seq = max(s.Seq, state.Sending) // of a tick that was sent but is not in the log
		}
	}
	last := j.wal.Tail()
	if last.Seq == 0 {
		return s
	}
	last.Seq-- // so that the last record is read
	pages := make(map[int]*buffer.Layout)
	see := func(t *buffer.Tick) {
		// What the log held after this tick was gathered, too, even if it is
		// damaged now.
		s.End = max(s.End, t.End()+end.Base-t.LogEnd)
		for i := range t.Blocks {
			pages[t.Blocks[i].Source] = t.Blocks[i].Layout
		}
	}
	r := &Reader{records: j.wal.NewReader(last), primer: see}
	for {
		t, err := r.Next()
		var loss *Loss
		switch {
		case err == nil:
			see(t)
		case !errors.As(err, &loss):
			for _, l := range pages {
				if l != nil {
					s.Live = append(s.Live, l.Series...)
				}
			}
			return s
		}
	}
}
