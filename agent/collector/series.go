package collector

import (
	"hash/maphash"
	"math"

	"github.com/edgetick/edgetick/buffer"
)

// ref stands for a series in its target's memory. It is valid until the next
// sweep.
type ref uint32

// entry is what a target remembers of each series beside the series itself. There
// are many: each byte of it counts, and there is no pointer to follow when memory
// is collected.
type entry struct {
	text   textID // how a page wrote it first
	page   uint32 // number of the last page that had it
	newest int64  // time of the newest sample given out
	place  uint32 // on the page before; of no meaning for a series that it did not have

	column    bool // that last page had it without a timestamp
	histogram bool // the newest sample given out is a histogram
	creates   bool // its value is when the others of its metric began
	report    bool // one of the samples about the scrape; pages may not set it
}

// on notes that a page has the series, and tells whether it did before.
func (e *entry) on(page uint32) (again bool) {
	if e.page == page {
		return true
	}
	e.page, e.column = page, false
	return false
}

// inColumn tells whether a page had the series without a timestamp.
func (e *entry) inColumn(page uint32) bool { return e.page == page && e.column }

// rare is what a target remembers of some series beside.
type rare struct {
	own      uint64   // fingerprint of the newest sample beside the column given out
	given    uint32   // number of the page that it was on
	exemplar *example // the newest given out
	texts    []textID // how pages have written it since, the oldest first
}

const (
	// maxTexts is how many texts of one series are remembered. An exporter may
	// write labels in another order each time.
	maxTexts = 8
	// ownMemory is for how long, in milliseconds, vanished series of a target
	// with timestamps of its own are remembered at least. A series that returns
	// later is given out only from the moment on at which the newest of those
	// forgotten ended, so that it never returns with an old sample.
	ownMemory = 60 * 60 * 1000
	// sweepSlack is how far the memory may grow, beyond one and a half times what
	// the sweep before left, until vanished series are forgotten.
	sweepSlack = 256
)

// textID stands for the text of a series in a page. It is a hash so wide that no
// two texts have the same, and takes a fraction of their memory.
type textID [3]uint32

// series is a target's memory of its series: from the text that stands for a
// series in a page to its complete label set, so that each label set is built
// and encoded once.
type series struct {
	entries []entry          // by ref
	known   []*buffer.Series // by ref
	metrics []uint64         // by ref, see metric; none unless pages tell when series began
	rare    map[ref]*rare    // what few series have

	byText   table          // by how a page wrote them first
	others   map[textID]ref // by how pages have written them since
	byLabels table          // by the canonical encoding
	families map[string]*family

	forgotten   int64 // time of the newest sample of a series that was forgotten
	owns        bool  // the target has exposed timestamps of its own
	creates     bool  // some series tells when others began
	redescribed bool  // a family's description changed since the last page
	swept       int   // size after the last sweep

	seed  maphash.Seed    // of fingerprints and of byLabels
	seeds [2]maphash.Seed // of texts
}

func newSeries() *series {
	return &series{
		rare:      make(map[ref]*rare),
		others:    make(map[textID]ref),
		families:  make(map[string]*family),
		forgotten: math.MinInt64,
		seed:      maphash.MakeSeed(),
		seeds:     [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// id returns what stands for a text.
func (s *series) id(text []byte) textID {
	a, b := maphash.Bytes(s.seeds[0], text), maphash.Bytes(s.seeds[1], text)
	return textID{uint32(a), uint32(a >> 32), uint32(b)}
}

// hash is where a text belongs in a table.
func (id textID) hash() uint64 { return uint64(id[0]) | uint64(id[1])<<32 }

// at returns the entry of a series, which is valid until the next one is added.
func (s *series) at(r ref) *entry { return &s.entries[r] }

// rarely returns what is rare of a series, to read it.
func (s *series) rarely(r ref) rare {
	if x := s.rare[r]; x != nil {
		return *x
	}
	return rare{}
}

// more returns what is rare of a series, to change it.
func (s *series) more(r ref) *rare {
	x := s.rare[r]
	if x == nil {
		x = new(rare)
		s.rare[r] = x
	}
	return x
}

// find returns the series that a page writes with a text.
func (s *series) find(text textID) (ref, bool) {
	s.index(&s.byText, s.textHash, 0)
	r, ok := s.byText.find(text.hash(), func(r ref) bool { return s.entries[r].text == text })
	if !ok && len(s.others) > 0 {
		r, ok = s.others[text]
	}
	return r, ok
}

// add remembers a series under the text that a page writes it with. A second
// text for a known label set leads to the same entry.
func (s *series) add(text textID, encoded []byte, f *family) ref {
	s.index(&s.byText, s.textHash, 1)
	s.index(&s.byLabels, s.labelsHash, 1)
	hash := maphash.Bytes(s.seed, encoded)
	r, ok := s.byLabels.find(hash, func(r ref) bool { return s.known[r].Labels == string(encoded) })
	if ok {
		s.alias(text, r)
		return r
	}
	r = ref(len(s.entries))
	s.entries = append(roomier(s.entries), entry{text: text, newest: s.forgotten})
	s.known = append(roomier(s.known), &buffer.Series{Labels: string(encoded), Family: f.now})
	s.byText.put(text.hash(), r)
	s.byLabels.put(hash, r)
	return r
}

// alias remembers another text of a known series, in place of the oldest if there
// are many.
func (s *series) alias(text textID, r ref) {
	x := s.more(r)
	if len(x.texts) == maxTexts-1 {
		delete(s.others, x.texts[0])
		x.texts = append(x.texts[:0], x.texts[1:]...)
	}
	x.texts = append(x.texts, text)
	s.others[text] = r
}

// roomier makes room for one more at least, and less than append would: what is
// remembered of series hardly ever grows.
func roomier[T any](list []T) []T {
	if n := len(list); n == cap(list) {
		return append(make([]T, 0, n+n/8+4), list...)
	}
	return list
}

// since returns a series as one that began at start.
func (s *series) since(r ref, start int64) *buffer.Series {
	if x := s.known[r]; x.Start != start {
		s.known[r] = &buffer.Series{Labels: x.Labels, Family: x.Family, Start: start}
	}
	return s.known[r]
}

// redescribe brings the series up to date if the page has described a family
// anew.
func (s *series) redescribe() {
	if !s.redescribed {
		return
	}
	for r, x := range s.known {
		if f := s.familyOf(ref(r)); f != nil && f.now != x.Family {
			s.known[r] = &buffer.Series{Labels: x.Labels, Family: f.now, Start: x.Start}
		}
	}
	clear(s.metrics)
	s.redescribed = false
}

// fingerprint stands for the value of a sample: its bits or a hash.
func (s *series) fingerprint(x *sample) uint64 {
	if x.histogram != "" {
		return maphash.String(s.seed, x.histogram)
	}
	return math.Float64bits(x.value)
}

// restart forgets when samples were given out, because the clock was set back.
func (s *series) restart() {
	s.forgotten = math.MinInt64
	for r := range s.entries {
		s.entries[r].newest = math.MinInt64
	}
	for _, x := range s.rare {
		x.exemplar = nil
	}
}

func (s *series) size() int { return len(s.entries) + len(s.others) + len(s.families) }

// sweep forgets what the given page, gathered at the time at, did not have, if
// the memory has grown much since the sweep before, and returns false if there was
// nothing to forget. It renumbers the series, those of live, which the page had,
// too.
func (s *series) sweep(page uint32, at int64, live []ref) bool {
	if s.size() <= s.swept+s.swept/2+sweepSlack {
		return false
	}
	kept := newSeries()
	kept.forgotten, kept.owns, kept.creates = s.forgotten, s.owns, s.creates
	kept.seed, kept.seeds = s.seed, s.seeds
	now := make([]ref, len(s.entries))
	for r := range s.entries {
		if e := &s.entries[r]; e.page == page || e.report || s.owns && e.newest > at-ownMemory {
			now[r] = kept.adopt(s, ref(r))
		} else {
			kept.forgotten = max(kept.forgotten, e.newest)
		}
	}
	if s.swept = kept.size(); s.swept == s.size() {
		return false
	}
	for i, r := range live {
		live[i] = now[r]
	}
	kept.swept = s.swept
	*s = *kept
	return true
}

// adopt takes over a series, and its family, from another memory.
func (s *series) adopt(from *series, r ref) ref {
	to := ref(len(s.entries))
	s.entries = append(roomier(s.entries), from.entries[r])
	s.known = append(roomier(s.known), from.known[r])
	if len(from.metrics) > 0 {
		s.metrics = append(roomier(s.metrics), from.metric(r))
	}
	if x := from.rare[r]; x != nil {
		s.rare[to] = x
		for _, t := range x.texts {
			s.others[t] = to
		}
	}
	if f := from.familyOf(r); f != nil {
		s.families[f.now.Name] = f
	}
	return to
}
