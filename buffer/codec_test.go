package buffer_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// throw returns dice that fall at random, but always the same for a seed.
func throw(seed uint64, n int) dice {
	d := make(dice, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(d)
	return d
}

// TestCodec_RoundTrip sends ticks of many worlds through the codec, with key
// records at random besides.
func TestCodec_RoundTrip(t *testing.T) {
	for seed := range uint64(200) {
		w := newWorld(throw(seed, 40_000))
		if err := roundTrip(w, 40); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func roundTrip(w *world, ticks int) error {
	var enc buffer.Encoder
	var dec buffer.Decoder
	same := newIdentity()
	for i := range ticks {
		want := w.tick()
		rec, key := enc.Encode(nil, want, w.dice.one(16) == 15)
		got, err := dec.Decode(rec, key)
		if err == nil {
			err = sameTick(got, want)
		}
		if err == nil {
			err = same.check(got, want)
		}
		if err != nil {
			return fmt.Errorf("tick %d, key %v: %w", i, key, err)
		}
		same.note(got, want)
		if w.dice.one(32) == 31 {
			enc.Reset()
		}
	}
	return nil
}

// identity remembers which layouts the sources had at the tick before, here and
// there.
type identity map[int][2]*buffer.Layout

func newIdentity() identity { return make(identity) }

func (m identity) check(got, want *buffer.Tick) error {
	for i := range want.Blocks {
		b := &want.Blocks[i]
		if last, ok := m[b.Source]; ok && last[1] == b.Layout && last[0] != got.Blocks[i].Layout {
			return fmt.Errorf("block %d has another layout than the tick before", i)
		}
	}
	return nil
}

func (m identity) note(got, want *buffer.Tick) {
	clear(m)
	for i := range want.Blocks {
		m[want.Blocks[i].Source] = [2]*buffer.Layout{got.Blocks[i].Layout, want.Blocks[i].Layout}
	}
}

// TestCodec_OddValues sends every easily lost value after every other, in the
// column and outside.
func TestCodec_OddValues(t *testing.T) {
	var w world
	series := w.series(new(target), len(odd))
	layout := buffer.NewLayout(series)
	var enc buffer.Encoder
	var dec buffer.Decoder
	for shift := range 2 * len(odd) {
		b := buffer.Block{Layout: layout}
		for i := range series {
			v := math.Float64frombits(odd[(i*shift+shift)%len(odd)])
			b.Values = append(b.Values, v)
			b.Extra = append(b.Extra, buffer.Sample{Series: series[i], Time: int64(shift), Value: v})
		}
		want := &buffer.Tick{Seq: uint64(shift), Blocks: []buffer.Block{b}}
		got, err := dec.Decode(enc.Encode(nil, want, false))
		if err == nil {
			err = sameTick(got, want)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCodec_Steps walks series by steps of all sizes in all units, where a
// careless forecast or unit would lose the last bit.
func TestCodec_Steps(t *testing.T) {
	var w world
	steps := newSteps(w.series(new(target), 64*len(stepUnits)))
	var enc buffer.Encoder
	var dec buffer.Decoder
	for seq := range uint64(300) {
		want := &buffer.Tick{Seq: seq, Blocks: []buffer.Block{{Layout: steps.layout, Values: steps.next()}}}
		got, err := dec.Decode(enc.Encode(nil, want, false))
		if err == nil {
			err = sameTick(got, want)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEncoder_ForgetsSpecialValues checks that a series which was not a number
// at first, as quantiles are, is written in few bytes once it is one.
func TestEncoder_ForgetsSpecialValues(t *testing.T) {
	var w world
	layout := buffer.NewLayout(w.series(new(target), 100))
	var enc buffer.Encoder
	size := 0
	for seq := range uint64(30) {
		values := make([]float64, 100)
		for i := range values {
			if values[i] = math.NaN(); seq > 3 {
				values[i] = float64(100*i+int(seq)*i%17) / 100
			}
		}
		rec, _ := enc.Encode(nil, &buffer.Tick{Seq: seq, Blocks: []buffer.Block{{Layout: layout, Values: values}}}, false)
		size = len(rec)
	}
	if size > 200 {
		t.Errorf("%d bytes for 100 numbers of two decimals", size)
	}
}

// TestDecoder_StartsAtKeys starts a decoder at every key record of a stream.
func TestDecoder_StartsAtKeys(t *testing.T) {
	ticks := corpusTicks(t, 60, "victoria")
	var enc buffer.Encoder
	var decs []*buffer.Decoder
	for i, want := range ticks {
		rec, key := enc.Encode(nil, want, i%7 == 5)
		if key {
			decs = append(decs, new(buffer.Decoder))
		}
		for n, dec := range decs {
			got, err := dec.Decode(rec, key)
			if err == nil {
				err = sameTick(got, want)
			}
			if err != nil {
				t.Fatalf("decoder of key record %d at tick %d: %v", n, i, err)
			}
		}
		decs = decs[max(0, len(decs)-3):]
	}
}

// TestDecoder_NeedsAllSinceKey leaves records out.
func TestDecoder_NeedsAllSinceKey(t *testing.T) {
	recs, keys := records(corpusTicks(t, 8, "node"))
	var dec buffer.Decoder
	if _, err := dec.Decode(recs[1], keys[1]); !errors.Is(err, buffer.ErrNoKey) {
		t.Errorf("the first record is not a key record: got %v, want %v", err, buffer.ErrNoKey)
	}
	for _, i := range []int{0, 1} {
		if _, err := dec.Decode(recs[i], keys[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := dec.Decode(recs[3], keys[3]); !errors.Is(err, buffer.ErrRecord) {
		t.Errorf("a record is left out: got %v, want %v", err, buffer.ErrRecord)
	}
	if _, err := dec.Decode(recs[2], keys[2]); !errors.Is(err, buffer.ErrNoKey) {
		t.Errorf("after an error: got %v, want %v", err, buffer.ErrNoKey)
	}
	if _, err := dec.Decode(recs[0], true); err != nil {
		t.Errorf("a key record after an error: %v", err)
	}
}

// TestDecoder_KeepsIdentity checks that key records yield the layouts and the
// series that were there before, also where the layout has come about in parts.
func TestDecoder_KeepsIdentity(t *testing.T) {
	ticks := corpusTicks(t, 60, "victoria")
	var enc buffer.Encoder
	var dec buffer.Decoder
	var last *buffer.Tick
	for i, want := range ticks {
		got, err := dec.Decode(enc.Encode(nil, want, i%2 == 0))
		if err != nil {
			t.Fatal(err)
		}
		for n := range want.Blocks {
			if i > 0 && want.Blocks[n].Layout == ticks[i-1].Blocks[n].Layout && got.Blocks[n].Layout != last.Blocks[n].Layout {
				t.Fatalf("tick %d, block %d: another layout than the tick before", i, n)
			}
			if i > 0 && got.Blocks[n].Layout.Series[0] != last.Blocks[n].Layout.Series[0] {
				t.Fatalf("tick %d, block %d: another series than the tick before", i, n)
			}
		}
		last = got
	}
}

func TestEncoder_Reset(t *testing.T) {
	ticks := corpusTicks(t, 4, "node")
	var enc buffer.Encoder
	enc.Encode(nil, ticks[0], false)
	enc.Encode(nil, ticks[1], false)
	enc.Reset()
	rec, key := enc.Encode(nil, ticks[2], false)
	if !key {
		t.Fatal("the record after Reset is not a key record")
	}
	got, err := new(buffer.Decoder).Decode(rec, key)
	if err == nil {
		err = sameTick(got, ticks[2])
	}
	if err != nil {
		t.Error(err)
	}
}

// TestEncoder_KeyInterval checks that key records come of themselves: in time,
// and early where series come and go.
func TestEncoder_KeyInterval(t *testing.T) {
	var w world
	steady := buffer.NewLayout(w.series(new(target), 10))
	for _, churn := range []bool{false, true} {
		var enc buffer.Encoder
		since, longest := 0, 0
		for seq := range uint64(3 * buffer.KeyInterval) {
			layout := steady
			if churn {
				layout = buffer.NewLayout(w.series(new(target), 30))
			}
			values := make([]float64, len(layout.Series))
			_, key := enc.Encode(nil, &buffer.Tick{Seq: seq, Blocks: []buffer.Block{{Layout: layout, Values: values}}}, false)
			if since++; key {
				since = 1
			}
			longest = max(longest, since)
		}
		if want := buffer.KeyInterval; (longest == want) == churn || longest > want {
			t.Errorf("churn=%v: %d records from one key record to the next", churn, longest)
		}
	}
}

// TestEncoder_Allocations holds the tick path to allocate nothing while no
// layout changes.
func TestEncoder_Allocations(t *testing.T) {
	ticks := corpusTicks(t, 40, "node")
	var enc buffer.Encoder
	buf := make([]byte, 0, 1<<20)
	for _, tick := range ticks {
		enc.Encode(buf, tick, false)
	}
	enc.Encode(buf, ticks[0], true)
	i := 0
	if n := testing.AllocsPerRun(len(ticks)-2, func() {
		i++
		enc.Encode(buf, ticks[i], false)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
