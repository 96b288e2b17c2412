package proto

import (
	"encoding/binary"
	"math"
	"slices"
)

// staleNaN are the bits of the value that says that a series has ended.
const staleNaN = 0x7ff0000000000002

func isStale(v float64) bool { return math.Float64bits(v) == staleNaN }

// maxSampleLen is the length of the longest Sample field: a value, two times of
// ten bytes, the tags of those and the field's head.
const maxSampleLen = 2 + 9 + 11 + 11

// appendSamples appends the Sample fields of a TimeSeries. start is when the
// series began to count; 0 if it is not known, or 1.0 is spoken.
func appendSamples(dst []byte, samples []Sample, start int64) []byte {
	dst = slices.Grow(dst, maxSampleLen*len(samples))
	for _, s := range samples {
		n := len(dst)
		dst = dst[:n+putSample((*[maxSampleLen]byte)(dst[n:n+maxSampleLen]), s, start)]
	}
	return dst
}

// putSample writes a Sample field, and returns its length. Samples are most of a
// message, hence the room made beforehand.
func putSample(b *[maxSampleLen]byte, s Sample, start int64) int {
	b[0] = tagSeriesSamples
	n := 2
	if v := math.Float64bits(s.Value); v != 0 {
		b[n] = tagSampleValue
		binary.LittleEndian.PutUint64(b[n+1:], v)
		n += 9
	}
	n += putTime(b[n:], tagSampleTimestamp, s.Time)
	if start != 0 && start <= s.Time && !isStale(s.Value) {
		n += putTime(b[n:], tagSampleStart, start)
	}
	b[1] = byte(n - 2)
	return n
}

// appendHistograms appends the Histogram fields of a TimeSeries; start is as in
// appendSamples.
func appendHistograms(dst []byte, tag byte, histograms []Histogram, start int64) []byte {
	for _, h := range histograms {
		dst = beginField(dst, tag)
		body := len(dst)
		dst = append(dst, h.Data...)
		dst = appendTime(dst, tagHistogramTimestamp, h.Time)
		if start != 0 && start <= h.Time && !StaleHistogram(h.Data) {
			dst = appendVarint(dst, tagHistogramStart)
			dst = appendVarint(dst, uint64(start))
		}
		dst = endField(dst, body)
	}
	return dst
}

// appendExample appends the fields of an Exemplar that come after its labels.
func appendExample(dst []byte, x Exemplar) []byte {
	dst = appendDouble(dst, tagExemplarValue, x.Value)
	return appendTime(dst, tagExemplarTimestamp, x.Time)
}
