package remote

import (
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// piece is what a request holds of one series: floats or histograms, in time
// order.
type piece struct {
	series  *buffer.Series
	layout  *buffer.Layout // that has it at the place at; nil if there are several
	at      int
	samples []proto.Sample
	rich    *rich // nil for nearly all series
}

// rich is what few series have beside floats.
type rich struct {
	histograms []proto.Histogram // instead of samples
	exemplars  []proto.Exemplar
}

// count is the number of samples in the piece.
func (p *piece) count() int {
	if p.rich != nil {
		return len(p.samples) + len(p.rich.histograms)
	}
	return len(p.samples)
}

// cut splits the piece in two after its first n samples. Exemplars go with the
// last sample.
func (p *piece) cut(n int) (first, rest piece) {
	first, rest = *p, *p
	if p.rich == nil || len(p.rich.histograms) == 0 {
		first.samples, first.rich = p.samples[:n], nil
		rest.samples = p.samples[n:]
		return first, rest
	}
	first.rich = &rich{histograms: p.rich.histograms[:n]}
	rest.rich = &rich{histograms: p.rich.histograms[n:], exemplars: p.rich.exemplars}
	return first, rest
}

// newest is the newest sample of the piece alone.
func (p *piece) newest() piece {
	_, last := p.cut(p.count() - 1)
	if last.rich != nil {
		last.rich = &rich{histograms: last.rich.histograms}
	}
	return last
}

// put writes the piece into ts, but for what depends on the protocol.
func (p *piece) put(ts *proto.TimeSeries) {
	ts.Labels, ts.Samples, ts.Start = p.series.Labels, p.samples, p.series.Start
	if p.rich != nil {
		ts.Histograms, ts.Exemplars = p.rich.histograms, p.rich.exemplars
	} else if ts.Histograms != nil || ts.Exemplars != nil {
		ts.Histograms, ts.Exemplars = nil, nil
	}
}

// part is a request, or a part of one that the receiver would not take whole. Its
// pieces are valid until the packer makes the next one.
type part struct {
	pieces  []piece
	samples int
	size    int // an upper bound of the message, in bytes

	again    bool // some of it may have been sent in an earlier life
	maybe    bool // all of it may have been, just like this
	doubtful bool // what of it is said to be there already may have been
	describe bool // its families may be described
	newest   bool // only the newest sample of each piece is sent, to learn whether it is there
	kept     bool // the receiver has it, but for what it refuses
}

// of makes a part of pieces of p.
func (p part) of(pieces []piece) part {
	p.pieces, p.samples, p.size = pieces, 0, 0
	var ts proto.TimeSeries
	for i := range pieces {
		p.samples += pieces[i].count()
		pieces[i].put(&ts)
		p.size += ts.SizeBound()
	}
	return p
}

// divisible tells whether p has halves.
func (p part) divisible() bool {
	return len(p.pieces) > 1 || len(p.pieces) == 1 && !p.newest && p.pieces[0].count() > 1
}

// halves splits p between two of its pieces or, if it has only one, between two
// of its samples.
func (p part) halves() (first, second part) {
	if n := len(p.pieces); n > 1 {
		return p.of(p.pieces[:n/2]), p.of(p.pieces[n/2:])
	}
	a, b := p.pieces[0].cut(p.pieces[0].count() / 2)
	return p.of([]piece{a}), p.of([]piece{b})
}
