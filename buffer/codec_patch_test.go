package buffer

import (
	"encoding/binary"
	"strings"
	"testing"
)

// TestPatchReader_Budget applies patches of few bytes, each of which makes a
// histogram of twice the size.
func TestPatchReader_Budget(t *testing.T) {
	var r patchReader
	r.note(0, strings.Repeat("x", 1000))
	budget := 1 << 20
	for range 30 {
		n := uint64(len(r.last[0]))
		patch := binary.AppendUvarint([]byte{1}, n) // one edit, the whole as suffix
		patch = binary.AppendUvarint(patch, n)      // and as prefix
		r.begin(append(patch, 0))
		r.read(0, &budget)
		if !r.ok() {
			break
		}
	}
	if r.ok() || budget > 0 || cap(r.text) > 4<<20 {
		t.Errorf("ok=%v, a budget of %d is left, and %d bytes have been allocated", r.ok(), budget, cap(r.text))
	}
}

// TestPatchReader_Hostile reads patches that no patchWriter writes.
func TestPatchReader_Hostile(t *testing.T) {
	for name, patch := range map[string]string{
		"nothing":           "",
		"suffix too long":   "\x01\x09\x01\x00",
		"same too long":     "\x01\x00\x09\x00",
		"same past the end": "\x02\x00\x08\x01x\x01\x00",
		"too many edits":    "\x7f\x00\x00\x00",
		"no bytes":          "\x01\x00\x00\x05abc",
		"an empty one":      "\x01\x00\x00\x00",
		"one too many":      "\x00\x00",
	} {
		var r patchReader
		r.note(7, "12345678")
		budget := 100
		r.begin([]byte(patch))
		if s := r.read(7, &budget); r.ok() {
			t.Errorf("%s: accepted as %q", name, s)
		}
	}
}
