package proto

import "math/bits"

// Protocol buffer tags, field<<3 | wire type, of the 1.0 messages in
// prompb/remote.proto and prompb/types.proto. All field numbers are below 16,
// so each tag is one byte.
const (
	tagRequestTimeseries = 1<<3 | 2 // WriteRequest.timeseries
	tagSeriesLabels      = 1<<3 | 2 // TimeSeries.labels
	tagSeriesSamples     = 2<<3 | 2 // TimeSeries.samples
	tagLabelName         = 1<<3 | 2 // Label.name
	tagLabelValue        = 2<<3 | 2 // Label.value
	tagSampleValue       = 1<<3 | 1 // Sample.value, fixed64
	tagSampleTimestamp   = 2 << 3   // Sample.timestamp, varint, wire type 0
)

func varintLen(v uint64) int {
	return (bits.Len64(v|1) + 6) / 7
}

func appendVarint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// appendString appends a length-delimited field.
func appendString(dst []byte, tag byte, s string) []byte {
	dst = append(dst, tag)
	dst = appendVarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// stringLen is the encoded length of a length-delimited field of n bytes.
func stringLen(n int) int {
	return 1 + varintLen(uint64(n)) + n
}
