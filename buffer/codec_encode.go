package buffer

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Encoder turns ticks into records. Each builds on those before it, so that a
// series costs nothing while it does what is expected of it. The zero value is
// ready for use, by one goroutine.
//
// The format of records is described at formatVersion. The parts of a record
// and their files: the head and the blocks (codec_encode.go, codec_decode.go,
// codec_blocks.go), layouts (codec_shelf.go), descriptions of series
// (codec_book.go, codec_describe.go, codec_parse.go), values (codec_value.go,
// and what they are compared with: codec_forecast.go, codec_unit.go), samples
// outside columns (codec_extra.go), histograms (codec_histogram.go), exemplars
// (codec_exemplar.go).
type Encoder struct {
	values  valueWriter
	patches patchWriter
	book    book

	started bool
	ticks   int // since the last key record, with it
	chain   chain

	shelves map[int]*shelf // by source
	placed  []placed       // of the blocks of this tick
	ids     []int          // of the extra samples of this tick
	others  []int          // of the exemplars of one block
	recent  recent
}

// chain foretells the head of the next tick.
type chain struct {
	seq      uint64
	time     int64
	interval int64
	end      uint64
}

func (c *chain) follow(t *Tick, key bool) {
	c.interval = t.Time - c.time
	if key {
		c.interval = 0
	}
	c.seq, c.time, c.end = t.Seq, t.Time, t.End()
}

// Encode appends the record of t to dst. It is a key record if key is set, and
// now and then because the encoder finds that it is time; isKey tells. Columns
// must be as long as their layouts.
func (e *Encoder) Encode(dst []byte, t *Tick, key bool) (out []byte, isKey bool) {
	if key = key || !e.started || e.ticks >= keyInterval || e.book.worn(); key {
		e.restart()
	}
	dst = e.head(dst, t, key)
	e.chain.follow(t, key)
	e.ticks++

	e.values.begin()
	e.placed, e.ids = e.placed[:0], e.ids[:0]
	dst = binary.AppendUvarint(dst, uint64(len(t.Blocks)))
	source := -1
	for i := range t.Blocks {
		dst = e.block(dst, t, &t.Blocks[i], source)
		source = t.Blocks[i].Source
	}
	e.samples(t)
	dst = binary.AppendUvarint(dst, e.values.nGaps)
	dst = append(dst, e.values.gaps...)
	if key {
		e.book.atKey = len(e.book.series)
	}
	e.book.rest()
	return append(dst, e.values.out.bytes()...), key
}

// Reset makes the next record a key record. It is called when a record was not
// kept, because those that follow would need it.
func (e *Encoder) Reset() { e.started = false }

func (e *Encoder) restart() {
	e.started, e.ticks = true, 0
	e.values.forecasts.reset()
	e.patches.reset()
	e.book.reset()
	before := e.shelves
	e.shelves = make(map[int]*shelf, len(before))
	for source, s := range before {
		if !s.empty() {
			e.shelves[source] = &shelf{base: s.base}
		}
	}
}

func (e *Encoder) head(dst []byte, t *Tick, key bool) []byte {
	if key {
		dst = append(dst, 0, formatVersion)
		dst = binary.AppendUvarint(dst, t.Seq)
		dst = binary.AppendVarint(dst, t.Time)
		return binary.AppendUvarint(dst, t.Base)
	}
	c := &e.chain
	dst = append(dst, ordinal(e.ticks))
	dst = binary.AppendVarint(dst, int64(t.Seq-c.seq-1))
	dst = binary.AppendVarint(dst, t.Time-c.time-c.interval)
	return binary.AppendVarint(dst, int64(t.Base-c.end))
}

// ordinal is the first byte of the record that n others of its group precede.
func ordinal(n int) byte {
	if n == 0 {
		return 0
	}
	return byte((n-1)%math.MaxUint8 + 1)
}

// block writes all of a block but its samples.
func (e *Encoder) block(dst []byte, t *Tick, b *Block, before int) []byte {
	if b.Layout == nil && len(b.Values) > 0 || b.Layout != nil && len(b.Values) != len(b.Layout.Series) {
		panic(fmt.Sprintf("BUG: a column of %d values is not as long as its layout", len(b.Values)))
	}
	at := len(dst)
	var head byte
	dst = append(dst, 0)
	more := b.more()
	if more > 0 {
		head |= headMore
		dst = append(dst, more)
	}
	dst, origin := appendOrigin(dst, t, b, before)
	head |= origin
	e.book.begin()
	how, dst, p := e.layout(dst, b)
	e.number(b)
	if e.book.count > 0 {
		head |= headSeries
		dst = e.book.appendTo(dst)
	}
	switch how & headLayout {
	case layoutPlace:
		dst = append(dst, byte(e.shelves[b.Source].last))
	case layoutNew:
		dst = appendRuns(dst, p.runs)
	}
	head |= how
	if len(b.Extra) > 0 {
		head |= headExtra
		dst = binary.AppendUvarint(dst, uint64(len(b.Extra)))
	}
	dst = e.aside(dst, b, more)
	e.values.add(len(e.book.series) - len(e.values.heat))
	e.placed = append(e.placed, p)
	dst[at] = head
	return dst
}

// appendOrigin appends the source and the time of a block where they are not as
// expected.
func appendOrigin(dst []byte, t *Tick, b *Block, before int) (out []byte, head byte) {
	if b.Source != before+1 {
		head |= headSource
		dst = binary.AppendVarint(dst, int64(b.Source))
	}
	if b.Time != t.Time {
		head |= headTime
		dst = binary.AppendVarint(dst, b.Time-t.Time)
	}
	return dst, head
}

// more says which parts a block has that few have.
func (b *Block) more() (more byte) {
	if b.hasHistograms() {
		more |= moreHistograms
	}
	if len(b.Exemplars) > 0 {
		more |= moreExemplars
	}
	return more
}

// aside writes these parts.
func (e *Encoder) aside(dst []byte, b *Block, more byte) []byte {
	ids := e.ids[len(e.ids)-len(b.Extra):]
	if more&moreHistograms != 0 {
		dst = e.patches.append(dst, b, ids)
	}
	if more&moreExemplars != 0 {
		dst = appendExemplars(dst, b, e.others)
	}
	return dst
}

func (e *Encoder) shelf(source int) *shelf {
	s := e.shelves[source]
	if s == nil {
		s = new(shelf)
		e.shelves[source] = s
	}
	return s
}

// layout finds the layout of b or puts it on the shelf. A layout that is whole,
// or the one that a new layout is compared with, is described at once.
func (e *Encoder) layout(dst []byte, b *Block) (how byte, out []byte, p placed) {
	l := b.Layout
	if l == nil {
		return layoutNone, dst, placed{}
	}
	s := e.shelf(b.Source)
	if s.slots[s.last].layout == l {
		return layoutLast, dst, s.slots[s.last]
	}
	if at := s.find(l); at >= 0 {
		s.last = at
		return layoutPlace, dst, s.slots[at]
	}
	if s.empty() {
		how = headWhole
		s.base = e.book.base(l, s.base)
		s.put(placed{s.base, []run{{len(e.book.series), len(s.base.Series)}}})
		dst = e.book.appendWhole(dst, s.base)
		if s.base == l {
			return how | layoutLast, dst, s.slots[s.last]
		}
	}
	p = placed{l, e.book.place(l)}
	s.put(p)
	return how | layoutNew, dst, p
}

func appendRuns(dst []byte, runs []run) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(runs)))
	end := 0
	for _, r := range runs {
		dst = binary.AppendVarint(dst, int64(r.first-end))
		dst = binary.AppendUvarint(dst, uint64(r.n))
		end = r.first + r.n
	}
	return dst
}
