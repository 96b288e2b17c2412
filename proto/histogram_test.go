package proto_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	gogo "github.com/gogo/protobuf/proto"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/proto"
)

func oddHistograms() map[string]*histogram.Histogram {
	return map[string]*histogram.Histogram{
		"empty": {},
		"whole": {
			CounterResetHint: histogram.GaugeType, Schema: 8, ZeroThreshold: 1e-128, ZeroCount: 300, Count: 1 << 40, Sum: -18.4,
			PositiveSpans:   []histogram.Span{{Offset: -200, Length: 2}, {Offset: 0, Length: 0}, {Offset: math.MaxInt32, Length: math.MaxUint32}},
			NegativeSpans:   []histogram.Span{{Offset: math.MinInt32, Length: 130}},
			PositiveBuckets: []int64{1, -1, math.MaxInt64, math.MinInt64, 0},
			NegativeBuckets: make([]int64, 200),
		},
		"custom": {
			CounterResetHint: histogram.NotCounterReset, Schema: histogram.CustomBucketsSchema, Count: 3, Sum: 2,
			PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []int64{1, 1}, CustomValues: []float64{-1, 0, negativeZero, 5},
		},
		"schema -4": {Schema: -4, CounterResetHint: histogram.CounterReset, ZeroThreshold: negativeZero},
		"-0":        {Sum: negativeZero},
		"NaN":       {Sum: oddNaN},
		"stale":     {Sum: staleMarker},
	}
}

func oddFloatHistograms() map[string]*histogram.FloatHistogram {
	return map[string]*histogram.FloatHistogram{
		"empty": {},
		"whole": {
			CounterResetHint: histogram.GaugeType, Schema: 3, ZeroThreshold: 0.001, ZeroCount: oddNaN, Count: negativeZero, Sum: 1,
			PositiveSpans:   []histogram.Span{{Offset: -2, Length: 2}, {Offset: 4, Length: 1}},
			NegativeSpans:   []histogram.Span{{Offset: 1, Length: 20}},
			PositiveBuckets: []float64{0.5, negativeZero, oddNaN},
			NegativeBuckets: make([]float64, 20),
		},
		"custom": {Schema: histogram.CustomBucketsSchema, Count: 1.5, CustomValues: []float64{1}, PositiveBuckets: []float64{1.5}},
		"stale":  {Sum: staleMarker},
	}
}

// sameDecoded fails the test unless data is the message that the reference makes
// of the histogram, in whichever order, and decodes to have the bits of bucket
// after bucket.
func sameDecoded(t *testing.T, data string, want prompb.Histogram) {
	t.Helper()
	var got prompb.Histogram
	if err := gogo.Unmarshal([]byte(data), &got); err != nil {
		t.Fatal(err)
	}
	if len(want.NegativeSpans) == 0 {
		want.NegativeSpans = nil
	}
	if len(want.PositiveSpans) == 0 {
		want.PositiveSpans = nil
	}
	if g, w := bitsOf(reflect.ValueOf(got)), bitsOf(reflect.ValueOf(want)); !reflect.DeepEqual(g, w) {
		t.Errorf("got  %v\nwant %v", g, w)
	}
}

// bitsOf is v with the bits of all its floats in place of them.
func bitsOf(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Float64:
		return math.Float64bits(v.Float())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return []any{v.Type().String(), bitsOf(v.Elem())}
	case reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = bitsOf(v.Index(i))
		}
		return all
	case reflect.Struct:
		all := make([]any, v.NumField())
		for i := range all {
			all[i] = bitsOf(v.Field(i))
		}
		return all
	}
	return v.Interface()
}

func TestAppendHistogram_IsPrompbsMessage(t *testing.T) {
	for name, h := range oddHistograms() {
		t.Run(name, func(t *testing.T) {
			sameDecoded(t, string(proto.AppendHistogram(nil, h)), prompb.FromIntHistogram(0, h))
		})
	}
}

func TestAppendFloatHistogram_IsPrompbsMessage(t *testing.T) {
	for name, h := range oddFloatHistograms() {
		t.Run(name, func(t *testing.T) {
			sameDecoded(t, string(proto.AppendFloatHistogram(nil, h)), prompb.FromFloatHistogram(0, h))
		})
	}
}

func TestAppendHistogram_AllocatesNothing(t *testing.T) {
	h, f := oddHistograms()["whole"], oddFloatHistograms()["whole"]
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		dst = proto.AppendFloatHistogram(proto.AppendHistogram(dst[:0], h), f)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestDecodeHistogram_GivesBack(t *testing.T) {
	for name, want := range oddHistograms() {
		data := string(proto.AppendHistogram(nil, want))
		h, f, err := proto.DecodeHistogram(data)
		if err != nil || f != nil || string(proto.AppendHistogram(nil, h)) != data {
			t.Errorf("%s: got %v, %v, %v; want %v", name, h, f, err, want)
		}
	}
	for name, want := range oddFloatHistograms() {
		data := string(proto.AppendFloatHistogram(nil, want))
		h, f, err := proto.DecodeHistogram(data)
		if err != nil || h != nil || string(proto.AppendFloatHistogram(nil, f)) != data {
			t.Errorf("%s: got %v, %v, %v; want %v", name, h, f, err, want)
		}
	}
	if _, _, err := proto.DecodeHistogram("\x08"); err == nil || !strings.Contains(err.Error(), "read Histogram") {
		t.Errorf("half a field gives %v", err)
	}
}

func TestCustomBuckets_OnlyOfTheirSchema(t *testing.T) {
	for name, h := range oddHistograms() {
		if got, want := proto.CustomBuckets(string(proto.AppendHistogram(nil, h))), name == "custom"; got != want {
			t.Errorf("%s: CustomBuckets is %v", name, got)
		}
	}
	for name, h := range oddFloatHistograms() {
		if got, want := proto.CustomBuckets(string(proto.AppendFloatHistogram(nil, h))), name == "custom"; got != want {
			t.Errorf("float %s: CustomBuckets is %v", name, got)
		}
	}
	if proto.CustomBuckets("") {
		t.Error("nothing has custom buckets")
	}
}
