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
	family *buffer.Family
	start  mark             // where the family being added begins
	store  []proto.Sample   // of the pieces, which would lose them otherwise
	spare  []proto.Sample   // takes turns with store
	series proto.TimeSeries // being measured
	about  proto.Metadata   // its family
}

// mark is a place in a draft.
type mark struct{ pieces, samples, size int }

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
// pieces before, or the samples before.
func (p *packer) add(x piece, send func(part) error) error {
	d := &p.next
	if x.series.Family != d.family {
		d.begin(x.series.Family)
	}
	for {
		n, size := p.fitting(&x)
		if n == x.count() {
			d.add(x, size)
			return nil
		}
		if n > 0 && len(d.pieces) == 0 {
			first, rest := x.cut(n)
			d.add(first, size)
			x = rest
			continue
		}
		cut := d.start
		if cut.pieces == 0 {
			cut = d.end()
		}
		if err := p.flush(cut, send); err != nil {
			return err
		}
		if len(d.pieces) == 0 {
			d.begin(d.family)
		}
	}
}

// fitting tells how many samples of a piece the draft still has room for, and
// what they add to its size. An empty draft has room for one at least, however
// large it is.
func (p *packer) fitting(x *piece) (n, size int) {
	d := &p.next
	least := 0
	if len(d.pieces) == 0 {
		least = 1
	}
	n = max(min(x.count(), p.current.samples-d.samples), least)
	for n > 0 {
		size = d.sizeOf(x, n)
		if d.size+size <= p.current.bytes || n == least {
			break
		}
		n = max(n/2, least)
	}
	return n, size
}

// flush sends the draft up to the mark and keeps the rest.
func (p *packer) flush(upTo mark, send func(part) error) error {
	d := &p.next
	err := send(part{pieces: d.pieces[:upTo.pieces], samples: upTo.samples, size: upTo.size})
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

// begin begins a family, whose description every part of it may have to hold.
func (d *draft) begin(f *buffer.Family) {
	d.family, d.start = f, d.end()
	d.about = describe(f)
	d.series.Metadata = &d.about
	d.size += d.about.SizeBound()
}

func (d *draft) end() mark { return mark{len(d.pieces), d.samples, d.size} }

func (d *draft) reset() {
	clear(d.pieces)
	d.part = part{pieces: d.pieces[:0]}
	d.family, d.start, d.store = nil, mark{}, d.store[:0]
}

// sizeOf is how much the first n samples of a piece would add to a message.
func (d *draft) sizeOf(x *piece, n int) int {
	if n == x.count() {
		x.put(&d.series)
	} else {
		first, _ := x.cut(n)
		first.put(&d.series)
	}
	return d.series.SizeBound()
}

// add adds a piece of a known size. Its samples are copied.
func (d *draft) add(x piece, size int) {
	d.samples += x.count()
	d.size += size
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
	d.samples -= upTo.samples
	d.size -= upTo.size
	d.start = mark{}
}
