package remote

import (
	"github.com/golang/snappy"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// packer packs a window into parts, each for a request of its own. It knows
// nothing of the protocol that they will be written in, so that a change of that
// changes none of them. It reuses its memory from part to part.
type packer struct {
	own     limits // as configured, and as the receiver has taught
	current limits // of the window being packed

	group grouper
	next  draft
}

// limits are those of one request.
type limits struct {
	samples int
	bytes   int // of the message, at most
}

// draft is the part being filled.
type draft struct {
	part
	family *buffer.Family // the last
	start  mark           // where it begins
	store  []proto.Sample // of single series, which would lose them otherwise
	spare  []proto.Sample // takes turns with store
}

// mark is a place in a draft.
type mark struct{ pieces, series, samples, size int }

// newPacker makes a packer whose parts hold at most maxSamples samples and become
// requests of at most maxBytes bytes, compressed, unless a single sample is
// larger.
func newPacker(maxSamples, maxBytes int) *packer {
	return &packer{own: limits{samples: maxSamples, bytes: decodedLimit(maxBytes)}}
}

// limits are those for the next window.
func (p *packer) limits() limits { return p.own }

// minDecoded is the smallest limit of a request, in bytes before compression.
const minDecoded = 1 << 10

// decodedLimit is the number of bytes that snappy can never turn into more than
// maxBytes.
func decodedLimit(maxBytes int) int {
	n := maxBytes
	for n > 1 && snappy.MaxEncodedLen(n) > maxBytes {
		n -= max((snappy.MaxEncodedLen(n)-maxBytes)/2, 1)
	}
	return n
}

// pack calls send with one part after the other until the window is packed, or
// send returns an error. The same window and the same limits make the same
// parts.
func (p *packer) pack(window []*buffer.Tick, by limits, send func(part) error) error {
	p.current = by
	p.next.reset()
	err := p.group.each(window, func(x piece) error { return p.add(x, send) })
	if err != nil || len(p.next.pieces) == 0 {
		return err
	}
	return p.flush(p.next.end(), send)
}

// add puts a piece into the draft. Where it does not fit, what is complete is
// sent first: the families before, or, if a family is larger than a request, the
// series before, or the samples before.
func (p *packer) add(x piece, send func(part) error) error {
	d := &p.next
	for {
		if n := p.fitting(&x); n > 0 {
			first, rest := x.split(n)
			d.add(first)
			if n == x.width() {
				return nil
			}
			x = rest
		} else if len(d.pieces) == 0 {
			long, rest := x.split(1)
			if err := p.addLong(long, send); err != nil || x.width() == 1 {
				return err
			}
			x = rest
			continue
		}
		cut := d.end()
		if x.at(0).Family == d.family && d.start.pieces > 0 {
			cut = d.start
		}
		if err := p.flush(cut, send); err != nil {
			return err
		}
	}
}

// addLong puts a single series into the draft, which is empty and too small for
// it, as many of its samples as fit at a time.
func (p *packer) addLong(x piece, send func(part) error) error {
	n := min(x.depth()-1, p.current.samples)
	first, rest := x.cut(n)
	for n > 1 && p.fitting(&first) == 0 {
		n /= 2
		first, rest = x.cut(n)
	}
	p.next.add(first)
	return p.add(rest, send)
}

// fitting tells how many series of a piece the draft still has room for. An empty
// draft has room for a sample, however large it is.
func (p *packer) fitting(x *piece) int {
	d := &p.next
	room := p.current.bytes - d.size
	if !d.covers(x) {
		about := describe(x.at(0).Family)
		room -= about.SizeBound()
	}
	n := min(x.within(room), (p.current.samples-d.samples)/x.depth())
	if len(d.pieces) == 0 && x.depth() == 1 {
		n = max(n, 1)
	}
	return n
}

// flush sends the draft up to the mark and keeps the rest.
func (p *packer) flush(upTo mark, send func(part) error) error {
	d := &p.next
	err := send(part{pieces: d.pieces[:upTo.pieces], series: upTo.series, samples: upTo.samples, size: upTo.size})
	d.drop(upTo)
	return err
}

// shrink lowers the limit of later windows' requests to n bytes before
// compression: the receiver takes no larger ones.
func (p *packer) shrink(n int) {
	p.own.bytes = max(min(p.own.bytes, n), minDecoded)
}

// release lets go of the window that has been packed.
func (p *packer) release() {
	p.group.release()
	p.next.reset()
}

func (d *draft) end() mark { return mark{len(d.pieces), d.series, d.samples, d.size} }

func (d *draft) reset() {
	clear(d.pieces)
	d.part = part{pieces: d.pieces[:0]}
	d.family, d.start, d.store = nil, mark{}, d.store[:0]
}

// covers tells whether the description of the piece's first family is in the
// draft's size, or in the piece's.
func (d *draft) covers(x *piece) bool {
	return x.at(0).Family == d.family || x.describesFirst()
}

// add adds a piece, the last family apart: the draft may be sent up to it. Every
// part of a family may have to hold its description.
func (d *draft) add(x piece) {
	if n := x.lastFamily(); n > 0 {
		before, last := x.split(n)
		d.append(before)
		x = last
	}
	d.append(x)
}

// append adds a piece. The samples of a single series are copied.
func (d *draft) append(x piece) {
	covered := d.covers(&x)
	if f := x.at(0).Family; f != d.family {
		d.family, d.start = f, d.end()
	}
	if !covered {
		about := describe(d.family)
		d.size += about.SizeBound()
	}
	d.series += x.width()
	d.samples += x.count()
	d.size += x.size()
	x.samples = d.keep(x.samples)
	d.pieces = append(d.pieces, x)
}

func (d *draft) keep(samples []proto.Sample) []proto.Sample {
	at := len(d.store)
	d.store = append(d.store, samples...)
	return d.store[at:len(d.store):len(d.store)]
}

// drop takes away what stands before the mark.
func (d *draft) drop(upTo mark) {
	d.store, d.spare = d.spare[:0], d.store
	rest := d.pieces[upTo.pieces:]
	for i := range rest {
		rest[i].samples = d.keep(rest[i].samples)
	}
	n := copy(d.pieces, rest)
	clear(d.pieces[n:])
	d.pieces = d.pieces[:n]
	d.series -= upTo.series
	d.samples -= upTo.samples
	d.size -= upTo.size
	d.start = mark{}
	if n == 0 {
		d.family = nil
	}
}
