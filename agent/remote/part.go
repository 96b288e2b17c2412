package remote

import "slices"

// part is a request, or a part of one that the receiver would not take whole. Its
// pieces are valid until the packer makes the next one.
type part struct {
	pieces  []piece
	series  int
	samples int
	size    int // an upper bound of the message, in bytes

	again    bool // some of it may have been sent in an earlier life
	maybe    bool // all of it may have been, just like this
	doubtful bool // what of it is said to be there already may have been
	describe bool // its families may be described
	newest   bool // only the newest sample of each series is sent, to learn whether it is there
	kept     bool // the receiver has it, but for what it refuses
}

// of makes a part of pieces of p.
func (p part) of(pieces []piece) part {
	p.pieces, p.series, p.samples, p.size = pieces, 0, 0, 0
	for i := range pieces {
		p.series += pieces[i].width()
		p.samples += pieces[i].count()
		p.size += pieces[i].size()
	}
	return p
}

// divisible tells whether p has halves.
func (p part) divisible() bool {
	return p.series > 1 || p.series == 1 && !p.newest && p.samples > 1
}

// halves splits p between two of its series or, if it has only one, between two
// of its samples.
func (p part) halves() (first, second part) {
	if p.series == 1 {
		a, b := p.pieces[0].cut(p.samples / 2)
		return p.of([]piece{a}), p.of([]piece{b})
	}
	i, n := 0, p.series/2
	for n >= p.pieces[i].width() {
		n -= p.pieces[i].width()
		i++
	}
	if n == 0 {
		return p.of(p.pieces[:i]), p.of(p.pieces[i:])
	}
	a, b := p.pieces[i].split(n)
	return p.of(append(slices.Clone(p.pieces[:i]), a)), p.of(slices.Insert(slices.Clone(p.pieces[i+1:]), 0, b))
}
