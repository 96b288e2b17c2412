package collector

import (
	"bytes"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/value"
)

// parseFloat reads a value as the parser of text does: to the last bit, and with
// the same things refused. It refuses, too, what is more than a value.
func parseFloat(b []byte) (float64, bool) {
	if v, ok := exactFloat(b); ok {
		return v, true
	}
	if bytes.ContainsAny(b, "pP_") { // which strconv has learnt since
		return 0, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if math.IsNaN(v) {
		v = math.Float64frombits(value.NormalNaN)
	}
	return v, err == nil
}

const (
	// maxExact is the first integer after which a float has no room for all.
	maxExact = 1 << 53
	// maxDigits are never more than a uint64 holds.
	maxDigits = 19
)

// powers of ten that a float holds exactly: all there are.
var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// exactFloat reads a decimal number of few digits. Where digits and power of ten
// both are floats, their product or quotient is rounded once and so is the
// nearest float.
func exactFloat(b []byte) (float64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	digits, power, b := decimal(b)
	if len(b) > 0 {
		e, ok := exponent(b)
		if !ok {
			return 0, false
		}
		power += e
	}
	if digits >= maxExact || power < -len(powers)+1 || power >= len(powers) {
		return 0, false
	}
	v := float64(digits)
	if power < 0 {
		v /= powers[-power]
	} else {
		v *= powers[power]
	}
	if negative {
		v = -v
	}
	return v, true
}

// decimal reads digits, which may have a point among them, and returns the power
// of ten that they are to be multiplied with. Where there are none or too many,
// the digits are too large for any use.
func decimal(b []byte) (digits uint64, power int, rest []byte) {
	i, point := 0, -1
	for ; i < len(b); i++ {
		if c := b[i] - '0'; c <= 9 {
			digits = digits*10 + uint64(c)
		} else if b[i] == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	n := i
	if point >= 0 {
		n--
		power = point + 1 - i
	}
	if n == 0 || n > maxDigits {
		digits = math.MaxUint64
	}
	return digits, power, b[i:]
}

// exponent reads an e and up to three digits.
func exponent(b []byte) (e int, ok bool) {
	if b[0] != 'e' && b[0] != 'E' {
		return 0, false
	}
	b = b[1:]
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		e = e*10 + int(c-'0')
	}
	if negative {
		e = -e
	}
	return e, true
}
