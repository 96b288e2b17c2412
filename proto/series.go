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

// usualSample is the length of a Sample field with a value and a time of this
// century.
const usualSample = 2 + 9 + 7

// sampleRoom is what writing a Sample field may touch: times are copied in a fixed
// length, longer than they are.
const sampleRoom = 2 + 9 + 11 + timeRoom

// times are the time fields of the series added last. The next has mostly samples
// of the same times, and copies them.
type times struct {
	samples []timeField
	start   timeField
}

// timeField is an encoded time; the zero value is that of 0, which is empty.
type timeField struct {
	time int64
	len  int
	text [timeRoom]byte
}

const timeRoom = 16

func makeTimeField(tag byte, t int64) timeField {
	f := timeField{time: t}
	f.len = putTime(f.text[:], tag, t)
	return f
}

// appendSamples appends the Sample fields of a TimeSeries. start is when the
// series began to count; 0 if it is not known, or 1.0 is spoken.
func (ts *times) appendSamples(dst []byte, samples []Sample, start int64) []byte {
	for len(ts.samples) < len(samples) {
		ts.samples = append(ts.samples, timeField{})
	}
	if start != ts.start.time {
		ts.start = makeTimeField(tagSampleStart, start)
	}
	at := len(dst)
	dst = slices.Grow(dst, sampleRoom*len(samples))
	room := dst[:cap(dst)]
	fields := ts.samples[:len(samples)]
	for i, s := range samples {
		f := &fields[i]
		if f.time != s.Time {
			*f = makeTimeField(tagSampleTimestamp, s.Time)
		}
		b := (*[sampleRoom]byte)(room[at:])
		at += putSample(b, s, f, &ts.start)
	}
	return dst[:at]
}

// putSample writes a Sample field, and returns its length. Samples are most of a
// message, hence the room made beforehand, and no branch that depends on a value.
func putSample(b *[sampleRoom]byte, s Sample, at, start *timeField) int {
	bits := math.Float64bits(s.Value)
	b[0], b[2] = tagSeriesSamples, tagSampleValue
	binary.LittleEndian.PutUint64(b[3:], bits)
	n := 2 + 9
	if bits == 0 {
		n = 2
	}
	*(*[timeRoom]byte)(b[n:]) = at.text
	n += at.len
	if start.len > 0 && start.time <= s.Time && !isStale(s.Value) {
		*(*[timeRoom]byte)(b[n:]) = start.text
		n += start.len
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
