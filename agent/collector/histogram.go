package collector

import (
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/util/convertnhcb"

	"github.com/edgetick/edgetick/proto"
)

// native is a native histogram, which is of integers or of floats.
type native struct {
	ints   *histogram.Histogram
	floats *histogram.FloatHistogram
}

// encode makes the encoding of a histogram, or returns false if it is not valid.
func (n native) encode(dst []byte) ([]byte, bool) {
	switch {
	case n.ints != nil && n.ints.Validate() == nil:
		return proto.AppendHistogram(dst, n.ints), true
	case n.floats != nil && n.floats.Validate() == nil:
		return proto.AppendFloatHistogram(dst, n.floats), true
	default:
		return dst, false
	}
}

// isNative tells whether a metric has a native histogram. One without
// observations is told from none by a span without buckets.
func isNative(h *dto.Histogram) bool {
	return len(h.PositiveSpan) > 0 || len(h.NegativeSpan) > 0 || h.GetZeroThreshold() > 0 || h.GetZeroCount() > 0
}

// nativeOf is the native histogram of a metric, which may be invalid.
func nativeOf(h *dto.Histogram, gauge bool) native {
	reset := histogram.UnknownCounterReset
	if gauge {
		reset = histogram.GaugeType
	}
	positive, negative := spans(h.PositiveSpan), spans(h.NegativeSpan)
	if h.GetSampleCountFloat() > 0 || h.GetZeroCountFloat() > 0 {
		f := &histogram.FloatHistogram{
			CounterResetHint: reset,
			Schema:           h.GetSchema(), ZeroThreshold: h.GetZeroThreshold(),
			ZeroCount: h.GetZeroCountFloat(), Count: h.GetSampleCountFloat(), Sum: h.GetSampleSum(),
			PositiveSpans: positive, PositiveBuckets: h.PositiveCount,
			NegativeSpans: negative, NegativeBuckets: h.NegativeCount,
		}
		return native{floats: f.Copy().Compact(0)} // a copy, because the buckets are the source's
	}
	i := &histogram.Histogram{
		CounterResetHint: reset,
		Schema:           h.GetSchema(), ZeroThreshold: h.GetZeroThreshold(),
		ZeroCount: h.GetZeroCount(), Count: h.GetSampleCount(), Sum: h.GetSampleSum(),
		PositiveSpans: positive, PositiveBuckets: h.PositiveDelta,
		NegativeSpans: negative, NegativeBuckets: h.NegativeDelta,
	}
	return native{ints: i.Copy().Compact(0)}
}

func spans(from []*dto.BucketSpan) []histogram.Span {
	to := make([]histogram.Span, len(from))
	for i, s := range from {
		to[i] = histogram.Span{Offset: s.GetOffset(), Length: s.GetLength()}
	}
	return to
}

// customOf makes a native histogram with custom buckets of a classic one; none
// if its counts make no sense.
func customOf(h *dto.Histogram, gauge bool, t *convertnhcb.TempHistogram) native {
	t.Reset()
	// The first error stays and is Convert's.
	_ = t.SetCount(countOf(h))
	_ = t.SetSum(h.GetSampleSum())
	for _, b := range h.Bucket {
		_ = t.SetBucketCount(b.GetUpperBound(), bucketCount(b))
	}
	ints, floats, err := t.Convert()
	switch {
	case err != nil:
		return native{}
	case gauge && ints != nil:
		ints.CounterResetHint = histogram.GaugeType
	case gauge && floats != nil:
		floats.CounterResetHint = histogram.GaugeType
	}
	return native{ints, floats}
}

// countOf is the number of observations, which may be given as an integer or as
// a float.
func countOf(h *dto.Histogram) float64 {
	if f := h.GetSampleCountFloat(); f != 0 {
		return f
	}
	return float64(h.GetSampleCount())
}

func bucketCount(b *dto.Bucket) float64 {
	if f := b.GetCumulativeCountFloat(); f != 0 {
		return f
	}
	return float64(b.GetCumulativeCount())
}
