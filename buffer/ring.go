package buffer

import "sync"

// Ring holds the most recent ticks, bounded in bytes, until all of its readers
// have passed them. One goroutine pushes, any number of goroutines read.
type Ring struct {
	maxBytes int
	minTicks int

	mu      sync.Mutex
	ticks   []*Tick // oldest first; head is the index of the oldest
	head    int
	bytes   int
	layouts map[*Layout]int // how many blocks of the ring use each layout
	readers []*Reader
	end     uint64 // Tick.End of the newest tick ever pushed
	closed  bool
	changed chan struct{} // closed and replaced at every change
}

// NewRing makes a ring that holds as many ticks as fit into maxBytes, layouts
// included, but never fewer than the newest minTicks (at least one), so that a
// window can always be packed from memory.
func NewRing(maxBytes, minTicks int) *Ring {
	return &Ring{
		maxBytes: maxBytes,
		minTicks: max(minTicks, 1),
		layouts:  make(map[*Layout]int),
		changed:  make(chan struct{}),
	}
}

// Push adds t, which must be newer than all ticks before it, and lets go of the
// oldest ticks until the bound holds again. Their columns are not used again: a
// reader that has not passed them may hold them. t is immutable from now on.
func (r *Ring) Push(t *Tick) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ticks = append(r.ticks, t)
	r.account(t, +1)
	r.end = t.End()
	for r.bytes > r.maxBytes && len(r.ticks)-r.head > r.minTicks {
		r.evict()
	}
	r.wake()
}

// Reader is one that ticks are kept for. It is used by one goroutine.
type Reader struct {
	ring   *Ring
	passed uint64
}

// Reader adds a reader, for whom ticks are kept until it has passed them, or until
// the bound is reached. A ring without readers keeps what it can.
func (r *Ring) Reader() *Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := &Reader{ring: r}
	r.readers = append(r.readers, x)
	return x
}

// Pass says that the reader needs no tick up to and including seq any more. It
// must not read their columns after that: see [Column].
func (x *Reader) Pass(seq uint64) {
	r := x.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	x.passed = seq
	for _, other := range r.readers {
		seq = min(seq, other.passed)
	}
	for r.head < len(r.ticks) && r.ticks[r.head].Seq <= seq {
		t := r.ticks[r.head]
		r.evict()
		t.passed()
	}
}

// Close says that no tick will follow. Readers see it in [Ring.Closed].
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.wake()
}

// After appends to dst the ticks with a sequence number above seq, oldest
// first, at most limit of them. If the first of them does not follow seq
// directly, the ticks between have been let go; their number of samples is the
// difference between its Base and the End of the tick at seq. Their
// values may be read by who has a [Reader], until that passes them.
func (r *Ring) After(seq uint64, limit int, dst []*Tick) []*Tick {
	r.mu.Lock()
	defer r.mu.Unlock()
	live := r.ticks[r.head:]
	return append(dst, live[firstAfter(live, seq):][:r.countAfter(seq, limit)]...)
}

// State describes a ring at one moment, as seen by a reader.
type State struct {
	Ticks   int             // ticks the reader has not seen
	Base    uint64          // of the first of these
	End     uint64          // samples in all ticks ever pushed
	Bytes   int             // memory held, layouts included
	Closed  bool            // no tick will follow
	Changed <-chan struct{} // closed when this state is no longer true
}

// State tells what the ring holds for a reader that has seen everything up to
// and including seq.
func (r *Ring) State(seq uint64) State {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := State{
		Ticks:   r.countAfter(seq, len(r.ticks)),
		End:     r.end,
		Bytes:   r.bytes,
		Closed:  r.closed,
		Changed: r.changed,
	}
	if s.Ticks > 0 {
		s.Base = r.ticks[len(r.ticks)-s.Ticks].Base
	}
	return s
}

func (r *Ring) countAfter(seq uint64, limit int) int {
	live := r.ticks[r.head:]
	return min(len(live)-firstAfter(live, seq), limit)
}

// firstAfter is the index of the first tick above seq.
func firstAfter(ticks []*Tick, seq uint64) int {
	lo, hi := 0, len(ticks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if ticks[mid].Seq > seq {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

func (r *Ring) evict() {
	r.account(r.ticks[r.head], -1)
	r.ticks[r.head] = nil
	r.head++
	if r.head > len(r.ticks)/2 {
		n := copy(r.ticks, r.ticks[r.head:])
		clear(r.ticks[n:])
		r.ticks, r.head = r.ticks[:n], 0
	}
}

// account adds t's memory to the ring's (sign +1) or takes it off (sign -1). A
// layout counts once, however many ticks use it.
func (r *Ring) account(t *Tick, sign int) {
	r.bytes += sign * t.Bytes()
	for i := range t.Blocks {
		l := t.Blocks[i].Layout
		if l == nil {
			continue
		}
		before := r.layouts[l]
		after := before + sign
		switch {
		case before == 0:
			r.bytes += l.Bytes()
		case after == 0:
			r.bytes -= l.Bytes()
			delete(r.layouts, l)
			continue
		}
		r.layouts[l] = after
	}
}

func (r *Ring) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}
