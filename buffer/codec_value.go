package buffer

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	// riceMost is the first quotient of a Rice code that is not written in
	// unary: so many ones lead to another code.
	riceMost = 12

	unitBitsWide = 4 // bits that name a unit
)

// valueWriter writes values as what they differ from their forecasts.
type valueWriter struct {
	forecasts
	out bitWriter

	gaps  []byte // see column
	gap   uint64
	nGaps uint64
}

func (w *valueWriter) begin() {
	w.out.reset()
	w.gaps, w.gap, w.nGaps = w.gaps[:0], 0, 0
}

// column writes the values of series in a row, numbered from id.
//
// Those with heat have a bit that says whether they were expected. The others
// have none: instead, for each that was not expected, the number of cold ones
// that were, since the one before, is put down in gaps.
func (w *valueWriter) column(id int, values []float64) {
	last := w.bits[id:][:len(values)]
	heat := w.heat[id:][:len(values)]
	for i, v := range values {
		value := math.Float64bits(v)
		switch {
		case heat[i] != 0:
			w.value(id+i, value)
		case value == last[i]:
			w.gap++
		default:
			w.gaps = binary.AppendUvarint(w.gaps, w.gap)
			w.gap = 0
			w.nGaps++
			w.surprise(id+i, w.of[id+i].fit(value), 0)
		}
	}
}

// value writes one value with the bit that says whether it was expected.
func (w *valueWriter) value(id int, value uint64) {
	of := &w.of[id]
	want, _ := w.expected(id)
	p := parts{value, of.last, int64(of.ulps), of.unit != unitNone || value == 0}
	if value != w.bits[id] {
		p = of.fit(value)
	}
	if p.fits && p.n == want && p.ulps == int64(of.ulps) {
		w.out.put(0, 1)
		w.hit(id, p.n, value)
		return
	}
	w.surprise(id, p, 1)
}

// surprise writes a value that differs from its forecast, after lead ones, which
// cost nothing: the code begins with ones of its own.
func (w *valueWriter) surprise(id int, p parts, lead uint) {
	of := &w.of[id]
	if !p.fits {
		w.out.ones(lead)
		w.anew(id, p.value)
		return
	}
	want, _ := w.expected(id)
	z := zigzag(p.n - want)
	low := of.low()
	if q := z >> low; q < riceMost {
		ones := uint(q) + lead
		w.out.put(1<<ones-1, ones+1)
		w.out.put(z&(1<<low-1), low)
	} else {
		w.out.put(1<<(riceMost+lead)-1, riceMost+lead+1)
		w.out.number(z)
	}
	if of.odd {
		w.out.small(zigzag(p.ulps - int64(of.ulps)))
	}
	w.miss(id, p.n, p.ulps, p.value, z)
}

// anew writes a value in a unit of its own, which the series then has.
func (w *valueWriter) anew(id int, value uint64) {
	old := &w.of[id]
	if old.unit != unitNone {
		w.out.ones(riceMost + 1)
	}
	u := unitFor(value, old.unit)
	n, ulps, _ := u.split(value)
	fresh := forecast{last: n, ulps: int32(ulps), unit: u, odd: ulps != 0}
	w.out.put(uint64(u), unitBitsWide)
	w.out.number(zigzag(n - old.lastIn(u, w.bits[id])))
	if fresh.odd {
		w.out.put(1, 1)
		w.out.small(zigzag(ulps))
	} else {
		w.out.put(0, 1)
	}
	w.forecasts.anew(id, fresh, value)
}

// parts is a value in the unit of its series.
type parts struct {
	value   uint64
	n, ulps int64
	fits    bool // otherwise the series should have another unit
}

// fit writes a value in the unit of the series.
func (of *forecast) fit(value uint64) parts {
	switch of.unit {
	case unitNone:
		return parts{value: value}
	case unitBits:
		return parts{value, int64(value), 0, special(value) || !special(uint64(of.last))}
	}
	n, ulps, ok := of.unit.split(value)
	return parts{value, n, ulps, ok && (ulps == 0 || of.odd)}
}

// lastIn is the last value, with these bits, in another unit; 0 if that cannot
// be.
func (of *forecast) lastIn(u unit, value uint64) int64 {
	if of.unit == unitNone {
		return 0
	}
	n, _, ok := u.split(value)
	if !ok {
		return 0
	}
	return n
}

// valueReader is the inverse of valueWriter.
type valueReader struct {
	forecasts
	in bitReader

	gaps []uint64
	cold uint64 // cold series until the next that was not expected
	bad  bool   // something was read that no valueWriter writes
}

// begin prepares for values whose gaps have been read into r.gaps.
func (r *valueReader) begin(packed []byte) {
	r.in.reset(packed)
	r.bad = false
	r.nextGap()
}

func (r *valueReader) nextGap() {
	if len(r.gaps) == 0 {
		r.cold = math.MaxUint64
		return
	}
	r.cold, r.gaps = r.gaps[0], r.gaps[1:]
}

// ok tells whether the values read were exactly those that had been written.
func (r *valueReader) ok() bool {
	return !r.bad && r.in.ok() && len(r.gaps) == 0 && r.cold > math.MaxUint64/2
}

// column reads the values of series in a row, numbered from id.
func (r *valueReader) column(id int, values []float64) {
	last := r.bits[id:][:len(values)]
	heat := r.heat[id:][:len(values)]
	for i := range values {
		value := last[i]
		switch {
		case heat[i] != 0:
			value = r.value(id + i)
		case r.cold > 0:
			r.cold--
		default:
			r.nextGap()
			value = r.surprise(id + i)
		}
		values[i] = math.Float64frombits(value)
	}
}

func (r *valueReader) value(id int) uint64 {
	if r.in.flag() {
		return r.surprise(id)
	}
	of := &r.of[id]
	value := r.bits[id]
	n, same := r.expected(id)
	if !same {
		value = of.unit.join(n, int64(of.ulps))
	}
	r.hit(id, n, value)
	return value
}

func (r *valueReader) surprise(id int) uint64 {
	of := &r.of[id]
	if of.unit == unitNone {
		return r.anew(id)
	}
	var z uint64
	low := of.low()
	if q := uint(bits.TrailingZeros64(^r.in.peek())); q < riceMost {
		r.in.pos += q + 1
		z = uint64(q)<<low | r.in.take(low)
	} else {
		r.in.pos += riceMost
		if r.in.flag() {
			return r.anew(id)
		}
		z = r.in.number()
	}
	want, _ := r.expected(id)
	n, ulps := want+unzigzag(z), int64(of.ulps)
	if of.odd {
		ulps += unzigzag(r.in.small())
	}
	value := of.unit.join(n, ulps)
	r.miss(id, n, ulps, value, z)
	return value
}

func (r *valueReader) anew(id int) uint64 {
	u := unit(r.in.take(unitBitsWide))
	if u == unitNone || u >= unitEnd {
		r.bad = true
		u = unitBits
	}
	fresh := forecast{unit: u}
	fresh.last = r.of[id].lastIn(u, r.bits[id]) + unzigzag(r.in.number())
	if r.in.flag() {
		fresh.odd, fresh.ulps = true, int32(unzigzag(r.in.small()))
	}
	value := u.join(fresh.last, int64(fresh.ulps))
	r.forecasts.anew(id, fresh, value)
	return value
}
