package collector

import (
	"hash/maphash"
	"math"

	"github.com/edgetick/edgetick/buffer"
)

// entry is what a target remembers of one series. There are many: each byte of it
// counts.
type entry struct {
	series *buffer.Series
	family *family
	text   textID // how a page has written it last

	page     uint32 // number of the last page that had it
	inColumn uint32 // number of the last page that had it without a timestamp
	given    uint32 // number of the last page of which a sample was given out
	place    uint32 // on the page before; of no meaning for a series that it did not have
	newest   int64  // time of the newest sample given out

	metric  uint64 // equal for series of one OpenMetrics metric; 0 if not found out yet
	creates bool   // its value is when the others of its metric began

	histogram bool // the newest sample given out is a histogram
	report    bool // one of the samples about the scrape; pages may not set it

	rare *rare // what few series have; nil if it has none of it
}

// rare is what a target remembers of some series beside.
type rare struct {
	own      uint64   // fingerprint of the newest sample beside the column given out
	exemplar *example // the newest given out
	texts    []textID // how pages have written it before, the oldest first
}

// rarely returns what is rare, to read it.
func (e *entry) rarely() rare {
	if e.rare == nil {
		return rare{}
	}
	return *e.rare
}

// more returns what is rare, to change it.
func (e *entry) more() *rare {
	if e.rare == nil {
		e.rare = new(rare)
	}
	return e.rare
}

// current returns the series with its family as it is described now.
func (e *entry) current() *buffer.Series { return e.since(e.series.Start) }

// since returns the current series as one that began at start.
func (e *entry) since(start int64) *buffer.Series {
	if e.series.Family != e.family.now || e.series.Start != start {
		e.series = &buffer.Series{Labels: e.series.Labels, Family: e.family.now, Start: start}
	}
	return e.series
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
	// sweepSlack is how far the memory may grow, beyond twice what the sweep
	// before left, until vanished series are forgotten.
	sweepSlack = 256
)

// textID stands for the text of a series in a page. It is a hash so wide that no
// two texts have the same, and takes a fraction of their memory.
type textID [2]uint64

// series is a target's memory of its series: from the text that stands for a
// series in a page to its complete label set, so that each label set is built
// and encoded once.
type series struct {
	byText   map[textID]*entry
	byLabels map[string]*entry // keyed by the canonical encoding
	families map[string]*family

	forgotten   int64 // time of the newest sample of a series that was forgotten
	owns        bool  // the target has exposed timestamps of its own
	redescribed bool  // a family's description changed since the last page
	swept       int   // size after the last sweep

	seed  maphash.Seed    // of fingerprints
	seeds [2]maphash.Seed // of texts
}

func newSeries() *series {
	return &series{
		byText:    make(map[textID]*entry),
		byLabels:  make(map[string]*entry),
		families:  make(map[string]*family),
		forgotten: math.MinInt64,
		seed:      maphash.MakeSeed(),
		seeds:     [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// id returns what stands for a text.
func (s *series) id(text []byte) textID {
	return textID{maphash.Bytes(s.seeds[0], text), maphash.Bytes(s.seeds[1], text)}
}

// add remembers a series under the text that a page writes it with. A second
// text for a known label set leads to the same entry.
func (s *series) add(text textID, encoded []byte, f *family) *entry {
	e := s.byLabels[string(encoded)]
	if e == nil {
		e = &entry{
			series: &buffer.Series{Labels: string(encoded), Family: f.now},
			family: f,
			newest: s.forgotten,
		}
		s.byLabels[e.series.Labels] = e
	} else {
		s.supersede(e)
	}
	e.text = text
	s.byText[text] = e
	return e
}

// supersede makes room for another text of a known series.
func (s *series) supersede(e *entry) {
	r := e.more()
	if len(r.texts) == maxTexts-1 {
		delete(s.byText, r.texts[0])
		r.texts = append(r.texts[:0], r.texts[1:]...)
	}
	r.texts = append(r.texts, e.text)
}

func (s *series) forget(e *entry) {
	delete(s.byText, e.text)
	for _, t := range e.rarely().texts {
		delete(s.byText, t)
	}
	delete(s.byLabels, e.series.Labels)
	s.forgotten = max(s.forgotten, e.newest)
}

// redescribe brings the series up to date if the page has described a family
// anew.
func (s *series) redescribe() {
	if !s.redescribed {
		return
	}
	for _, e := range s.byLabels {
		e.current()
		e.metric = 0
	}
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
	for _, e := range s.byLabels {
		e.newest = math.MinInt64
		if e.rare != nil {
			e.rare.exemplar = nil
		}
	}
}

func (s *series) size() int { return len(s.byText) + len(s.families) }

// sweep forgets what the given page, gathered at the time at, did not have, if
// the memory has grown much since the sweep before. It returns false if not.
func (s *series) sweep(page uint32, at int64) bool {
	if s.size() <= 2*s.swept+sweepSlack {
		return false
	}
	used := make(map[*family]bool, len(s.families))
	for _, e := range s.byLabels {
		if e.page == page || e.report || s.owns && e.newest > at-ownMemory {
			used[e.family] = true
		} else {
			s.forget(e)
		}
	}
	for name, f := range s.families {
		if !used[f] {
			delete(s.families, name)
		}
	}
	s.swept = s.size()
	return true
}
