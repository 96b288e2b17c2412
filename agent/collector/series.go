package collector

import (
	"hash/maphash"
	"math"

	"github.com/edgetick/edgetick/buffer"
)

// entry is what a target remembers of one series.
type entry struct {
	series *buffer.Series
	family *family
	texts  []string // the keys in series.byText: how pages have written it

	page     uint64 // number of the last page that had it
	inColumn uint64 // number of the last page that had it without a timestamp

	given    uint64   // number of the last page of which a sample was given out
	newest   int64    // time of the newest sample given out
	own      uint64   // fingerprint of the newest sample beside the column given out
	exemplar *example // the newest given out

	metric  uint64 // equal for series of one OpenMetrics metric; 0 if not found out yet
	creates bool   // its value is when the others of its metric began

	histogram bool // the newest sample given out is a histogram
	report    bool // one of the samples about the scrape; pages may not set it
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

// series is a target's memory of its series: from the text that stands for a
// series in a page to its complete label set, so that each label set is built
// and encoded once.
type series struct {
	byText   map[string]*entry
	byLabels map[string]*entry // keyed by the canonical encoding
	families map[string]*family

	forgotten   int64 // time of the newest sample of a series that was forgotten
	owns        bool  // the target has exposed timestamps of its own
	redescribed bool  // a family's description changed since the last page
	swept       int   // size after the last sweep

	seed maphash.Seed // of fingerprints
}

func newSeries() *series {
	return &series{
		byText:    make(map[string]*entry),
		byLabels:  make(map[string]*entry),
		families:  make(map[string]*family),
		forgotten: math.MinInt64,
		seed:      maphash.MakeSeed(),
	}
}

// add remembers a series under the text that a page writes it with. A second
// text for a known label set leads to the same entry.
func (s *series) add(text, encoded []byte, f *family) *entry {
	e := s.byLabels[string(encoded)]
	if e == nil {
		e = &entry{
			series: &buffer.Series{Labels: string(encoded), Family: f.now},
			family: f,
			newest: s.forgotten,
		}
		s.byLabels[e.series.Labels] = e
	}
	if len(e.texts) == maxTexts {
		delete(s.byText, e.texts[0])
		e.texts = append(e.texts[:0], e.texts[1:]...)
	}
	key := string(text)
	e.texts = append(e.texts, key)
	s.byText[key] = e
	return e
}

func (s *series) forget(e *entry) {
	for _, t := range e.texts {
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
		e.newest, e.exemplar = math.MinInt64, nil
	}
}

func (s *series) size() int { return len(s.byText) + len(s.families) }

// sweep forgets what the given page, gathered at the time at, did not have, if
// the memory has grown much since the sweep before.
func (s *series) sweep(page uint64, at int64) {
	if s.size() <= 2*s.swept+sweepSlack {
		return
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
}
