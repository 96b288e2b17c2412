package proto_test

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/value"
	"go.uber.org/goleak"

	"github.com/edgetick/edgetick/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// label is a name and a value.
type label struct{ name, value string }

func encodeLabels(ls ...label) string {
	var enc []byte
	for _, l := range ls {
		enc = proto.AppendLabel(enc, l.name, l.value)
	}
	return string(enc)
}

var (
	negativeZero = math.Copysign(0, -1)
	staleMarker  = math.Float64frombits(value.StaleNaN)
	oddNaN       = math.Float64frombits(0xfff8_dead_beef_0001)
)

// oddValues are values whose bits are easily lost.
var oddValues = []float64{
	0, negativeZero, 1, -1.5, math.NaN(), oddNaN, staleMarker, math.Inf(1), math.Inf(-1),
	math.SmallestNonzeroFloat64, math.MaxFloat64, 0.1, 1 << 53,
}

// oddTimes are timestamps of all lengths.
var oddTimes = []int64{math.MinInt64, -1435781451781, -1, 0, 1, 127, 128, 16383, 16384, 1435781451781, math.MaxInt64}
