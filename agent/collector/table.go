package collector

import (
	"hash/maphash"
	"math/bits"
)

// table finds series by a hash, which it does not keep: where a series belongs is
// told by the series itself. It takes few bytes for each and holds no pointers.
// Nothing is ever taken out of it.
type table []uint32 // 1 more than a ref, or 0

// newTable makes a table with room for n series and some more.
func newTable(n int) table { return make(table, n+n/2+n/4+8) }

// fits tells whether there is room for n series. In a table that is fuller, what
// is looked for is far from where it belongs.
func (t table) fits(n int) bool { return n <= len(t)/5*4 }

// home is where a series with this hash belongs.
func (t table) home(hash uint64) int {
	at, _ := bits.Mul64(hash, uint64(len(t)))
	return int(at)
}

// next is where a series stands if its place is taken.
func (t table) next(at int) int {
	if at++; at < len(t) {
		return at
	}
	return 0
}

// find returns the series with this hash that is the one looked for.
func (t table) find(hash uint64, is func(ref) bool) (r ref, ok bool) {
	for at := t.home(hash); t[at] != 0; at = t.next(at) {
		if r = ref(t[at] - 1); is(r) {
			return r, true
		}
	}
	return 0, false
}

// put adds a series that is not there yet.
func (t table) put(hash uint64, r ref) {
	at := t.home(hash)
	for t[at] != 0 {
		at = t.next(at)
	}
	t[at] = uint32(r) + 1
}

// indexTexts makes sure that there is a table of texts with room for so many more.
func (s *series) indexTexts(more int) {
	n := len(s.entries) + more
	if len(s.byText) > 0 && s.byText.fits(n) {
		return
	}
	s.byText = newTable(n)
	for r := range s.entries {
		s.byText.put(s.entries[r].text.hash(), ref(r))
	}
}

// indexLabels is the same for label sets.
func (s *series) indexLabels(more int) {
	n := len(s.known) + more
	if len(s.byLabels) > 0 && s.byLabels.fits(n) {
		return
	}
	s.byLabels = newTable(n)
	for r, x := range s.known {
		s.byLabels.put(maphash.String(s.seed, x.Labels), ref(r))
	}
}

// rest gives back the tables, which are not needed as long as no series is looked
// up. They are made anew when one is.
func (s *series) rest() { s.byText, s.byLabels = nil, nil }
