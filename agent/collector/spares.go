package collector

import (
	"sync"
	"weak"
)

// Spares are the memory for pages that sources have in common: each target keeps
// the page that it compares the next one with, and no more. The zero value is
// ready. Spares are safe for concurrent use.
//
// The two that were used last are kept. Others that nobody uses when garbage is
// collected are garbage, too: they are no part of what is alive, by which the heap
// is measured.
type Spares struct {
	mu   sync.Mutex
	kept [keptSpares][]byte // the last one given first
	idle weak.Pointer[[][]byte]
}

// keptSpares is how many idle buffers are kept. So few pages are read at once,
// mostly, however many targets there are.
const keptSpares = 2

// spare is the least room after a page. The parser needs some, and without there
// is no telling whether a page has ended.
const spare = 64

// take returns an empty buffer, the caller's from now on, that fits a page of the
// given size in bytes.
func (s *Spares) take(size int) []byte {
	if b := s.find(size); b != nil {
		return b[:0]
	}
	return make([]byte, 0, size+size/8+spare)
}

// find returns the smallest of the idle buffers that fit, or nil.
func (s *Spares) find(size int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *[]byte
	look := func(buffers [][]byte) {
		for i := range buffers {
			if b := &buffers[i]; fits(*b, size) && (best == nil || cap(*b) < cap(*best)) {
				best = b
			}
		}
	}
	look(s.kept[:])
	if idle := s.idle.Value(); idle != nil {
		look(*idle)
	}
	if best == nil {
		return nil
	}
	found := *best
	*best = nil
	return found
}

// give gives a buffer, which the caller must not use any more.
func (s *Spares) give(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.kept {
		if cap(b) == 0 {
			return
		}
		s.kept[i], b = b, s.kept[i]
	}
	if cap(b) > 0 {
		s.leave(b)
	}
}

// leave leaves a buffer to the collection of garbage. The caller holds mu.
func (s *Spares) leave(b []byte) {
	idle := s.idle.Value()
	if idle == nil {
		idle = new([][]byte)
		s.idle = weak.Make(idle)
	}
	for i := range *idle {
		if (*idle)[i] == nil {
			(*idle)[i] = b
			return
		}
	}
	*idle = append(*idle, b)
}

// move moves a page to a buffer that fits one of the given size, which is not
// smaller.
func (s *Spares) move(page []byte, size int) []byte {
	moved := append(s.take(size), page...)
	s.give(page)
	return moved
}

// fits tells whether a buffer is large enough for a page of the given size, and
// not so large that a target would keep much more than its page.
func fits(b []byte, size int) bool {
	return cap(b) >= size+spare && cap(b) <= size+size/4+2*spare
}
