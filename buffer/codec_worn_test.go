package buffer

import "testing"

// A group of records never places more series in layouts than a decoder accepts,
// however large the layouts are that change with each tick.
func TestEncoder_StartsAnewBeforeTheDecoderGivesUp(t *testing.T) {
	const n = 500_000
	family := &Family{Name: "f"}
	series := make([]*Series, n)
	for i := range series {
		series[i] = &Series{Labels: string([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), Family: family}
	}
	values := make([]float64, n)
	var e Encoder
	var rec []byte
	placed := 0
	for seq := uint64(1); seq <= 40; seq++ {
		series[0] = &Series{Labels: string([]byte{0xff, byte(seq), 0xff}), Family: family}
		l := NewLayout(append([]*Series(nil), series...))
		var key bool
		rec, key = e.Encode(rec[:0], &Tick{Seq: seq, Blocks: []Block{{Layout: l, Values: values}}}, false)
		if key {
			placed = 0
		}
		if placed += n; placed > maxPlaced {
			t.Fatalf("tick %d: %d series are placed, a decoder gives up at %d", seq, placed, maxPlaced)
		}
	}
}
