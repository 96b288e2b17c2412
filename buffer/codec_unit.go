package buffer

import "math"

// A unit is what a series' values are multiples of. Most values on a page were
// integers, or decimals of few digits, before they became floats; as multiples
// of the right unit they have small differences.
type unit uint8

// The units are part of the format.
const (
	unitNone  unit = iota // the value is +0 and no other has been seen
	unitBits              // the float's bits as an integer: any value at all
	unitFirst             // from here on: the coarser unit first
	unitEnd   unit = 14
)

// perUnit is how many of the unit make one.
var perUnit = [unitEnd]float64{
	unitFirst: 1.0 / 4096, 1.0 / 512, 1,
	1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
}

const (
	// exactInts is the bound below which every integer is a float.
	exactInts = 1 << 53
	// maxUlps bounds what remains of a value beside its multiple of the unit,
	// in steps between neighbouring floats; startUlps does when a unit is
	// chosen. Values that were summed or scaled as floats are a few steps off.
	maxUlps   = 1 << 20
	startUlps = 64
)

// split writes the value with these bits as a multiple of the unit and the rest
// in ulps. It reports whether join makes the same bits of them.
//
// Every operation is a single correctly rounded one, so that all machines agree
// on the result.
func (u unit) split(bits uint64) (n, ulps int64, ok bool) {
	if u == unitBits {
		return int64(bits), 0, true
	}
	f := math.RoundToEven(math.Float64frombits(bits) * perUnit[u])
	if !(math.Abs(f) < exactInts) {
		return 0, 0, false
	}
	n = int64(f)
	ulps = int64(bits - u.join(n, 0))
	return n, ulps, -maxUlps <= ulps && ulps <= maxUlps
}

// join is the inverse of split.
func (u unit) join(n, ulps int64) uint64 {
	if u == unitBits {
		return uint64(n)
	}
	return math.Float64bits(float64(n)/perUnit[u]) + uint64(ulps)
}

// unitFor chooses the coarsest unit that the value with these bits is a multiple
// of, but for a few ulps. It does not try those before u: they did not fit an
// earlier value of the series.
func unitFor(bits uint64, u unit) unit {
	for u = max(u, unitFirst); u < unitEnd; u++ {
		_, ulps, ok := u.split(bits)
		if ok && -startUlps <= ulps && ulps <= startUlps {
			return u
		}
	}
	return unitBits
}

// special tells whether these are the bits of an infinity or not a number.
func special(bits uint64) bool { return bits&(0x7ff<<52) == 0x7ff<<52 }
