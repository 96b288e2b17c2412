package collector

import (
	"sync"
	"weak"
)

// Spares are the memory for pages that sources have in common: each target keeps
// the page that it compares the next one with, and no more. The zero value is
// ready. Spares are safe for concurrent use.
//
// Those that nobody uses when garbage is collected are garbage, too: they are
// no part of what is alive, by which the heap is measured.
type Spares struct {
	mu   sync.Mutex
	idle weak.Pointer[[][]byte]
}

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
	idle := s.idle.Value()
	if idle == nil {
		return nil
	}
	best := -1
	for i, b := range *idle {
		if fits(b, size) && (best < 0 || cap(b) < cap((*idle)[best])) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	found, last := (*idle)[best], len(*idle)-1
	(*idle)[best], (*idle)[last] = (*idle)[last], nil
	*idle = (*idle)[:last]
	return found
}

// give gives a buffer, which the caller must not use any more.
func (s *Spares) give(b []byte) {
	if cap(b) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := s.idle.Value()
	if idle == nil {
		idle = new([][]byte)
		s.idle = weak.Make(idle)
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
