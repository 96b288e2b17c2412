package buffer

import (
	"math"
	"slices"
)

// extraBits is how many bits an extra sample takes at least.
const extraBits = 3

// number finds the numbers of the series in b.Extra and b.Exemplars.
func (e *Encoder) number(b *Block) {
	id := -1
	for i := range b.Extra {
		id = e.book.id(b.Extra[i].Series, id)
		e.ids = append(e.ids, id)
	}
	e.others = e.others[:0]
	for i := range b.Exemplars {
		id = e.book.id(b.Exemplars[i].Series, id)
		e.others = append(e.others, id)
	}
}

func (b *Block) hasHistograms() bool {
	return slices.ContainsFunc(b.Extra, func(x Sample) bool { return x.Histogram != "" })
}

// samples writes the samples of all blocks.
func (e *Encoder) samples(t *Tick) {
	e.recent.n = 0
	ids := e.ids
	for i := range t.Blocks {
		b := &t.Blocks[i]
		values := b.Values
		for _, r := range e.placed[i].runs {
			e.values.column(r.first, values[:r.n])
			values = values[r.n:]
		}
		e.extra(b, ids[:len(b.Extra)])
		ids = ids[len(b.Extra):]
	}
}

func (e *Encoder) extra(b *Block, ids []int) {
	out := &e.values.out
	histograms := b.hasHistograms()
	next, time := 0, b.Time
	for i, id := range ids {
		x := &b.Extra[i]
		if id == next {
			out.put(1, 1)
		} else {
			out.put(0, 1)
			out.number(zigzag(int64(id - next)))
		}
		if x.Time == time {
			out.put(1, 1)
		} else {
			out.put(0, 1)
			e.time(x.Time, b.Time)
		}
		e.content(x, id, histograms)
		next, time = id+1, x.Time
	}
}

// content writes the value of an extra sample of series id. If that is a
// histogram it stands elsewhere.
func (e *Encoder) content(x *Sample, id int, histograms bool) {
	out := &e.values.out
	value := math.Float64bits(x.Value)
	switch {
	case x.Histogram != "":
		out.put(0b10, 2)
	case value == staleMarker:
		out.put(1, 1)
	case histograms:
		out.put(0b00, 2)
		e.values.value(id, value)
	default:
		out.put(0, 1)
		e.values.value(id, value)
	}
}

func (e *Encoder) time(time, block int64) {
	at := e.recent.find(time)
	e.values.out.put(uint64(at), recentWide)
	if at == recentNone {
		e.values.out.number(zigzag(time - block))
		e.recent.add(time)
	}
}

// extra reads samples outside the column of a block. The patches of the
// histograms among them are nil if there are none. It reports false if this is
// nothing that an encoder writes.
func (d *Decoder) extra(b *Block, patches []byte) bool {
	d.patches.begin(patches)
	in := &d.values.in
	next, time := 0, b.Time
	for i := range b.Extra {
		if !in.flag() {
			next += int(unzigzag(in.number()))
		}
		if uint(next) >= uint(len(d.series)) {
			return false
		}
		if !in.flag() {
			time = d.time(b.Time)
		}
		b.Extra[i] = Sample{Series: d.series[next], Time: time}
		d.content(&b.Extra[i], next, patches != nil)
		next++
	}
	return d.patches.ok()
}

// content reads the value of an extra sample of series id.
func (d *Decoder) content(x *Sample, id int, histograms bool) {
	in := &d.values.in
	switch {
	case in.flag():
		x.Value = math.Float64frombits(staleMarker)
	case histograms && in.flag():
		x.Histogram = d.patches.read(id, &d.budget.opaque)
	default:
		x.Value = math.Float64frombits(d.values.value(id))
	}
}

func (d *Decoder) time(block int64) int64 {
	if at := int(d.values.in.take(recentWide)); at != recentNone {
		return d.recent.times[at]
	}
	time := block + unzigzag(d.values.in.number())
	d.recent.add(time)
	return time
}
