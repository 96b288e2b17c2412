package buffer

import "slices"

// run is a row of series by their numbers.
type run struct{ first, n int }

// placed is a layout and where its series stand.
type placed struct {
	layout *Layout
	runs   []run
}

// shelfSize is how many layouts of one source a record can refer to. Targets
// that fail now and then go back and forth between two.
const shelfSize = 4

// shelf holds the layouts that one source had last. Encoder and decoder keep
// the same layouts in the same places.
type shelf struct {
	slots [shelfSize]placed
	next  int // the place of the next layout
	last  int // the place of the layout used last

	// base is the layout that the encoder described as a whole. It may describe
	// it again in the next key record although it has been replaced.
	base *Layout
}

// put replaces the oldest layout.
func (s *shelf) put(p placed) {
	s.slots[s.next] = p
	s.last = s.next
	s.next = (s.next + 1) % shelfSize
}

// find returns the place of l, or -1.
func (s *shelf) find(l *Layout) int {
	return slices.IndexFunc(s.slots[:], func(p placed) bool { return p.layout == l })
}

// empty tells whether there has been no layout yet.
func (s *shelf) empty() bool { return s.slots[s.last].layout == nil }

// appendRun adds a series to the end of runs.
func appendRun(runs []run, id int) []run {
	if n := len(runs); n > 0 && runs[n-1].first+runs[n-1].n == id {
		runs[n-1].n++
		return runs
	}
	return append(runs, run{id, 1})
}

// recent holds the timestamps that stood last in a record outside columns.
// There are few different ones: one for each thing that a target speaks for.
type recent struct {
	times [recentNone]int64
	n     int // ever added
}

const (
	recentWide = 6 // bits that name a place
	recentNone = 1<<recentWide - 1
)

func (r *recent) find(time int64) int {
	for i := range min(r.n, recentNone) {
		if r.times[i] == time {
			return i
		}
	}
	return recentNone
}

func (r *recent) add(time int64) {
	r.times[r.n%recentNone] = time
	r.n++
}
