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
		p.settle()
		p.plan.drop()
		p.series.restart()
	}
	p.begin(at)
	if err == nil {
		err = p.parse(page)
		r.scraped, r.kept, r.added = p.read.scraped, p.read.kept, p.read.added
	}
	b := buffer.Block{Time: at}
	r.up = err == nil
	switch {
	case !r.up || page.empty():
		p.drop(&b)
	case p.read.steady:
		p.takeSteady(&b)
	default:
		p.take(&b)
	}
	p.next.drop()
	p.last = at
	if !p.behind && p.series.sweep(p.number, at, p.live) {
		p.plan.drop()
	}
	return b, err
}

// takeSteady completes a block with a page that has the series of the one before.
// What they have to remember of it is left to [pages.settle].
func (p *pages) takeSteady(b *buffer.Block) {
	p.takeExemplars(b)
	b.Layout = p.layout
	p.next.column.Fill(b, p.read.values)
	p.remember()
	p.good, p.behind = p.number, true
	if p.calm++; p.calm == calmPages {
		p.relax()
	}
}

// take completes a block with the page that has been read.
func (p *pages) take(b *buffer.Block) {
	r := &p.read
	p.calm = 0
	p.next.column.Fill(b, r.values)
	p.remember()
	p.series.redescribe()
	for i := range r.beside {
		p.takeBeside(b, &r.beside[i])
	}
	for _, e := range p.live {
		if !p.series.at(e).inColumn(p.number) {
			p.markStale(b, e)
		}
	}
	for i, x := range r.column {
		e := p.series.at(x)
		e.newest, e.histogram, e.place = r.at, false, uint32(i)
		if r.dated {
			p.series.since(x, startUpTo(r.starts[i], r.at))
		}
	}
	p.takeExemplars(b)
	if !p.sameLayout() {
		series := make([]*buffer.Series, 0, len(r.column)+len(p.reports))
		for _, e := range r.column {
			series = append(series, p.series.known[e])
		}
		p.layout = buffer.NewLayout(append(series, p.reports...))
	}
	b.Layout = p.layout
	for i := range r.beside {
		if e := r.beside[i].series; p.series.at(e).inColumn(p.number) {
			r.column = append(r.column, e)
		}
	}
	p.live, r.column = r.column, p.live
	p.good = p.number
}

// drop completes a block for a page that failed or is empty.
func (p *pages) drop(b *buffer.Block) {
	p.settle()
	p.plan.drop()
	p.series.redescribe()
	for _, e := range p.live {
		p.markStale(b, e)
	}
	p.live = p.live[:0]
	b.Layout = p.failed
}

func (p *pages) sameLayout() bool {
	column := p.read.column
	if len(p.layout.Series) != len(column)+len(p.reports) {
		return false
	}
	for i, e := range column {
		if p.layout.Series[i] != p.series.known[e] {
			return false
		}
	}
	return true
}

// takeBeside gives out a sample that does not fit the column, if it is newer
// than what has been given out of its series.
func (p *pages) takeBeside(b *buffer.Block, s *beside) {
	e, print := p.series.at(s.series), p.series.fingerprint(&s.sample)
	switch {
	case s.time == e.newest && print == p.series.rarely(s.series).own:
		// Exposed again, unchanged.
	case s.time > b.Time+maxAhead:
		p.stats.OutOfBounds++
	case s.time <= e.newest:
		p.stats.OutOfOrder++
	default:
		e.newest, e.histogram = s.time, s.histogram != ""
		more := p.series.more(s.series)
		more.own, more.given = print, p.number
		series := p.series.known[s.series]
		if p.read.dated {
			series = p.series.since(s.series, startUpTo(s.start, s.time))
		}
		b.Extra = append(b.Extra, buffer.Sample{Series: series, Time: s.time, Value: s.value, Histogram: s.histogram})
	}
}

// startUpTo is the start of a sample of the time at. One that is later or not
// after 1970 is none.
func startUpTo(start, at int64) int64 {
	if start > at {
		return 0
	}
	return max(start, 0)
}

// markStale ends a series that the page before had without a timestamp. A series
// that has given out a sample of its own for this moment or a later one goes on.
func (p *pages) markStale(b *buffer.Block, x ref) {
	e := p.series.at(x)
	if e.newest >= b.Time {
		return
	}
	e.newest = b.Time
	s := buffer.Sample{Series: p.series.known[x], Time: b.Time}
	if e.histogram {
		s.Histogram = p.stale
	} else {
		s.Value = math.Float64frombits(value.StaleNaN)
	}
	b.Extra = append(b.Extra, s)
}
