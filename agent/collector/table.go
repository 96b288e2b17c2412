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

// index makes sure that all series are in a table by their hash, and that it has
// room for so many more.
func (s *series) index(t *table, hash func(ref) uint64, more int) {
	n := len(s.entries) + more
	if len(*t) > 0 && t.fits(n) {
		return
	}
	*t = newTable(n)
	for r := range s.entries {
		t.put(hash(ref(r)), ref(r))
	}
}

func (s *series) textHash(r ref) uint64 { return s.entries[r].text.hash() }

func (s *series) labelsHash(r ref) uint64 { return maphash.String(s.seed, s.known[r].Labels) }

// rest gives back the tables, which are not needed as long as no series is looked
// up. They are made anew when one is.
func (s *series) rest() { s.byText, s.byLabels = nil, nil }
