package proto

import (
	"encoding/binary"
	"errors"
	"iter"
)

// ErrLabels is returned when bytes are not a label set made by [AppendLabel].
var ErrLabels = errors.New("malformed label set encoding")

// AppendLabel appends one label to the encoding of a label set: the bytes that
// stand for it in a TimeSeries of remote write 1.0. Called for each label in the
// byte order of the names, with no name twice and no empty value, it makes the
// canonical encoding of the set: equal sets have equal bytes.
func AppendLabel(dst []byte, name, value string) []byte {
	dst = append(dst, tagSeriesLabels)
	dst = appendVarint(dst, uint64(stringLen(len(name))+stringLen(len(value))))
	dst = appendString(dst, tagLabelName, name)
	return appendString(dst, tagLabelValue, value)
}

// Labels yields the names and values of an encoded label set. The strings share
// enc's memory. It stops at the first byte that [AppendLabel] did not write;
// [CheckLabels] tells whether there is one.
func Labels(enc string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for enc != "" {
			name, value, rest, ok := cutLabel(enc)
			if !ok || !yield(name, value) {
				return
			}
			enc = rest
		}
	}
}

// CheckLabels returns [ErrLabels] if enc is not the encoding of a label set.
func CheckLabels(enc string) error {
	for enc != "" {
		_, _, rest, ok := cutLabel(enc)
		if !ok {
			return ErrLabels
		}
		enc = rest
	}
	return nil
}

func cutLabel(enc string) (name, value, rest string, ok bool) {
	if name, value, rest, ok = cutShort(enc); ok {
		return name, value, rest, true
	}
	label, rest, ok := cutField(enc, tagSeriesLabels)
	if !ok {
		return "", "", "", false
	}
	name, label, ok = cutField(label, tagLabelName)
	if !ok {
		return "", "", "", false
	}
	value, label, ok = cutField(label, tagLabelValue)
	return name, value, rest, ok && label == ""
}

// cutShort is cutLabel for a label whose lengths are one byte each, as they mostly
// are; no label is well-formed here and not there.
func cutShort(enc string) (name, value, rest string, ok bool) {
	const head, middle = 4, 2 // tags and lengths of the label and its name, of its value
	if len(enc) < head+middle || enc[0] != tagSeriesLabels || enc[2] != tagLabelName {
		return "", "", "", false
	}
	end, at := 2+int(enc[1]), head+int(enc[3])
	if end >= 2+0x80 || end > len(enc) || at+middle > end || enc[at] != tagLabelValue || int(enc[at+1]) != end-at-middle {
		return "", "", "", false
	}
	return enc[head:at], enc[at+middle : end], enc[end:], true
}

// cutField cuts a length-delimited field off the front of s. Of the ways to
// write its length only the shortest counts.
func cutField(s string, tag byte) (field, rest string, ok bool) {
	if len(s) < 2 || s[0] != tag {
		return "", "", false
	}
	n, s := uint64(s[1]), s[2:]
	if n >= 0x80 {
		return cutLong(n, s)
	}
	if n > uint64(len(s)) {
		return "", "", false
	}
	return s[:n], s[n:], true
}

// cutLong is cutField behind the first byte of a length of several.
func cutLong(first uint64, s string) (field, rest string, ok bool) {
	head := [binary.MaxVarintLen64]byte{byte(first)}
	n, k := binary.Uvarint(head[:1+copy(head[1:], s)])
	if k <= 0 || k != varintLen(n) || n > uint64(len(s)+1-k) {
		return "", "", false
	}
	s = s[k-1:]
	return s[:n], s[n:], true
}
