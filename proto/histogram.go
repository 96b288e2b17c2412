package proto

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/gogo/protobuf/proto"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/prompb"
)

// Tags of a Histogram. Integer histograms have buckets as deltas, each to the
// bucket before it; float histograms have absolute counts.
const (
	tagCountInt       = 1<<3 | varintType
	tagCountFloat     = 2<<3 | fixed64Type
	tagSum            = 3<<3 | fixed64Type
	tagSchema         = 4<<3 | varintType // zigzag
	tagZeroThreshold  = 5<<3 | fixed64Type
	tagZeroCountInt   = 6<<3 | varintType
	tagZeroCountFloat = 7<<3 | fixed64Type
	tagNegativeSpans  = 8<<3 | bytesType
	tagNegativeDeltas = 9<<3 | bytesType // packed, zigzag
	tagNegativeCounts = 10<<3 | bytesType
	tagPositiveSpans  = 11<<3 | bytesType
	tagPositiveDeltas = 12<<3 | bytesType // packed, zigzag
	tagPositiveCounts = 13<<3 | bytesType
	tagResetHint      = 14<<3 | varintType

	tagHistogramTimestamp = 15<<3 | varintType
	tagCustomValues       = 16<<3 | bytesType  // two bytes
	tagHistogramStart     = 17<<3 | varintType // two bytes; 2.0

	tagSpanOffset = 1<<3 | varintType // zigzag
	tagSpanLength = 2<<3 | varintType
)

// customBuckets is how a histogram begins whose schema is -53.
const customBuckets = "\x20\x69"

// AppendHistogram appends h as a Histogram message without its timestamps, which
// is the same in 1.0 and 2.0. The schema, always written, and the sum come first:
// they tell what [CustomBuckets] and stale markers are.
func AppendHistogram(dst []byte, h *histogram.Histogram) []byte {
	dst = appendShape(dst, h.Schema, h.Sum, h.ZeroThreshold)
	dst = appendVarint(append(dst, tagCountInt), h.Count)
	dst = appendVarint(append(dst, tagZeroCountInt), h.ZeroCount)
	dst = appendSpans(dst, tagNegativeSpans, h.NegativeSpans)
	dst = appendDeltas(dst, tagNegativeDeltas, h.NegativeBuckets)
	dst = appendSpans(dst, tagPositiveSpans, h.PositiveSpans)
	dst = appendDeltas(dst, tagPositiveDeltas, h.PositiveBuckets)
	dst = appendUint(dst, tagResetHint, uint64(h.CounterResetHint))
	return appendDoubles(dst, tagCustomValues, h.CustomValues)
}

// AppendFloatHistogram is [AppendHistogram] for a histogram of float counts.
func AppendFloatHistogram(dst []byte, h *histogram.FloatHistogram) []byte {
	dst = appendShape(dst, h.Schema, h.Sum, h.ZeroThreshold)
	dst = binary.LittleEndian.AppendUint64(append(dst, tagCountFloat), math.Float64bits(h.Count))
	dst = binary.LittleEndian.AppendUint64(append(dst, tagZeroCountFloat), math.Float64bits(h.ZeroCount))
	dst = appendSpans(dst, tagNegativeSpans, h.NegativeSpans)
	dst = appendDoubles(dst, tagNegativeCounts, h.NegativeBuckets)
	dst = appendSpans(dst, tagPositiveSpans, h.PositiveSpans)
	dst = appendDoubles(dst, tagPositiveCounts, h.PositiveBuckets)
	dst = appendUint(dst, tagResetHint, uint64(h.CounterResetHint))
	return appendDoubles(dst, tagCustomValues, h.CustomValues)
}

// DecodeHistogram reads what [AppendHistogram] or [AppendFloatHistogram] made,
// and returns the one of the two that it is. It is meant for tools and tests.
func DecodeHistogram(data string) (*histogram.Histogram, *histogram.FloatHistogram, error) {
	var h prompb.Histogram
	if err := proto.Unmarshal([]byte(data), &h); err != nil {
		return nil, nil, fmt.Errorf("read Histogram: %w", err)
	}
	if h.IsFloatHistogram() {
		return nil, h.ToFloatHistogram(), nil
	}
	return h.ToIntHistogram(), nil, nil
}

// CustomBuckets says whether an encoded histogram has custom bucket boundaries.
// Such a histogram must not be in a 1.0 message.
func CustomBuckets(data string) bool {
	return strings.HasPrefix(data, customBuckets)
}

// StaleHistogram says whether an encoded histogram is a stale marker: one whose
// sum is the stale value.
func StaleHistogram(data string) bool {
	const sum, end = 3, 11 // after the schema, whose number takes one byte, and a tag
	return len(data) >= end && data[sum-1] == tagSum &&
		binary.LittleEndian.Uint64([]byte(data[sum:end])) == staleNaN
}

func appendShape(dst []byte, schema int32, sum, zeroThreshold float64) []byte {
	dst = appendVarint(append(dst, tagSchema), zigzag(int64(schema)))
	dst = appendDouble(dst, tagSum, sum)
	return appendDouble(dst, tagZeroThreshold, zeroThreshold)
}

func appendSpans(dst []byte, tag byte, spans []histogram.Span) []byte {
	for _, s := range spans {
		dst = beginField(dst, tag)
		body := len(dst)
		dst = appendUint(dst, tagSpanOffset, zigzag(int64(s.Offset)))
		dst = appendUint(dst, tagSpanLength, uint64(s.Length))
		dst = endField(dst, body)
	}
	return dst
}

func appendDeltas(dst []byte, tag byte, deltas []int64) []byte {
	if len(deltas) == 0 {
		return dst
	}
	dst = beginField(dst, tag)
	body := len(dst)
	for _, d := range deltas {
		dst = appendVarint(dst, zigzag(d))
	}
	return endField(dst, body)
}

func appendDoubles(dst []byte, tag uint64, values []float64) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = appendVarint(dst, tag)
	dst = appendVarint(dst, uint64(8*len(values)))
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}
