package buffer

import "testing"

// What the ring has let go of, it does not keep alive, nor the place where it
// was.
func TestRing_LetsGo(t *testing.T) {
	r := NewRing(0, 10)
	for seq := range uint64(10000) {
		r.Push(&Tick{Seq: seq + 1, Blocks: []Block{{Layout: NewLayout(nil)}}})
		for _, t0 := range r.ticks[:r.head] {
			if t0 != nil {
				t.Fatalf("after tick %d an old one is still there", seq+1)
			}
		}
	}
	if c := cap(r.ticks); c > 100 {
		t.Errorf("there is room for %d ticks, want little more than for 10", c)
	}
	for _, t0 := range r.ticks[len(r.ticks):cap(r.ticks)] {
		if t0 != nil {
			t.Error("an old tick is still there")
		}
	}
	if n := len(r.layouts); n != 10 {
		t.Errorf("%d layouts are counted, want 10", n)
	}
}
