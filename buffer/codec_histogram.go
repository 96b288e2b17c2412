package buffer

import "encoding/binary"

// histograms holds what histograms are patches of: the last one of each series
// that has had one, by its number, and the one before in the block. Encoder and
// decoder hold the same.
type histograms struct {
	last   map[int]string
	before string
}

func (h *histograms) reset() { clear(h.last) }

// begin prepares for the histograms of a block.
func (h *histograms) begin() { h.before = "" }

// base returns what the next histogram of series id is a patch of.
func (h *histograms) base(id int) string {
	if last, ok := h.last[id]; ok {
		return last
	}
	return h.before
}

func (h *histograms) note(id int, histogram string) {
	if h.last == nil {
		h.last = make(map[int]string)
	}
	h.last[id], h.before = histogram, histogram
}

// edit is a step of a patch: keep so many bytes, then put so many of one's own.
type edit struct{ same, size int }

// editLeast is how many equal bytes end an edit: to begin another takes two.
const editLeast = 3

// patchWriter writes histograms as patches. Of a histogram few bytes change from
// tick to tick, but they are spread all over it.
type patchWriter struct {
	histograms
	out   []byte // the patches of the block
	edits []edit
}

// append appends the histograms of a block, whose extra samples are of the series
// with these numbers.
func (w *patchWriter) append(dst []byte, b *Block, ids []int) []byte {
	w.begin()
	w.out = w.out[:0]
	for i, id := range ids {
		if h := b.Extra[i].Histogram; h != "" {
			w.patch(h, w.base(id))
			w.note(id, h)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(w.out)))
	return append(dst, w.out...)
}

func (w *patchWriter) patch(s, base string) {
	if s == base {
		w.out = append(w.out, 0)
		return
	}
	prefix := sharedPrefix(s, base)
	suffix := sharedSuffix(s[prefix:], base[prefix:])
	w.edit(s[:len(s)-suffix], base)
	w.out = binary.AppendUvarint(w.out, uint64(len(w.edits)))
	w.out = binary.AppendUvarint(w.out, uint64(suffix))
	at := 0
	for _, e := range w.edits {
		w.out = binary.AppendUvarint(w.out, uint64(e.same))
		w.out = binary.AppendUvarint(w.out, uint64(e.size))
		at += e.same + e.size
		w.out = append(w.out, s[at-e.size:at]...)
	}
}

// edit finds the edits that make s of base, at least one.
func (w *patchWriter) edit(s, base string) {
	w.edits = w.edits[:0]
	for len(w.edits) == 0 || s != "" {
		same := sharedPrefix(s, base)
		s, base = s[same:], base[same:]
		size := differing(s, base)
		s, base = s[size:], base[min(size, len(base)):]
		w.edits = append(w.edits, edit{same, size})
	}
}

// differing returns how many bytes of a come before the next that are worth to
// be shared with b.
func differing(a, b string) int {
	same := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			same = 0
			continue
		}
		if same++; same == editLeast {
			return i + 1 - same
		}
	}
	return len(a)
}

// patchReader is the inverse of patchWriter.
type patchReader struct {
	histograms
	in   scanner // the patches of the block
	text []byte
}

func (r *patchReader) begin(packed []byte) {
	r.histograms.begin()
	r.in = scanner{buf: packed}
}

// ok tells whether all patches have been read, and were what a patchWriter
// writes.
func (r *patchReader) ok() bool { return !r.in.bad && len(r.in.rest()) == 0 }

// read returns the next histogram, of series id, or nothing if there is none. It
// takes what it allocates from the budget.
func (r *patchReader) read(id int, budget *int) string {
	base := r.base(id)
	s := base
	if n := r.in.count(len(r.in.rest())); n > 0 {
		s = r.patched(base, n, budget)
	}
	if s == "" {
		r.in.fail()
	}
	r.note(id, s)
	return s
}

func (r *patchReader) patched(base string, edits int, budget *int) string {
	suffix := r.in.count(len(base))
	s := r.text[:0]
	for range edits {
		at := min(len(s), len(base))
		same := r.in.count(len(base) - at)
		s = append(s, base[at:at+same]...)
		s = append(s, r.in.bytes(r.in.count(len(r.in.rest())))...)
	}
	r.text = s
	if *budget -= len(s) + suffix; *budget < 0 || r.in.bad {
		r.in.fail()
		return ""
	}
	r.text = append(s, base[len(base)-suffix:]...)
	return string(r.text)
}
