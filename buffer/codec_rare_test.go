package buffer_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// stream sends ticks through the codec.
type stream struct {
	*testing.T
	enc buffer.Encoder
	dec buffer.Decoder
	seq uint64
}

// send returns a block as it comes out, and the size of its record.
func (s *stream) send(b buffer.Block, key bool) (*buffer.Block, int) {
	s.Helper()
	s.seq++
	want := &buffer.Tick{Seq: s.seq, Blocks: []buffer.Block{b}}
	rec, key := s.enc.Encode(nil, want, key)
	got, err := s.dec.Decode(rec, key)
	if err == nil {
		err = sameTick(got, want)
	}
	if err != nil {
		s.Fatalf("tick %d: %v", s.seq, err)
	}
	return &got.Blocks[0], len(rec)
}

// TestCodec_HistogramPatches makes every short histogram of every other.
func TestCodec_HistogramPatches(t *testing.T) {
	var all []string
	for size := 1; size <= 7; size++ {
		for bits := range 1 << size {
			all = append(all, fmt.Sprintf("%0*b", size, bits))
		}
	}
	var w world
	s := stream{T: t}
	one := w.series(new(target), 1)[0]
	for _, from := range all {
		var b buffer.Block
		for _, to := range all {
			b.Extra = append(b.Extra, buffer.Sample{Series: one, Histogram: from}, buffer.Sample{Series: one, Histogram: to})
		}
		s.send(b, false)
	}
}

// nativeHistogram is of the size that native histograms have, and goes on as
// they do: its count, its sum and few of its buckets change.
func nativeHistogram(before string, random *rand.Rand) string {
	h := []byte(before)
	if before == "" {
		h = throw(random.Uint64(), 200)
	}
	for i := range 10 {
		h[i+2] = byte(random.Uint32())
	}
	for range 3 {
		h[20+random.IntN(len(h)-20)]++
	}
	return string(h)
}

// TestCodec_HistogramsAreSmall holds what is stored of histograms to what has
// changed of them.
func TestCodec_HistogramsAreSmall(t *testing.T) {
	const series, most = 20, 30
	var w world
	random := rand.New(rand.NewPCG(1, 2))
	s := stream{T: t}
	b := buffer.Block{Extra: make([]buffer.Sample, series)}
	for i, one := range w.series(new(target), series) {
		b.Extra[i].Series = one
	}
	for tick := range 50 {
		for i := range b.Extra {
			b.Extra[i].Histogram = nativeHistogram(b.Extra[i].Histogram, random)
		}
		if _, size := s.send(b, false); tick > 0 && size > series*most {
			t.Fatalf("tick %d: %d bytes for %d histograms of which 13 bytes have changed", tick, size, series)
		}
	}
	if _, size := s.send(b, false); size > series+20 {
		t.Errorf("%d bytes for %d histograms that have not changed", size, series)
	}
	for i := range b.Extra {
		b.Extra[i].Histogram = staleHistogram
	}
	if _, size := s.send(b, true); size > series*most {
		t.Errorf("%d bytes for %d equal histograms", size, series)
	}
}

// TestCodec_LargeHistograms sends histograms of many kilobytes between key
// records.
func TestCodec_LargeHistograms(t *testing.T) {
	var w world
	s := stream{T: t}
	series := w.series(new(target), 3)
	for i := range 30 {
		var b buffer.Block
		for n, one := range series {
			h := throw(uint64(n), 100_000+i*n)
			h[i*977] = 0
			b.Extra = append(b.Extra, buffer.Sample{Series: one, Histogram: string(h)})
		}
		s.send(b, i%7 == 3)
	}
}

// TestCodec_Exemplars sends exemplars with odd values, and with labels that are
// there, are long, or are not.
func TestCodec_Exemplars(t *testing.T) {
	var w world
	s := stream{T: t}
	series := w.series(new(target), len(odd))
	layout := buffer.NewLayout(series)
	for i := range 10 {
		b := buffer.Block{Time: 1_750_000_000_000, Layout: layout, Values: make([]float64, len(odd))}
		for n := range odd {
			x := buffer.Exemplar{Series: series[n*i%len(odd)], Time: b.Time - int64(n*i)<<n, Value: math.Float64frombits(odd[n])}
			if n%3 > 0 {
				x.Labels = string(proto.AppendLabel(nil, "trace_id", string(throw(uint64(n), n*n*i))))
			}
			b.Exemplars = append(b.Exemplars, x)
		}
		got, _ := s.send(b, i%4 == 2)
		if got.Samples() != len(odd) {
			t.Errorf("%d samples, want %d: exemplars are none", got.Samples(), len(odd))
		}
	}
}

// TestDecoder_BudgetOfExemplars decodes labels that take few bytes in the record
// and many in the tick.
func TestDecoder_BudgetOfExemplars(t *testing.T) {
	var w world
	one := w.series(new(target), 1)[0]
	var b buffer.Block
	for range 100 {
		b.Exemplars = append(b.Exemplars, buffer.Exemplar{Series: one, Labels: string(throw(1, 20_000))})
	}
	var enc buffer.Encoder
	rec, key := enc.Encode(nil, &buffer.Tick{Blocks: []buffer.Block{b}}, true)
	if _, err := new(buffer.Decoder).Decode(rec, key); err != nil {
		t.Error(err)
	}
	if _, err := new(buffer.Decoder).Small().Decode(rec, key); !errors.Is(err, buffer.ErrRecord) {
		t.Errorf("got %v from a record of %d bytes, want %v", err, len(rec), buffer.ErrRecord)
	}
}

// TestCodec_Restart starts an exporter again and again, whose counters begin anew
// but whose gauges go on.
func TestCodec_Restart(t *testing.T) {
	const most = 3 // bytes for a series; described by its neighbour it takes 6
	b := corpusTicks(t, 1, "prometheus")[0].Blocks[0]
	series := slices.Clone(b.Layout.Series)
	for i, one := range series {
		if one.Family.Type != buffer.TypeGauge {
			series[i] = &buffer.Series{Labels: one.Labels, Family: one.Family, Start: 1}
		}
	}
	b.Layout, b.Extra = buffer.NewLayout(series), nil
	s := stream{T: t}
	s.send(b, true)
	_, still := s.send(b, false)
	for i := range int64(4) {
		series = restarted(series, 1_750_000_000_000+i*3_600_000)
		b.Layout = buffer.NewLayout(series)
		b.Values = make([]float64, len(series))
		_, size := s.send(b, false)
		if size -= still; size > most*len(series) {
			t.Errorf("restart %d: %d bytes for %d series", i, size, len(series))
		}
		got, _ := s.send(b, false)
		if again, _ := s.send(b, true); got.Layout != again.Layout {
			t.Errorf("restart %d: the key record has another layout", i)
		}
	}
}

// TestDecoder_StartIsIdentity checks that a series which begins anew, in a key
// record or another, is another one, and that those beside it stay.
func TestDecoder_StartIsIdentity(t *testing.T) {
	for _, key := range []bool{false, true} {
		var w world
		s := stream{T: t}
		series := w.series(new(target), 40)
		values := make([]float64, len(series))
		before, _ := s.send(buffer.Block{Layout: buffer.NewLayout(series), Values: values}, false)
		old := series[7]
		series = append(series[:7:7], append([]*buffer.Series{{Labels: old.Labels, Family: old.Family, Start: 1}}, series[8:]...)...)
		after, _ := s.send(buffer.Block{Layout: buffer.NewLayout(series), Values: values}, key)
		for i := range series {
			if same := before.Layout.Series[i] == after.Layout.Series[i]; same == (i == 7) {
				t.Errorf("key=%v: series %d: the same is %v", key, i, same)
			}
		}
	}
}

// TestDecoder_KeepsIdentityOutsideColumns checks that series outside columns stay
// the same over key records.
func TestDecoder_KeepsIdentityOutsideColumns(t *testing.T) {
	var w world
	s := stream{T: t}
	of := &target{start: 5}
	layout := buffer.NewLayout(w.series(of, 10))
	series := w.series(of, 5)
	var last *buffer.Block
	for i := range 9 {
		b := buffer.Block{Layout: layout, Values: make([]float64, 10)}
		if i > 5 {
			b.Layout, b.Values = nil, nil
		}
		for _, one := range series {
			b.Extra = append(b.Extra, buffer.Sample{Series: one, Histogram: "histogram"})
		}
		got, _ := s.send(b, i%3 == 2)
		for n := range series {
			if last != nil && got.Extra[n].Series != last.Extra[n].Series {
				t.Fatalf("tick %d: series %d is another", i, n)
			}
		}
		last = got
	}
}

// TestEncoder_AllocationsOfHistograms holds the tick path to allocate nothing for
// histograms and exemplars either.
func TestEncoder_AllocationsOfHistograms(t *testing.T) {
	var w world
	random := rand.New(rand.NewPCG(1, 2))
	series := w.series(new(target), 50)
	ticks := make([]*buffer.Tick, 40)
	for i := range ticks {
		var b buffer.Block
		for n, one := range series {
			x := buffer.Sample{Series: one}
			if i > 0 {
				x.Histogram = ticks[i-1].Blocks[0].Extra[n].Histogram
			}
			x.Histogram = nativeHistogram(x.Histogram, random)
			b.Extra = append(b.Extra, x)
			b.Exemplars = append(b.Exemplars, buffer.Exemplar{Series: one, Labels: string(throw(uint64(i), 24))})
		}
		ticks[i] = &buffer.Tick{Seq: uint64(i), Blocks: []buffer.Block{b}}
	}
	var enc buffer.Encoder
	buf := make([]byte, 0, 1<<20)
	for _, tick := range ticks {
		enc.Encode(buf, tick, false)
	}
	i := 0
	if n := testing.AllocsPerRun(len(ticks)-2, func() {
		i++
		enc.Encode(buf, ticks[i], false)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
