package proto

import (
	"encoding/binary"
	"math"
)

// Sample is one value of a series. A zero field is not written, as protobuf's
// rules for proto3 have it; negative zero is not zero here.
type Sample struct {
	Time  int64 // milliseconds since the epoch
	Value float64
}

// encodedLen is the length of the sample as a Sample message, without the field
// header in the TimeSeries.
func (s Sample) encodedLen() int {
	n := 0
	if math.Float64bits(s.Value) != 0 {
		n += 1 + 8
	}
	if s.Time != 0 {
		n += 1 + varintLen(uint64(s.Time))
	}
	return n
}

// AppendTimeSeries appends one TimeSeries of a remote write 1.0 WriteRequest.
// labels is the encoding made by [AppendLabel]; samples are in time order. A
// WriteRequest is nothing but its TimeSeries one after the other.
func AppendTimeSeries(dst []byte, labels string, samples []Sample) []byte {
	dst = append(dst, tagRequestTimeseries)
	dst = appendVarint(dst, uint64(bodyLen(labels, samples)))
	dst = append(dst, labels...)
	for _, s := range samples {
		dst = append(dst, tagSeriesSamples)
		dst = appendVarint(dst, uint64(s.encodedLen()))
		if b := math.Float64bits(s.Value); b != 0 {
			dst = append(dst, tagSampleValue)
			dst = binary.LittleEndian.AppendUint64(dst, b)
		}
		if s.Time != 0 {
			dst = append(dst, tagSampleTimestamp)
			dst = appendVarint(dst, uint64(s.Time))
		}
	}
	return dst
}

// TimeSeriesLen is the number of bytes [AppendTimeSeries] appends.
func TimeSeriesLen(labels string, samples []Sample) int {
	return stringLen(bodyLen(labels, samples))
}

func bodyLen(labels string, samples []Sample) int {
	n := len(labels)
	for _, s := range samples {
		n += stringLen(s.encodedLen())
	}
	return n
}
