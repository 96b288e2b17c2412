package buffer

import "slices"

// blocks reads all of the blocks but their samples, and makes room for these.
func (d *Decoder) blocks(t *Tick) bool {
	n := d.in.count(min(len(d.in.rest()), maxBlocks))
	d.placed, d.packed = d.placed[:0], d.packed[:0]
	t.Blocks = make([]Block, 0, min(n, 256))
	source := -1
	for range n {
		var b Block
		if !d.block(&b, t, source) || d.in.bad {
			return false
		}
		source = b.Source
		t.Blocks = append(t.Blocks, b)
	}
	return !d.in.bad
}

// block reads a block but for its samples.
func (d *Decoder) block(b *Block, t *Tick, before int) bool {
	h, more := d.in.byte(), byte(0)
	if h&headMore != 0 {
		more = d.in.byte()
	}
	if more&moreUnknown != 0 || h&headMore != 0 && d.version == firstVersion {
		return false
	}
	b.Source, b.Time = before+1, t.Time
	if h&headSource != 0 {
		b.Source = int(d.in.varint())
	}
	if h&headTime != 0 {
		b.Time += d.in.varint()
	}
	p, ok := d.layout(h, b.Source)
	if !ok || !d.room(b, p.layout, h) {
		return false
	}
	d.placed = append(d.placed, p)
	d.values.add(len(d.series) - len(d.values.heat))
	return d.aside(b, more)
}

// room makes room for the samples of a block.
func (d *Decoder) room(b *Block, l *Layout, h byte) bool {
	extra, column := 0, 0
	if h&headExtra != 0 {
		extra = d.in.count(8 * len(d.in.rest()) / extraBits)
	}
	if l != nil {
		column = len(l.Series)
	}
	if d.budget.samples -= column + extra; d.budget.samples < 0 {
		return false
	}
	if b.Layout = l; l != nil {
		b.Values = make([]float64, column)
	}
	if extra > 0 {
		b.Extra = make([]Sample, extra)
	}
	return true
}

// aside reads the parts that m tells of. The histograms are left as they are
// until it is known whose they are.
func (d *Decoder) aside(b *Block, more byte) bool {
	var packed []byte
	if more&moreHistograms != 0 {
		packed = d.in.bytes(d.in.count(len(d.in.rest())))
	}
	d.packed = append(d.packed, packed)
	return more&moreExemplars == 0 || d.exemplars(b)
}

// layout reads what a block says of its layout, and the series it describes.
func (d *Decoder) layout(h byte, source int) (p placed, ok bool) {
	s, old := d.shelves[source], d.old[source]
	if s == nil && (h&headWhole != 0 || h&headLayout == layoutNew) {
		s = new(shelf)
		d.shelves[source] = s
	}
	if h&headWhole != 0 {
		if p, ok = d.wholeLayout(old); !ok {
			return p, false
		}
		s.put(p)
	}
	first := len(d.series)
	if h&headSeries != 0 && !d.describe(0, old) {
		return p, false
	}
	d.stray(source, d.series[first:])
	switch h & headLayout {
	case layoutNone:
		return placed{}, true
	case layoutLast:
		p, ok = s.at(-1)
	case layoutPlace:
		p, ok = s.at(int(d.in.byte()))
	default:
		if p, ok = d.runs(old); ok {
			s.put(p)
		}
	}
	delete(d.old, source)
	return p, ok
}

// stray remembers the series of a source that stand beside whole layouts.
func (d *Decoder) stray(source int, series []*Series) {
	if len(series) > 0 {
		d.loose[source] = append(d.loose[source], series...)
	}
}

// at returns the layout at a place, or the one used last if place is -1.
func (s *shelf) at(place int) (p placed, ok bool) {
	if s == nil || place >= shelfSize {
		return p, false
	}
	if place >= 0 {
		s.last = place
	}
	p = s.slots[s.last]
	return p, p.layout != nil
}

// describe reads descriptions of series, which refer to none before floor. Those
// that are in old too are taken from there.
func (d *Decoder) describe(floor int, old former) bool {
	n := d.in.uvarint()
	counts := d.in.count(d.budget.text)
	size := counts + d.in.count(d.budget.text)
	var raw []byte
	if packed := d.in.count(len(d.in.rest())); packed > 0 {
		raw = inflate(d.in.bytes(packed), size)
	} else {
		raw = d.in.bytes(size)
	}
	if d.in.bad || len(raw) != size || n > uint64(counts) {
		return false
	}
	p := parser{
		in:     scanner{buf: raw[:counts]},
		texts:  raw[counts:],
		series: d.series,
		floor:  floor,
		intern: interner{old: old},
		budget: d.budget.text,
		starts: d.version != firstVersion,
	}
	if !p.parse(int(n)) {
		return false
	}
	d.series, d.budget.text = p.series, p.budget
	return true
}

// wholeLayout reads a layout whose series are all described with it.
func (d *Decoder) wholeLayout(old former) (placed, bool) {
	first, start := len(d.series), d.in.at
	l := d.known()
	if l != nil {
		d.series = appendKnown(d.series, l, old)
	} else if !d.describe(first, old) {
		return placed{}, false
	}
	switch series := d.series[first:]; {
	case isOf(old.layout, series):
		l = old.layout
	case !isOf(l, series):
		l = NewLayout(slices.Clone(series))
	}
	d.whole[string(d.in.buf[start:d.in.at])] = l
	n := len(l.Series)
	d.budget.placed -= n
	return placed{l, []run{{first, n}}}, d.budget.placed >= 0
}

// appendKnown appends the series of l to dst, but those that are in old too from
// there: these have been given out last.
func appendKnown(dst []*Series, l *Layout, old former) []*Series {
	if old.layout == nil || old.layout == l {
		return append(dst, l.Series...)
	}
	in := interner{old: old}
	for _, s := range l.Series {
		dst = append(dst, in.ofKnown(s))
	}
	return dst
}

// known returns the layout that was described by the same bytes before, if
// there is one, and passes over them.
func (d *Decoder) known() *Layout {
	in := d.in
	in.uvarint()
	size := in.count(maxText) + in.count(maxText)
	if packed := in.count(maxText); packed > 0 {
		size = packed
	}
	if in.bytes(size); in.bad {
		return nil
	}
	bytes := in.buf[d.in.at:in.at]
	l := d.whole[string(bytes)]
	if l == nil {
		l = d.before[string(bytes)]
	}
	if l != nil {
		d.in = in
	}
	return l
}

// isOf tells whether a layout, which may be nil, is of just these series.
func isOf(l *Layout, series []*Series) bool { return l != nil && slices.Equal(l.Series, series) }

// runs reads a layout of series described before. It is the old one if that is
// the same.
func (d *Decoder) runs(old former) (p placed, ok bool) {
	var series []*Series
	end := 0
	for range d.in.count(len(d.in.rest())) {
		first := end + int(d.in.varint())
		n := d.in.count(len(d.series))
		if d.budget.placed -= n; first < 0 || first > len(d.series)-n || d.budget.placed < 0 {
			return p, false
		}
		end = first + n
		series = append(series, d.series[first:end]...)
		p.runs = append(p.runs, run{first, n})
	}
	if p.layout = old.layout; !isOf(p.layout, series) {
		p.layout = NewLayout(series)
	}
	return p, !d.in.bad
}
