package buffer

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
)

// flateMin is the size in bytes below which descriptions are not worth
// compressing.
const flateMin = 2048

// describer writes descriptions of series: what a record says about those that
// no record since the last key record has described.
//
// A series is described by reference to one described before it, whose family
// it shares and whose labels it resembles.
type describer struct {
	counts []byte // all but the text
	texts  []byte
	family *Family // described last
	start  int64   // of the series described last
	cost   int     // bytes that a decoder takes for what is described
	zip    *flate.Writer
	packed bytes.Buffer
}

func (w *describer) begin() {
	w.counts, w.texts, w.family, w.start, w.cost = w.counts[:0], w.texts[:0], nil, 0, 0
}

// series describes s like the series back places before, which is of the same
// family.
func (w *describer) series(s, like *Series, back int) {
	w.counts = binary.AppendUvarint(w.counts, uint64(back))
	w.own(s, like.Labels)
}

// first describes s and its family. like is any series described before, or nil.
func (w *describer) first(s, like *Series) {
	f, before := s.Family, w.family
	if before == nil {
		before = &Family{}
	}
	w.counts = append(w.counts, 0, byte(f.Type))
	prefix := sharedPrefix(f.Name, before.Name)
	w.counts = binary.AppendUvarint(w.counts, uint64(prefix))
	w.text(f.Name[prefix:])
	w.text(f.Help)
	w.text(f.Unit)
	w.family = f
	w.cost += seriesCost + len(f.Name) + len(f.Help) + len(f.Unit)
	labels := ""
	if like != nil {
		labels = like.Labels
	}
	w.own(s, labels)
}

// own describes what a series does not share with its family: its start, and its
// labels, which resemble others.
func (w *describer) own(s *Series, like string) {
	w.counts = binary.AppendVarint(w.counts, s.Start-w.start)
	w.start = s.Start
	labels := s.Labels
	w.cost += seriesCost + len(labels)
	prefix := sharedPrefix(labels, like)
	suffix := sharedSuffix(labels[prefix:], like[prefix:])
	w.counts = binary.AppendUvarint(w.counts, uint64(prefix))
	w.counts = binary.AppendUvarint(w.counts, uint64(suffix))
	w.text(labels[prefix : len(labels)-suffix])
}

func (w *describer) text(s string) {
	w.counts = binary.AppendUvarint(w.counts, uint64(len(s)))
	w.texts = append(w.texts, s...)
}

// appendTo appends the descriptions of n series to dst: n, the size of the
// counts, that of the texts, that of both as compressed by DEFLATE, or 0 if they
// are not, and the bytes. Apart from each other the two compress better.
func (w *describer) appendTo(dst []byte, n int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendUvarint(dst, uint64(len(w.counts)))
	dst = binary.AppendUvarint(dst, uint64(len(w.texts)))
	if packed := w.deflate(); packed != nil {
		dst = binary.AppendUvarint(dst, uint64(len(packed)))
		return append(dst, packed...)
	}
	return append(append(append(dst, 0), w.counts...), w.texts...)
}

// deflate returns nil if compression does not pay.
func (w *describer) deflate() []byte {
	size := len(w.counts) + len(w.texts)
	if size < flateMin {
		return nil
	}
	w.packed.Reset()
	if w.zip == nil {
		w.zip, _ = flate.NewWriter(nil, flate.DefaultCompression)
	}
	w.zip.Reset(&w.packed)
	w.zip.Write(w.counts)
	w.zip.Write(w.texts)
	w.zip.Close()
	if w.packed.Len() >= size {
		return nil
	}
	return w.packed.Bytes()
}

// rest gives back the memory that is needed only to compress, which is more than
// all the rest of an encoder, and that of descriptions worth it.
func (w *describer) rest() {
	w.zip, w.packed = nil, bytes.Buffer{}
	if cap(w.counts)+cap(w.texts) > flateMin {
		w.counts, w.texts = nil, nil
	}
}

func sharedPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func sharedSuffix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[len(a)-1-i] != b[len(b)-1-i] {
			return i
		}
	}
	return n
}
