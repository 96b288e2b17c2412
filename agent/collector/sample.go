package collector

import (
	"errors"
	"fmt"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// ErrNoName is returned for a page with a sample that has no metric name.
var ErrNoName = errors.New("sample without a metric name")

// sample is one sample on the page being read.
type sample struct {
	value     float64
	histogram string // in place of the value, if not empty
	own       bool   // it carries its own timestamp
	time      int64  // milliseconds; the scrape's unless it is its own
	start     int64  // when its series began, 0 if unknown
}

// labeled is what a parser stands at.
type labeled interface {
	Labels(*labels.Labels)
}

// find returns the series of the next sample on the page, which is written as
// text there. The text is that of no other label set.
func (p *pages) find(text []byte, from labeled) (ref, error) {
	p.read.scraped++
	id := p.series.id(text)
	e, ok := p.series.find(id)
	if !ok {
		var err error
		if e, err = p.newSeries(id, from); err != nil {
			return 0, err
		}
	}
	p.count(e)
	return e, nil
}

// count counts a sample of the series e in the report.
func (p *pages) count(e ref) {
	p.read.kept++
	if page := p.series.at(e).page; page == 0 || page < p.good {
		p.read.added++
	}
}

// newSeries remembers the series that a parser stands at.
func (p *pages) newSeries(text textID, from labeled) (ref, error) {
	var exposed labels.Labels
	from.Labels(&exposed)
	full := p.labels.page(exposed)
	name := full.Get(model.MetricNameLabel)
	if name == "" {
		return 0, ErrNoName
	}
	if !full.IsValid(model.UTF8Validation) {
		return 0, fmt.Errorf("invalid metric name or label names: %s", full)
	}
	if l, twice := full.HasDuplicateLabelNames(); twice {
		return 0, fmt.Errorf("label name %q is not unique in %s", l, full)
	}
	f := p.read.family
	if f == nil || !inFamily(name, f.now) {
		f = p.series.named(name)
	}
	return p.series.add(text, p.labels.encode(full), f), nil
}

// give takes a sample of the series x, or returns false if the page must not
// have it.
func (p *pages) give(x ref, s sample) bool {
	r, e := &p.read, p.series.at(x)
	again := e.on(p.number)
	switch {
	case e.report:
		p.stats.Duplicate++
		return false
	case s.own && !e.column:
		p.series.owns = true
		r.beside = append(r.beside, beside{x, s})
		return true
	case again:
		p.stats.Duplicate++
		return false
	case e.newest >= r.at:
		p.stats.OutOfOrder++
		return false
	}
	e.column = true
	if s.histogram != "" {
		r.beside = append(r.beside, beside{x, s})
		return true
	}
	r.column = append(r.column, x)
	r.values = append(r.values, s.value)
	if r.dated {
		r.starts = append(r.starts, s.start)
	}
	return true
}

// setHistogram makes n the value of s, a sample of the series e, or returns
// false if it is not valid.
func (p *pages) setHistogram(e ref, s *sample, n native) bool {
	enc, ok := n.encode(p.read.scratch[:0])
	p.read.scratch = enc
	if !ok {
		p.series.at(e).on(p.number)
		p.stats.Histograms++
		return false
	}
	s.histogram = string(enc)
	return true
}
