package buffer

import "math"

// Decoder turns records back into ticks. The zero value is ready for use, by
// one goroutine.
//
// Ticks share series and layouts: what did not change from one tick to the next
// is the same pointer, over key records too. Ticks are the caller's to keep but
// not to change.
type Decoder struct {
	values  valueReader
	patches patchReader
	series  []*Series

	version byte // of the records since the last key record
	ready   bool // the records since a key record have been read
	ticks   int
	chain   chain

	shelves map[int]*shelf
	recent  recent
	budget  budget
	in      scanner
	tick    *Tick

	// What the records of the group before and of this one said of whole
	// layouts. Key records most often say the same again.
	before, whole map[string]*Layout
	old           map[int]former    // by source
	loose         map[int][]*Series // by source, described beside whole layouts
	placed        []placed          // of the blocks of this tick
	packed        [][]byte          // patches of the blocks' histograms; nil where there are none
	gaps          []uint64

	small bool // limits for tests
}

// budget is what the records since a key record may still make the decoder
// allocate; samples and opaque are for one tick.
type budget struct{ text, placed, samples, opaque int }

// Decode returns the tick of a record; key tells whether it is a key record.
// rec is not retained. After an error, which is a *[RecordError], it takes
// nothing but a key record.
func (d *Decoder) Decode(rec []byte, key bool) (*Tick, error) {
	d.in = scanner{buf: rec}
	err := ErrNoKey
	switch {
	case key && len(rec) > 1 && rec[1] != formatVersion && rec[1] != firstVersion:
		err = ErrVersion
	case key:
		d.restart()
		err = d.decode(d.keyHead)
	case d.ready:
		err = d.decode(d.head)
	}
	t := d.tick
	d.tick = nil
	if d.ready = err == nil; err != nil {
		return nil, &RecordError{d.in.at, err}
	}
	d.chain.follow(t, key)
	d.ticks++
	return t, nil
}

func (d *Decoder) restart() {
	d.old = make(map[int]former, len(d.shelves))
	for source, s := range d.shelves {
		d.old[source] = former{layout: s.slots[s.last].layout}
	}
	for source, loose := range d.loose {
		d.old[source] = former{d.old[source].layout, loose}
	}
	d.loose = make(map[int][]*Series, len(d.loose))
	clear(d.series)
	d.series, d.ticks = d.series[:0], 0
	d.values.forecasts.reset()
	d.patches.reset()
	d.shelves = make(map[int]*shelf, len(d.shelves))
	d.before, d.whole = d.whole, make(map[string]*Layout)
	d.budget = budget{text: maxText, placed: maxPlaced}
	if d.small {
		d.budget = budget{text: 1 << 20, placed: 1 << 16}
	}
}

func (d *Decoder) decode(head func(*Tick) bool) error {
	d.tick = new(Tick)
	d.budget.samples, d.budget.opaque = maxSamples, maxOpaque
	if d.small {
		d.budget.samples, d.budget.opaque = 1<<16, 1<<20
	}
	if !head(d.tick) || !d.blocks(d.tick) || !d.samples(d.tick) {
		return ErrRecord
	}
	return nil
}

func (d *Decoder) keyHead(t *Tick) bool {
	ok := d.in.byte() == 0
	if v := d.in.byte(); v != d.version {
		d.version, d.before = v, nil // the same bytes may say something else now
	}
	t.Seq, t.Time, t.Base = d.in.uvarint(), d.in.varint(), d.in.uvarint()
	return ok && !d.in.bad
}

func (d *Decoder) head(t *Tick) bool {
	ok := d.in.byte() == ordinal(d.ticks)
	t.Seq = d.chain.seq + 1 + uint64(d.in.varint())
	t.Time = d.chain.time + d.chain.interval + d.in.varint()
	t.Base = d.chain.end + uint64(d.in.varint())
	return ok && !d.in.bad
}

// samples reads the gaps and the samples of all blocks.
func (d *Decoder) samples(t *Tick) bool {
	d.gaps = d.gaps[:0]
	for range d.in.count(len(d.in.rest())) {
		d.gaps = append(d.gaps, uint64(d.in.count(math.MaxInt32)))
	}
	if d.in.bad {
		return false
	}
	d.values.gaps = d.gaps
	d.values.begin(d.in.rest())
	d.recent = recent{}
	for i := range t.Blocks {
		b := &t.Blocks[i]
		values := b.Values
		for _, r := range d.placed[i].runs {
			d.values.column(r.first, values[:r.n])
			values = values[r.n:]
		}
		if !d.extra(b, d.packed[i]) {
			return false
		}
	}
	return d.values.ok()
}
