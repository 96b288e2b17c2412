package buffer_test

import (
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// TestEncoder_KnowsWhatADecoderSpends holds the encoder's account to that of a
// decoder which begins at each key record.
func TestEncoder_KnowsWhatADecoderSpends(t *testing.T) {
	for seed := range uint64(50) {
		w := newWorld(throw(seed, 40_000))
		var enc buffer.Encoder
		var dec buffer.Decoder
		for i := range 40 {
			rec, key := enc.Encode(nil, w.tick(), w.dice.one(16) == 15)
			if key {
				dec = buffer.Decoder{}
			}
			if _, err := dec.Decode(rec, key); err != nil {
				t.Fatal(err)
			}
			text, placed := dec.Spent()
			if wantText, wantPlaced := enc.Spent(); text != wantText || placed != wantPlaced {
				t.Fatalf("seed %d, tick %d: decoding has cost %d and %d, the encoder counts %d and %d", seed, i, text, placed, wantText, wantPlaced)
			}
		}
	}
}

// TestEncoder_StartsAnewBeforeTheDecoderGivesUp checks that a key record comes
// as soon as half of either budget is spent, and no sooner.
func TestEncoder_StartsAnewBeforeTheDecoderGivesUp(t *testing.T) {
	for _, c := range []struct {
		text, placed float64
		key          bool
	}{
		{0.499, 0.499, false},
		{0.501, 0, true},
		{0, 0.501, true},
	} {
		ticks := corpusTicks(t, 2, "node")
		var enc buffer.Encoder
		enc.Encode(nil, ticks[0], false)
		enc.Spend(c.text, c.placed)
		if _, key := enc.Encode(nil, ticks[1], false); key != c.key {
			t.Errorf("after %.3f of the texts and %.3f of the layouts: key record %v", c.text, c.placed, key)
		}
	}
}
