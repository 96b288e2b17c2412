package proto

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// Protocol buffer tags, field<<3 | wire type, of prometheus.WriteRequest (1.0)
// and io.prometheus.write.v2.Request (2.0). What is named for neither version
// has the same number in both. Tags below 128 are one byte.
const (
	tagLabelName  = 1<<3 | bytesType
	tagLabelValue = 2<<3 | bytesType

	tagSeriesLabels  = 1<<3 | bytesType // 1.0: Label messages
	tagSeriesRefs    = 1<<3 | bytesType // 2.0: packed varints
	tagSeriesSamples = 2<<3 | bytesType

	tagSampleValue     = 1<<3 | fixed64Type
	tagSampleTimestamp = 2<<3 | varintType
	tagSampleStart     = 3<<3 | varintType // 2.0

	tagExemplarRefs      = 1<<3 | bytesType // 2.0; 1.0 has Label messages, as in a series
	tagExemplarValue     = 2<<3 | fixed64Type
	tagExemplarTimestamp = 3<<3 | varintType

	varintType  = 0
	fixed64Type = 1
	bytesType   = 2
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

// maxTimeLen is the length of the longest time field.
const maxTimeLen = 1 + binary.MaxVarintLen64

// appendTime appends a varint field that holds a time.
func appendTime(dst []byte, tag byte, t int64) []byte {
	var b [maxTimeLen]byte
	return append(dst, b[:putTime(b[:], tag, t)]...)
}

// putTime writes a varint field to b, which has maxTimeLen bytes, and returns
// its length. Times are long varints: seven bits each are spread to bytes at
// once, without a loop.
func putTime(b []byte, tag byte, t int64) int {
	v := uint64(t)
	if v == 0 {
		return 0
	}
	b[0] = tag
	if v >= 1<<56 {
		return 1 + binary.PutUvarint(b[1:], v)
	}
	n := varintLen(v)
	v = v&0x000000000fffffff | v&0x00fffffff0000000<<4
	v = v&0x00003fff00003fff | v&0x0fffc0000fffc000<<2
	v = v&0x007f007f007f007f | v&0x3f803f803f803f80<<1
	v |= 0x8080808080808080 & (1<<(8*n-8) - 1) // all but the last go on
	binary.LittleEndian.PutUint64(b[1:], v)
	return 1 + n
}

// zigzag is the encoding of sint32 and sint64: small for small negative numbers.
func zigzag(v int64) uint64 {
	return uint64(v<<1) ^ uint64(v>>63)
}

// appendUint appends a varint field. As with all fields of proto3, zero is what
// a field that is not there means, and not written.
func appendUint(dst []byte, tag byte, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return appendVarint(append(dst, tag), v)
}

// appendDouble appends a fixed64 field. Negative zero is not zero here.
func appendDouble(dst []byte, tag byte, v float64) []byte {
	b := math.Float64bits(v)
	if b == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint64(append(dst, tag), b)
}

// appendString appends a length-delimited field, even if it is empty.
func appendString(dst []byte, tag byte, s string) []byte {
	dst = append(dst, tag)
	dst = appendVarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// appendText appends a string field.
func appendText(dst []byte, tag byte, s string) []byte {
	if s == "" {
		return dst
	}
	return appendString(dst, tag, s)
}

// stringLen is the encoded length of a length-delimited field of n bytes.
func stringLen(n int) int {
	return 1 + varintLen(uint64(n)) + n
}

// beginField appends the head of a length-delimited field whose length is not
// known yet: a tag, and one byte for the length, which is enough for most. The
// field's body begins at the length of what is returned, which is to be passed
// to endField when the body is there.
func beginField(dst []byte, tag byte) []byte {
	return append(dst, tag, 0)
}

// endField writes the length of the field whose body is dst[body:], and makes
// room for a length of more than one byte.
func endField(dst []byte, body int) []byte {
	return endFieldOf(dst, body-1, body)
}

// beginFieldOf is beginField for a field that is likely to be about n bytes long:
// its body need not be moved then. head is where its length stands; the body
// begins at the length of out.
func beginFieldOf(dst []byte, tag byte, n int) (out []byte, head int) {
	var room [binary.MaxVarintLen64]byte
	return append(append(dst, tag), room[:varintLen(uint64(n))]...), len(dst) + 1
}

// endFieldOf writes the length of the field whose body is dst[body:] to
// dst[head:body], which becomes as long as that takes.
func endFieldOf(dst []byte, head, body int) []byte {
	n := uint64(len(dst) - body)
	if varintLen(n) == body-head {
		binary.PutUvarint(dst[head:], n)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	return slices.Replace(dst, head, body, length[:binary.PutUvarint(length[:], n)]...)
}
