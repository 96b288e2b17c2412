package proto_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/edgetick/edgetick/proto"
)

func bound(all []proto.TimeSeries) int {
	n := 0
	for i := range all {
		n += all[i].SizeBound()
	}
	return n
}

// boundByParts takes samples and frame for themselves.
func boundByParts(ts *proto.TimeSeries) int {
	n := ts.FrameBound()
	for _, s := range ts.Samples {
		n += proto.SampleBound(s.Time, ts.Start)
	}
	return n
}

func TestTimeSeries_SizeBoundHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 150 {
		all := randomSeries(r)
		for i := range all {
			for version, enc := range encoders() {
				n := len(message(enc, all[i]))
				if n > all[i].SizeBound() {
					t.Fatalf("version %s: message of %d bytes, bound is %d: %+v", version, n, all[i].SizeBound(), all[i])
				}
				if n > boundByParts(&all[i]) {
					t.Fatalf("version %s: message of %d bytes, bound by parts is %d: %+v", version, n, boundByParts(&all[i]), all[i])
				}
			}
		}
		for version, enc := range encoders() {
			if n := len(message(enc, all...)); len(all) > 0 && n > bound(all) {
				t.Fatalf("version %s: message of %d bytes, bound is %d", version, n, bound(all))
			}
		}
	}
}

// Short labels that are all new have the longest refs for their size.
func TestTimeSeries_SizeBoundHoldsForManySymbols(t *testing.T) {
	symbols := 0
	symbol := func() string {
		symbols++
		return strconv.FormatInt(int64(symbols), 36)
	}
	all := make([]proto.TimeSeries, 4000)
	for i := range all {
		ts := &all[i]
		for range 8 {
			ts.Labels += encodeLabels(label{symbol(), symbol()})
		}
		ts.Metadata, ts.Describe = &proto.Metadata{Type: 7, Unit: symbol(), Help: symbol()}, true
	}
	var enc proto.EncoderV2
	var before, after int
	for i := range all {
		look := i%1000 == 999
		if look {
			before = len(enc.Message())
		}
		enc.Add(&all[i])
		if !look {
			continue
		}
		after = len(enc.Message())
		if n := after - before; n > all[i].SizeBound() {
			t.Fatalf("series %d takes %d bytes, bound is %d", i, n, all[i].SizeBound())
		}
	}
}

func TestTimeSeries_SizeBoundIsTight(t *testing.T) {
	for _, n := range []int{1, 4, 20} {
		ts := proto.TimeSeries{Labels: benchLabels, Samples: benchSamples(n)}
		size := len(message(new(proto.EncoderV1), ts))
		for _, bound := range []int{ts.SizeBound(), boundByParts(&ts)} {
			if spare := bound - size; spare > 5*5+9 { // five labels, and a value of 0
				t.Errorf("bound of %d samples is %d bytes above the truth, %d", n, spare, size)
			}
		}
	}
}
