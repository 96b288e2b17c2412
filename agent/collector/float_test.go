package collector

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// parsed is what the parser of text makes of a value.
func parsed(text string) (v float64, ok bool) {
	if strings.ContainsAny(text, "\x00 \t\r\n") {
		return 0, false // more than a value
	}
	p := textparse.NewPromParser([]byte("a "+text+"\n"), labels.NewSymbolTable(), false)
	what, err := p.Next()
	if err != nil || what != textparse.EntrySeries {
		return 0, false
	}
	series, own, v := p.Series()
	return v, own == nil && string(series) == "a"
}

func checkFloat(t *testing.T, text string) {
	t.Helper()
	v, ok := parseFloat([]byte(text))
	want, wantOK := parsed(text)
	if ok != wantOK || ok && math.Float64bits(v) != math.Float64bits(want) {
		t.Errorf("%q is %v (%x), %t; the parser says %v (%x), %t", text, v, math.Float64bits(v), ok, want, math.Float64bits(want), wantOK)
	}
}

var floats = []string{
	"0", "-0", "+0", "1", "-1", "+1", "007", "1.5", ".5", "5.", ".", "-", "+", "", "-.e1", "1e5", "1E5", "1e+5", "1e-5", "1e", "1e+", "1e5.", "1.2.3",
	"9007199254740991", "9007199254740992", "9007199254740993", "18446744073709551615", "18446744073709551616", "99999999999999999999",
	"1e22", "1e23", "1e-22", "1e-23", "123456789e22", "9007199254740991e22", "9007199254740991e-22", "0e400", "0e-400", "1e999", "-1e999", "1e0005", "5e-324", "1e-400",
	"0.1", "0.3", "1.7976931348623157e308", "1.446249e+06", "1.7323456789012345e+09", "0.1234567890123456789", "0.00000000000000000001", "00000000000000000000000001",
	"NaN", "nan", "-NaN", "Inf", "+Inf", "-Inf", "inf", "infinity", "Infinityx", "0x10", "0x1p-2", "0X1P5", "1_0", "0x_1", "1e1_0", "1f", "e5", "1}", "{", "1#", "#", "１",
}

func TestParseFloat_AsTheParser(t *testing.T) {
	for _, text := range floats {
		checkFloat(t, text)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		v := math.Float64frombits(rng.Uint64())
		if rng.IntN(2) == 0 {
			v = math.Trunc(rng.NormFloat64()*1e6) / 1000
		}
		format := "efgG"[rng.IntN(4)]
		checkFloat(t, strconv.FormatFloat(v, format, rng.IntN(20)-1, 64))
	}
}

// Few values need more than digits and a power of ten.
func TestParseFloat_AllocatesNothing(t *testing.T) {
	for _, text := range []string{"1", "123.25", "1.446249e+06", "NaN", "1.7323456789012345e+09"} {
		b := []byte(text)
		if n := testing.AllocsPerRun(100, func() { parseFloat(b) }); n > 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

func FuzzParseFloat(f *testing.F) {
	for _, text := range floats {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkFloat(t, text) })
}
