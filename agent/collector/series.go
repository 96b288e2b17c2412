package collector

import "github.com/edgetick/edgetick/buffer"

// entry is what a target remembers of one series.
type entry struct {
	series *buffer.Series
	texts  []string // the keys in series.byText: how pages have written it

	page     uint64 // number of the last page that had it
	inColumn uint64 // number of the last page that had it without a timestamp

	own   ownSample // the newest sample given out that carried its timestamp
	owned bool      // there is one

	report bool // one of the samples about the scrape; pages may not set it
}

type ownSample struct {
	time int64
	bits uint64
}

// ownMemory is for how many pages a series with timestamps of its own is
// remembered after it vanished, so that it cannot return with an old sample.
const ownMemory = 512

// series is a target's memory of its series: from the text that stands for a
// series in a page to its complete label set, so that each label set is built
// and encoded once.
type series struct {
	byText   map[string]*entry
	byLabels map[string]*entry // keyed by the canonical encoding
	families map[string]*buffer.Family
}

func newSeries() *series {
	return &series{
		byText:   make(map[string]*entry),
		byLabels: make(map[string]*entry),
		families: make(map[string]*buffer.Family),
	}
}

// add remembers a series under the text that a page writes it with. A second
// text for a known label set leads to the same entry; fresh is false then.
func (s *series) add(text, encoded []byte, f *buffer.Family) (e *entry, fresh bool) {
	e = s.byLabels[string(encoded)]
	if e == nil {
		fresh = true
		e = &entry{series: &buffer.Series{Labels: string(encoded), Family: f}}
		s.byLabels[e.series.Labels] = e
	}
	key := string(text)
	e.texts = append(e.texts, key)
	s.byText[key] = e
	return e, fresh
}

func (s *series) forget(e *entry) {
	for _, t := range e.texts {
		delete(s.byText, t)
	}
	delete(s.byLabels, e.series.Labels)
}

// family returns the family as described, which is the remembered one unless
// its description has changed.
func (s *series) family(f buffer.Family) *buffer.Family {
	old := s.families[f.Name]
	if old != nil && *old == f {
		return old
	}
	fresh := &f
	s.families[f.Name] = fresh
	if old != nil {
		s.redescribe(old, fresh)
	}
	return fresh
}

// redescribe gives the series of a family whose description changed new Series
// values, because those already handed out are immutable.
func (s *series) redescribe(old, fresh *buffer.Family) {
	for _, e := range s.byLabels {
		if e.series.Family == old {
			e.series = &buffer.Series{Labels: e.series.Labels, Family: fresh}
		}
	}
}

// forgetUnseen forgets the series that the given page did not have, but for
// those with timestamps of their own.
func (s *series) forgetUnseen(page uint64) {
	for _, e := range s.byLabels {
		if e.page != page && !e.owned && !e.report {
			s.forget(e)
		}
	}
}

// sweep forgets series with timestamps of their own that vanished long ago, and
// families without series.
func (s *series) sweep(page uint64) {
	used := make(map[*buffer.Family]bool, len(s.families))
	for _, e := range s.byLabels {
		if e.report || e.page+ownMemory > page {
			used[e.series.Family] = true
		} else {
			s.forget(e)
		}
	}
	for name, f := range s.families {
		if !used[f] {
			delete(s.families, name)
		}
	}
}
