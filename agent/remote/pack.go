package remote

import (
	"github.com/golang/snappy"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// batch is one WriteRequest, ready to be sent. Its bytes belong to the packer and
// are valid until the packer makes the next one.
type batch struct {
	message []byte // the WriteRequest
	body    []byte // the same in snappy's block format
	samples int
}

// packer packs a window into batches. It reuses its memory from batch to batch.
type packer struct {
	own     limits // as configured, and as the receiver has taught
	current limits // of the window being packed

	group grouper
	next  draft
	body  []byte
}

// limits are those of one request.
type limits struct {
	samples int
	bytes   int // before compression
}

// draft is the batch being filled.
type draft struct {
	encoded         []byte
	series, samples int
	family          *buffer.Family
	start           mark // where the family being added begins
}

// mark is a place in a draft.
type mark struct{ bytes, series, samples int }

// newPacker makes a packer whose batches hold at most maxSamples samples and at
// most maxBytes bytes, compressed, unless a single sample is larger.
func newPacker(maxSamples, maxBytes int) *packer {
	return &packer{own: limits{samples: maxSamples, bytes: decodedLimit(maxBytes)}}
}

// limits are those for the next window.
func (p *packer) limits() limits { return p.own }

// minDecoded is the smallest limit of a batch, in bytes before compression.
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

// pack calls send with one batch after the other until the window is packed, or
// send returns an error. The same window and the same limits make the same
// batches.
func (p *packer) pack(window []*buffer.Tick, by limits, send func(batch) error) error {
	p.current = by
	p.next = draft{encoded: p.next.encoded[:0]}
	err := p.group.each(window, func(s *buffer.Series, samples []proto.Sample) error {
		return p.add(s, samples, send)
	})
	if err != nil || p.next.series == 0 {
		return err
	}
	return p.flush(p.next.end(), send)
}

// add puts a series into the draft. Where it does not fit, what is complete is
// sent first: the families before, or, if a family is larger than a batch, the
// series before, or the samples before.
func (p *packer) add(s *buffer.Series, samples []proto.Sample, send func(batch) error) error {
	d := &p.next
	if s.Family != d.family {
		d.family, d.start = s.Family, d.end()
	}
	for len(samples) > 0 {
		n := p.fitting(s, samples)
		if n == len(samples) || n > 0 && d.series == 0 {
			d.encoded = proto.AppendTimeSeries(d.encoded, s.Labels, samples[:n])
			d.series++
			d.samples += n
			samples = samples[n:]
			continue
		}
		cut := d.start
		if cut.series == 0 {
			cut = d.end()
		}
		if err := p.flush(cut, send); err != nil {
			return err
		}
	}
	return nil
}

// fitting tells how many of the samples the draft still has room for. An empty
// draft has room for one at least, however large it is.
func (p *packer) fitting(s *buffer.Series, samples []proto.Sample) int {
	d := &p.next
	n := min(len(samples), p.current.samples-d.samples)
	for n > 0 && len(d.encoded)+proto.TimeSeriesLen(s.Labels, samples[:n]) > p.current.bytes {
		n /= 2
	}
	if n == 0 && d.series == 0 {
		return 1
	}
	return n
}

// flush sends the draft up to the mark and keeps the rest.
func (p *packer) flush(upTo mark, send func(batch) error) error {
	d := &p.next
	p.body = snappy.Encode(p.body[:cap(p.body)], d.encoded[:upTo.bytes])
	err := send(batch{message: d.encoded[:upTo.bytes], body: p.body, samples: upTo.samples})
	d.encoded = d.encoded[:copy(d.encoded, d.encoded[upTo.bytes:])]
	d.series -= upTo.series
	d.samples -= upTo.samples
	d.start = mark{}
	return err
}

// shrink lowers the limit of later windows' batches to n bytes before
// compression: the receiver takes no larger ones.
func (p *packer) shrink(n int) {
	p.own.bytes = max(min(p.own.bytes, n), minDecoded)
}

// release lets go of the window that has been packed.
func (p *packer) release() {
	p.group.release()
	p.next.family = nil
}

func (d *draft) end() mark { return mark{len(d.encoded), d.series, d.samples} }
