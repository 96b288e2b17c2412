package buffer_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// TestDecoder_Damage cuts records short at every byte and flips every bit. What
// still passes for a tick can be encoded again.
func TestDecoder_Damage(t *testing.T) {
	w := newWorld(throw(11, 450))
	var enc buffer.Encoder
	var recs [][]byte
	histograms, exemplars := false, 0
	for i := range 4 {
		tick := w.tick()
		rec, _ := enc.Encode(nil, tick, i == 0)
		recs = append(recs, rec)
		for _, b := range tick.Blocks {
			histograms = histograms || slices.ContainsFunc(b.Extra, func(x buffer.Sample) bool { return x.Histogram != "" })
			exemplars += len(b.Exemplars)
		}
	}
	if !histograms || exemplars == 0 {
		t.Fatalf("histograms: %v, exemplars: %d; there is nothing of one to damage", histograms, exemplars)
	}
	for i, rec := range recs {
		for at := range rec {
			decodeDamaged(t, recs[:i], rec[:at], i == 0)
			for bit := range 8 {
				rec[at] ^= 1 << bit
				decodeDamaged(t, recs[:i], rec, i == 0)
				rec[at] ^= 1 << bit
			}
		}
	}
}

// decodeDamaged decodes a record after others that it builds on.
func decodeDamaged(t *testing.T, before [][]byte, rec []byte, key bool) {
	t.Helper()
	dec := new(buffer.Decoder).Small()
	for i, rec := range before {
		if _, err := dec.Decode(rec, i == 0); err != nil {
			t.Fatal(err)
		}
	}
	tick, err := dec.Decode(rec, key)
	if at := new(buffer.RecordError); err != nil {
		if !errors.As(err, &at) || at.Offset > len(rec) {
			t.Fatalf("unplaced error: %v", err)
		}
		return
	}
	var enc buffer.Encoder
	again, err := new(buffer.Decoder).Decode(enc.Encode(nil, tick, true))
	if err == nil {
		err = sameTick(again, tick)
	}
	if err != nil {
		t.Fatal(err)
	}
}
