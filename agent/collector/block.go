package collector

import (
	"math"

	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
)

// maxAhead is how far ahead of the scrape, in milliseconds, a sample's own
// timestamp may be: the limit of Prometheus's scrapes and of its receiver.
const maxAhead = 10 * 60 * 1000

// block turns a page gathered at the time at, in milliseconds, into a block. If
// err is set there is no page; if the page does not parse it counts for
// nothing. The block then holds stale markers for what the target had before.
// block fills in r but for the duration; the caller completes the column with
// [report.values]. It returns the error because of which r.up is false.
func (p *pages) block(page Page, at int64, r *report, err error) (buffer.Block, error) {
	p.number++
	if at < p.last {
		p.series.restart()
	}
	p.begin(at)
	if err == nil {
		err = p.parse(page)
		r.scraped, r.kept, r.added = p.read.scraped, p.read.kept, p.read.added
	}
	b := buffer.Block{Time: at}
	r.up = err == nil
	if r.up && len(page.Body) > 0 {
		p.take(&b)
	} else {
		p.drop(&b)
	}
	p.last = at
	p.series.sweep(p.number, at)
	return b, err
}

// take completes a block with the page that has been read.
func (p *pages) take(b *buffer.Block) {
	r := &p.read
	for _, o := range r.own {
		p.takeOwn(b, o)
	}
	for _, e := range p.live {
		if e.inColumn != p.number {
			markStale(b, e)
		}
	}
	for _, e := range r.column {
		e.newest = r.at
		if p.series.redescribed {
			e.current()
		}
	}
	p.series.redescribed = false
	if !p.sameLayout() {
		series := make([]*buffer.Series, 0, len(r.column)+len(p.reports))
		for _, e := range r.column {
			series = append(series, e.series)
		}
		p.layout = buffer.NewLayout(append(series, p.reports...))
	}
	b.Layout, b.Values = p.layout, r.values
	p.live, r.column = r.column, p.live
	p.good = p.number
}

// drop completes a block for a page that failed or is empty.
func (p *pages) drop(b *buffer.Block) {
	for _, e := range p.live {
		markStale(b, e)
	}
	clear(p.live)
	p.live = p.live[:0]
	b.Layout = p.failed
}

func (p *pages) sameLayout() bool {
	column := p.read.column
	if len(p.layout.Series) != len(column)+len(p.reports) {
		return false
	}
	for i, e := range column {
		if p.layout.Series[i] != e.series {
			return false
		}
	}
	return true
}

// takeOwn gives out a sample that carries its own timestamp, if it is newer than
// what has been given out of its series.
func (p *pages) takeOwn(b *buffer.Block, o ownSample) {
	e, bits := o.entry, math.Float64bits(o.value)
	switch {
	case o.time == e.newest && bits == e.own:
		// Exposed again, unchanged.
	case o.time > b.Time+maxAhead:
		p.stats.OutOfBounds++
	case o.time <= e.newest:
		p.stats.OutOfOrder++
	default:
		e.newest, e.own = o.time, bits
		b.Extra = append(b.Extra, buffer.Sample{Series: e.current(), Time: o.time, Value: o.value})
	}
}

// markStale ends a series that was in the column of the page before. A series
// that has given out a sample of its own for this moment or a later one goes on.
func markStale(b *buffer.Block, e *entry) {
	if e.newest >= b.Time {
		return
	}
	e.newest = b.Time
	b.Extra = append(b.Extra, buffer.Sample{Series: e.current(), Time: b.Time, Value: math.Float64frombits(value.StaleNaN)})
}
