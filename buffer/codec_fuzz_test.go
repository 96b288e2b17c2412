package buffer_test

import (
	"errors"
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// FuzzRoundTrip lets the fuzzer throw the dice of a world.
func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(8) {
		f.Add([]byte(throw(seed, 2000)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := roundTrip(newWorld(data), 12); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzDecode feeds hostile records. Those that pass for records must survive
// being encoded again.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(4) {
		w := newWorld(throw(seed, 4000))
		var enc buffer.Encoder
		key, _ := enc.Encode(nil, w.tick(), true)
		for range 4 {
			rec, _ := enc.Encode(nil, w.tick(), false)
			f.Add(key, rec)
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		dec := new(buffer.Decoder).Small()
		var enc buffer.Encoder
		again := new(buffer.Decoder)
		for i, rec := range [][]byte{first, second, second, first} {
			key := i == 0 || i == 3
			tick, err := dec.Decode(rec, key)
			if err != nil {
				if at := new(buffer.RecordError); !errors.As(err, &at) || at.Offset > len(rec) {
					t.Fatalf("unplaced error: %v", err)
				}
				continue
			}
			got, err := again.Decode(enc.Encode(nil, tick, false))
			if err == nil {
				err = sameTick(got, tick)
			}
			if err != nil {
				t.Fatalf("record %d: %v", i, err)
			}
		}
	})
}
