package buffer

import "math/bits"

// forecasts holds what the encoder and, in the same way, the decoder expect of
// each series, by its number. The two differ in nothing: whatever they learn,
// they learn from what stands in the record.
type forecasts struct {
	bits []uint64   // the last value
	heat []uint8    // [heatSurprise] and [heatTrust] together
	of   []forecast // the rest, of series that change
}

// forecast says how the next value of a series is expected to differ from the
// last one.
type forecast struct {
	last int64  // the last value in units
	step int64  // its difference to the one before
	mean uint64 // four times the mean size of recent surprises, zigzag
	ulps int32  // what the last value had beside its units
	unit unit
	odd  bool // values have ulps
}

// All that follows is part of the format: a decoder that learns otherwise than
// the encoder did reads nonsense.
//
// The heat of a series that does as expected falls to 0, and then the series
// takes no space in a record. The low half counts surprises, the high half how
// well the last step foretold the next.
const (
	heatSurprise = 0x0f
	heatTrust    = 0xf0

	heatStart  = 4    // of a series that has no value yet
	heatMiss   = 4    // a surprise adds
	heatMost   = 14   // but never beyond
	trustOne   = 0x10 // the step was the better guess
	trustMost  = 0x70
	trustSteps = 0x40 // from here on the step is the guess

	meanStart = 64
	meanMost  = 1 << 60
)

// add makes room for n series without a value.
func (f *forecasts) add(n int) {
	for range n {
		f.heat = append(f.heat, heatStart)
	}
	f.bits = append(f.bits, make([]uint64, n)...)
	f.of = append(f.of, make([]forecast, n)...)
}

func (f *forecasts) reset() {
	f.bits, f.heat, f.of = f.bits[:0], f.heat[:0], f.of[:0]
}

// expected is the forecast for series id, in its unit, and whether it is the
// last value again.
func (f *forecasts) expected(id int) (n int64, same bool) {
	of := &f.of[id]
	step := of.step
	if f.heat[id]&heatTrust < trustSteps {
		step = 0
	}
	return of.last + step, step == 0
}

// hit notes that series id has the expected value.
func (f *forecasts) hit(id int, n int64, value uint64) {
	if f.heat[id]&heatSurprise > 0 {
		f.heat[id]--
	}
	f.learn(id, n, value)
}

// miss notes that series id has a value that differs from the expected one by
// the surprise.
func (f *forecasts) miss(id int, n, ulps int64, value, surprise uint64) {
	f.warm(id, heatMiss)
	of := &f.of[id]
	of.mean += min(surprise, meanMost) - of.mean>>2
	if surprise < of.mean>>4 {
		of.mean -= of.mean >> 2 // one great surprise is forgotten quickly
	}
	of.ulps = int32(ulps)
	f.learn(id, n, value)
}

// anew notes that series id has a value in another unit.
func (f *forecasts) anew(id int, of forecast, value uint64) {
	of.mean = meanStart
	f.bits[id], f.of[id] = value, of
	f.heat[id] &= heatSurprise
	f.warm(id, 2*heatMiss)
}

func (f *forecasts) warm(id int, by uint8) {
	h := f.heat[id]
	f.heat[id] = h&heatTrust | min(h&heatSurprise+by, heatMost)
}

// learn compares the two guesses, the last value and the last step, with what
// came.
func (f *forecasts) learn(id int, n int64, value uint64) {
	h := f.heat[id]
	if value == f.bits[id] && h&heatTrust == 0 {
		return
	}
	of := &f.of[id]
	step := n - of.last
	still, steady := zigzag(step), zigzag(step-of.step)
	// Which of them was better follows no pattern: no branch is made of it.
	trust := int(h & heatTrust)
	if steady < still {
		trust += trustOne
	}
	if steady > still {
		trust -= trustOne
	}
	f.heat[id] = h&heatSurprise | uint8(min(max(trust, 0), trustMost))
	of.last, of.step = n, step
	f.bits[id] = value
}

// low is how many low bits of a surprise are written as they are.
func (of *forecast) low() uint {
	m := of.mean >> 2
	return uint(bits.Len64(m - m>>2 - m>>4))
}
