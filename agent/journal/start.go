package journal

import (
	"errors"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// Start is where a journal goes on from what was found in the log.
type Start struct {
	Seq  uint64 // the highest sequence number used; the next tick's is higher
	Time int64  // the latest timestamp used, milliseconds; 0 if there is none
	End  uint64 // samples in all ticks so far
	// Live are the series that were in the last page of each target and so end
	// unless they are gathered again. None of them has timestamps of its own.
	Live []Live
}

// Live is a series that was alive at the end.
type Live struct {
	Series    *buffer.Series
	Histogram bool // its samples were native histograms
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
	pages := make(map[int]buffer.Block)
	see := func(t *buffer.Tick) {
		// What the log held after this tick was gathered, too, even if it is
		// damaged now.
		s.End = max(s.End, t.End()+end.Base-t.LogEnd)
		for i := range t.Blocks {
			pages[t.Blocks[i].Source] = t.Blocks[i]
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
			for _, b := range pages {
				s.Live = appendLive(s.Live, &b)
			}
			return s
		}
	}
}

// appendLive appends the series that are alive after a block: those of its
// column, and the histograms of its time that end nothing.
func appendLive(dst []Live, b *buffer.Block) []Live {
	if b.Layout != nil {
		for _, s := range b.Layout.Series {
			dst = append(dst, Live{Series: s})
		}
	}
	for _, x := range b.Extra {
		if x.Histogram != "" && x.Time == b.Time && !proto.StaleHistogram(x.Histogram) {
			dst = append(dst, Live{Series: x.Series, Histogram: true})
		}
	}
	return dst
}
