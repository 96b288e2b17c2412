package buffer

import "math"

// number finds the numbers of the series in b.Extra.
func (e *Encoder) number(b *Block) {
	id := -1
	for i := range b.Extra {
		id = e.book.id(b.Extra[i].Series, id)
		e.ids = append(e.ids, id)
	}
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
		if value := math.Float64bits(x.Value); value == staleMarker {
			out.put(1, 1)
		} else {
			out.put(0, 1)
			e.values.value(id, value)
		}
		next, time = id+1, x.Time
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

// extra reads samples outside the column of a block. It reports false if they
// are of series that nobody has described.
func (d *Decoder) extra(b *Block) bool {
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
		value := uint64(staleMarker)
		if !in.flag() {
			value = d.values.value(next)
		}
		b.Extra[i] = Sample{Series: d.series[next], Time: time, Value: math.Float64frombits(value)}
		next++
	}
	return true
}

func (d *Decoder) time(block int64) int64 {
	if at := int(d.values.in.take(recentWide)); at != recentNone {
		return d.recent.times[at]
	}
	time := block + unzigzag(d.values.in.number())
	d.recent.add(time)
	return time
}
