package buffer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// ringTick makes the tick seq, whose blocks have the given layouts.
func ringTick(seq, base uint64, layouts ...*buffer.Layout) *buffer.Tick {
	t := &buffer.Tick{Seq: seq, Time: int64(seq) * 1000, Base: base}
	for i, l := range layouts {
		b := buffer.Block{Source: i, Time: t.Time, Layout: l}
		if l != nil {
			b.Values = make([]float64, len(l.Series))
		} else {
			b.Extra = make([]buffer.Sample, 3)
		}
		t.Blocks = append(t.Blocks, b)
	}
	return t
}

func ringLayout(name string, n int) *buffer.Layout {
	series := make([]*buffer.Series, n)
	for i := range series {
		series[i] = &buffer.Series{Labels: fmt.Sprint(name, i), Family: &buffer.Family{Name: name}}
	}
	return buffer.NewLayout(series)
}

// footprint is the memory of ticks, each layout counted once.
func footprint(ticks []*buffer.Tick) int {
	n := 0
	seen := make(map[*buffer.Layout]bool)
	for _, t := range ticks {
		n += t.Bytes()
		for _, b := range t.Blocks {
			if b.Layout != nil && !seen[b.Layout] {
				seen[b.Layout] = true
				n += b.Layout.Bytes()
			}
		}
	}
	return n
}

func TestRing_AgreesWithASimpleModel(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			maxBytes, minTicks := rng.IntN(20000), rng.IntN(8)
			r := buffer.NewRing(maxBytes, minTicks)
			layouts := []*buffer.Layout{nil, ringLayout("a", 1), ringLayout("b", 10), ringLayout("c", 100)}
			var model []*buffer.Tick
			var seq, end uint64
			for range 300 {
				seq += 1 + uint64(rng.IntN(3)/2)
				if rng.IntN(10) == 0 {
					layouts[1+rng.IntN(3)] = ringLayout("d", rng.IntN(60))
				}
				var used []*buffer.Layout
				for range rng.IntN(4) {
					used = append(used, layouts[rng.IntN(len(layouts))])
				}
				tick := ringTick(seq, end, used...)
				end = tick.End()
				r.Push(tick)
				model = append(model, tick)
				for footprint(model) > maxBytes && len(model) > max(minTicks, 1) {
					model = model[1:]
				}
				sameRing(t, r, model, end, uint64(rng.IntN(int(seq)+3)), rng.IntN(12))
				if t.Failed() {
					return
				}
			}
		})
	}
}

// sameRing fails the test unless r holds the ticks of the model, as a reader
// that has seen everything up to seq and asks for limit ticks finds it.
func sameRing(t *testing.T, r *buffer.Ring, model []*buffer.Tick, end, seq uint64, limit int) {
	t.Helper()
	s := r.State(0)
	if s.Ticks != len(model) || s.End != end || s.Bytes != footprint(model) || s.Closed {
		t.Errorf("%d ticks up to %d, %d bytes, closed %v; want %d, %d, %d, open",
			s.Ticks, s.End, s.Bytes, s.Closed, len(model), end, footprint(model))
	}
	unseen := slices.DeleteFunc(slices.Clone(model), func(t *buffer.Tick) bool { return t.Seq <= seq })
	if got := r.State(seq).Ticks; got != len(unseen) {
		t.Errorf("%d ticks after %d, want %d", got, seq, len(unseen))
	}
	before := []*buffer.Tick{nil}
	got := r.After(seq, limit, before)
	if want := append(before, unseen[:min(limit, len(unseen))]...); !slices.Equal(got, want) {
		t.Errorf("After(%d, %d) has %d ticks, want %d, or others", seq, limit, len(got)-1, len(want)-1)
	}
}

func TestRing_KeepsTheNewestTicksWhateverTheirSize(t *testing.T) {
	for _, c := range []struct{ minTicks, want int }{{-1, 1}, {0, 1}, {1, 1}, {4, 4}} {
		t.Run(fmt.Sprintf("min=%d", c.minTicks), func(t *testing.T) {
			r := buffer.NewRing(0, c.minTicks)
			for seq := range uint64(10) {
				r.Push(ringTick(seq+1, 0, ringLayout("a", 1000)))
			}
			got := r.After(0, 100, nil)
			if len(got) != c.want || got[len(got)-1].Seq != 10 {
				t.Errorf("the ring has %d ticks, want the newest %d", len(got), c.want)
			}
		})
	}
}

func TestRing_CountsALayoutOnce(t *testing.T) {
	l := ringLayout("a", 100)
	r := buffer.NewRing(1<<20, 1)
	r.Push(ringTick(1, 0, l, l))
	first := r.State(0).Bytes
	r.Push(ringTick(2, 200, l))
	if got, want := r.State(0).Bytes-first, ringTick(2, 0, l).Bytes(); got != want {
		t.Errorf("a second tick of one layout takes %d bytes, want %d", got, want)
	}
}

func TestRing_FreesTheLayoutsOfTicksItLetsGo(t *testing.T) {
	big, small := ringLayout("a", 10000), ringLayout("b", 1)
	r := buffer.NewRing(big.Bytes(), 1)
	r.Push(ringTick(1, 0, big))
	r.Push(ringTick(2, 0, small))
	if got, want := r.State(0).Bytes, footprint([]*buffer.Tick{ringTick(2, 0, small)}); got != want {
		t.Errorf("the ring holds %d bytes, want %d", got, want)
	}
}

func TestRing_TellsWhatWasLetGo(t *testing.T) {
	r := buffer.NewRing(0, 2)
	l := ringLayout("a", 5)
	var end uint64
	for seq := range uint64(6) {
		tick := ringTick(seq+1, end, l)
		end = tick.End()
		r.Push(tick)
	}
	const seen, seenEnd = 2, 10 // the reader's last tick, and its End
	next := r.After(seen, 1, nil)[0]
	if next.Seq != 5 || next.Base-seenEnd != 10 {
		t.Errorf("next is tick %d after %d samples let go, want 5 after 10", next.Seq, next.Base-seenEnd)
	}
}

func TestRing_SaysWhenItChanges(t *testing.T) {
	r := buffer.NewRing(1<<20, 1)
	changed := func(s buffer.State) bool {
		select {
		case <-s.Changed:
			return true
		default:
			return false
		}
	}
	before := r.State(0)
	if changed(before) {
		t.Error("changed without a change")
	}
	r.Push(ringTick(1, 0))
	if !changed(before) {
		t.Error("a tick was pushed and nobody told")
	}
	before = r.State(0)
	r.After(0, 1, nil)
	if changed(before) {
		t.Error("changed by being read")
	}
	r.Close()
	after := r.State(0)
	if !changed(before) || !after.Closed || changed(after) {
		t.Error("closing was not told once")
	}
	if got := r.After(0, 5, nil); len(got) != 1 {
		t.Errorf("a closed ring has %d ticks, want the one it had", len(got))
	}
}

// Readers follow a ring that is pushed to all the while, and see every tick that
// was not let go, once, in order, complete.
func TestRing_IsReadWhilePushed(t *testing.T) {
	const ticks = 2000
	r := buffer.NewRing(10000, 4)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var seq, end, lost uint64
			var batch []*buffer.Tick
			for {
				s := r.State(seq)
				batch = r.After(seq, 3, batch[:0])
				for _, tick := range batch {
					if tick.Seq <= seq || tick.Base < end {
						t.Errorf("tick %d from sample %d on after tick %d up to %d", tick.Seq, tick.Base, seq, end)
					}
					lost += tick.Base - end
					seq, end = tick.Seq, tick.End()
				}
				if len(batch) > 0 {
					continue
				}
				if s.Closed {
					break
				}
				<-s.Changed
			}
			if seq != ticks || end != r.State(0).End {
				t.Errorf("ended at tick %d, sample %d, %d lost; want tick %d", seq, end, lost, ticks)
			}
		})
	}
	var end uint64
	layouts := []*buffer.Layout{ringLayout("a", 3), ringLayout("b", 30)}
	for seq := range uint64(ticks) {
		tick := ringTick(seq+1, end, layouts[seq/10%2])
		end = tick.End()
		r.Push(tick)
	}
	r.Close()
	readers.Wait()
}

func TestRing_AllocatesNothingPerTickHeld(t *testing.T) {
	r := buffer.NewRing(50000, 1)
	l := ringLayout("a", 100)
	tick := ringTick(1, 0, l)
	for range 200 {
		r.Push(tick)
	}
	dst := make([]*buffer.Tick, 0, 100)
	if n := testing.AllocsPerRun(1000, func() {
		r.Push(tick)
		dst = r.After(0, 10, dst[:0])
	}); n > 1 { // the channel
		t.Errorf("%v allocations a tick, want 1", n)
	}
}

func BenchmarkRing(b *testing.B) {
	l := ringLayout("a", 1000)
	r := buffer.NewRing(4<<20, 8)
	b.ReportAllocs()
	tick := ringTick(1, 0, l)
	for b.Loop() {
		r.Push(tick)
	}
}

// Ticks are let go when the last of the readers has passed them.
func TestRing_KeepsUntilAllHavePassed(t *testing.T) {
	r := buffer.NewRing(1<<20, 2)
	a, b := r.Reader(), r.Reader()
	for seq := uint64(1); seq <= 5; seq++ {
		r.Push(&buffer.Tick{Seq: seq})
	}
	left := func(want int) {
		t.Helper()
		if got := r.State(0).Ticks; got != want {
			t.Errorf("%d ticks are left, want %d", got, want)
		}
	}
	a.Pass(4)
	left(5)
	b.Pass(2)
	left(3)
	b.Pass(5)
	left(1)
	a.Pass(9) // of a log that is ahead of the ring
	left(0)
	r.Push(&buffer.Tick{Seq: 10})
	if s := r.State(9); s.Ticks != 1 || len(r.After(9, 10, nil)) != 1 {
		t.Errorf("%+v after the ring was empty", s)
	}
	if got := r.State(0).Bytes; got != (&buffer.Tick{}).Bytes() {
		t.Errorf("%d bytes for one tick", got)
	}
}
