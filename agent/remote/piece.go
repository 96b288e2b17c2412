package remote

import (
	"sort"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// piece is what a request holds of neighbouring series: a stretch of columns, or
// a single series.
type piece struct {
	columns     *columns // nil for a single series
	from, to    int32    // the series of the columns' layout
	first, last int32    // the ticks, last excluded

	single
}

// single is one series with samples of its own, floats or histograms in time
// order.
type single struct {
	series  *buffer.Series
	samples []proto.Sample
	rich    *rich // nil for nearly all
}

// rich is what few series have beside floats.
type rich struct {
	histograms []proto.Histogram // instead of samples
	exemplars  []proto.Exemplar
}

// width is the number of series in the piece.
func (p *piece) width() int {
	if p.columns == nil {
		return 1
	}
	return int(p.to - p.from)
}

// depth is the number of samples of each series.
func (p *piece) depth() int {
	switch {
	case p.columns != nil:
		return int(p.last - p.first)
	case p.rich != nil:
		return len(p.samples) + len(p.rich.histograms)
	default:
		return len(p.samples)
	}
}

// count is the number of samples in the piece.
func (p *piece) count() int { return p.width() * p.depth() }

// at is the i-th series of the piece.
func (p *piece) at(i int) *buffer.Series {
	if p.columns == nil {
		return p.single.series
	}
	return p.columns.layout.Series[int(p.from)+i]
}

// lastFamily is the place of the first series of the piece's last family.
func (p *piece) lastFamily() int {
	i := p.width() - 1
	for i > 0 && !beginsFamily(p.columns.layout, int(p.from)+i) {
		i--
	}
	return i
}

// split splits the piece in two after its first n series.
func (p *piece) split(n int) (first, rest piece) {
	first, rest = *p, *p
	first.to = p.from + int32(n)
	rest.from = first.to
	return first, rest
}

// cut splits the piece in two after the first n samples of each series. Exemplars
// go with the last sample.
func (p *piece) cut(n int) (first, rest piece) {
	first, rest = *p, *p
	switch {
	case p.columns != nil:
		first.last = p.first + int32(n)
		rest.first = first.last
	case p.rich == nil || len(p.rich.histograms) == 0:
		first.samples, first.rich = p.samples[:n], nil
		rest.samples = p.samples[n:]
	default:
		first.rich = &rich{histograms: p.rich.histograms[:n]}
		rest.rich = &rich{histograms: p.rich.histograms[n:], exemplars: p.rich.exemplars}
	}
	return first, rest
}

// newest is the newest sample of each series alone.
func (p *piece) newest() piece {
	_, last := p.cut(p.depth() - 1)
	if last.rich != nil {
		last.rich = &rich{histograms: last.rich.histograms}
	}
	return last
}

// size bounds what the piece takes in a message. The descriptions of its families
// are in it, but for that of the first if the piece does not begin with it.
func (p *piece) size() int { return p.sizeOf(p.width()) }

// sizeOf is the size of the first n series.
func (p *piece) sizeOf(n int) int {
	if p.columns != nil {
		return p.columns.size(int(p.from), int(p.from)+n, p.depth())
	}
	about := describe(p.series.Family)
	ts := proto.TimeSeries{Metadata: &about}
	p.put(&ts)
	return ts.SizeBound()
}

// within is the number of series whose size is at most so many bytes.
func (p *piece) within(bytes int) int {
	return sort.Search(p.width(), func(n int) bool { return p.sizeOf(n+1) > bytes })
}

// describesFirst tells whether the description of the first family is in the size.
func (p *piece) describesFirst() bool {
	return p.columns != nil && beginsFamily(p.columns.layout, int(p.from))
}

// put writes a single series into ts, but for what depends on the protocol.
func (s *single) put(ts *proto.TimeSeries) {
	ts.Labels, ts.Samples, ts.Start = s.series.Labels, s.samples, s.series.Start
	ts.Histograms, ts.Exemplars = nil, nil
	if s.rich != nil {
		ts.Histograms, ts.Exemplars = s.rich.histograms, s.rich.exemplars
	}
}
