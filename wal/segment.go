package wal

import (
	"math"
	"sync"
)

// segment is what is known of a segment file without reading it.
type segment struct {
	first uint64
	prev  Position // end of the log before it
	sure  bool     // prev is from its header, not guessed from a record
	end   Position // nothing after it belongs to the log; see growing
	size  int64    // committed bytes: readers never look beyond
	disk  int64    // bytes of the file, once it is sealed
}

// growing is the end of a segment that is still written to.
var growing = Position{Seq: math.MaxUint64, Base: math.MaxUint64}

// catalog is the list of segments as readers may see it. The writing goroutine
// changes it, readers copy from it; nobody does I/O while holding the lock.
type catalog struct {
	mu     sync.Mutex
	segs   []segment // oldest first
	end    Position  // of the log
	time   int64     // latest of any record
	capped Position  // everything before was deleted for the cap's sake
}

// part is one segment as a reader saw it, with the log's state at that moment.
type part struct {
	segment
	newest bool // more may come
	logEnd Position
	capped Position
}

func (c *catalog) part(i int) part {
	p := part{logEnd: c.end, capped: c.capped, newest: true}
	if i < len(c.segs) {
		p.segment = c.segs[i]
		p.newest = i == len(c.segs)-1
	}
	return p
}

// refresh returns the segment called first as it is now. ok is false if it is
// no longer there.
func (c *catalog) refresh(first uint64) (p part, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.segs) - 1; i >= 0; i-- {
		if c.segs[i].first == first {
			return c.part(i), true
		}
	}
	return c.part(len(c.segs)), false
}

// following returns the oldest segment beyond first that may hold records
// after seq. If there is none, ok is false and only the log's state is set.
func (c *catalog) following(first, seq uint64) (p part, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.segs {
		if s.first > first && s.end.Seq > seq {
			return c.part(i), true
		}
	}
	return c.part(len(c.segs)), false
}

// publish makes the record at the end of the newest segment visible.
func (c *catalog) publish(size int64, end Position, time int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.segs[len(c.segs)-1].size = size
	c.end = end
	c.time = max(c.time, time)
}

// grow adds a segment to be written to.
func (c *catalog) grow(s segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.end = growing
	c.segs = append(c.segs, s)
}

// seal says that the newest segment will not grow any more. Its file has disk
// bytes.
func (c *catalog) seal(disk int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.segs[len(c.segs)-1]
	s.end, s.disk = c.end, disk
}

// drop forgets the oldest segment, which was deleted.
func (c *catalog) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.segs = append(c.segs[:0], c.segs[1:]...)
}

// keep forgets all segments but those that has accepts.
func (c *catalog) keep(has func(first uint64) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.segs[:0]
	for _, s := range c.segs {
		if has(s.first) {
			kept = append(kept, s)
		}
	}
	c.segs = kept
}

// raise moves the positions up, never down.
func (c *catalog) raise(end, capped Position, time int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = c.end.max(end)
	c.capped = c.capped.max(capped)
	c.time = max(c.time, time)
}

// state returns the log's state.
func (c *catalog) state() (end, capped Position, time int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end, c.capped, c.time
}

// first returns the oldest segment. There is one.
func (c *catalog) first() segment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.segs[0]
}

// oldest returns the position before the oldest record, or the end.
func (c *catalog) oldest() Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.segs) == 0 {
		return c.end
	}
	return c.segs[0].prev
}

// max returns the later in each respect: sequence numbers and items are
// raised independently, since neither may ever be used twice.
func (p Position) max(q Position) Position {
	return Position{Seq: max(p.Seq, q.Seq), Base: max(p.Base, q.Base)}
}
