package remote

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// windows makes random windows: several sources whose layouts change, samples
// beside the columns, values of all kinds of bits.
type windows struct {
	*rand.Rand
	all   [][]*buffer.Series // by source
	clock int64
	seq   uint64
}

var oddValues = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(),
	math.Float64frombits(0x7ff0000000000002), math.Float64frombits(0xfff8000000000123), 5e-324}

func newWindows(r *rand.Rand) *windows {
	w := &windows{Rand: r, clock: 1_700_000_000_000}
	for source := range 1 + r.IntN(3) {
		var series []*buffer.Series
		for f := range 1 + r.IntN(6) {
			family := &buffer.Family{Name: fmt.Sprintf("family_%d", f)}
			for i := range 1 + r.IntN(5) {
				enc := proto.AppendLabel(nil, "__name__", family.Name)
				enc = proto.AppendLabel(enc, "i", fmt.Sprint(i))
				enc = proto.AppendLabel(enc, "job", fmt.Sprint(source))
				series = append(series, &buffer.Series{Labels: string(enc), Family: family})
			}
		}
		w.all = append(w.all, series)
	}
	return w
}

func (w *windows) value() float64 {
	if w.IntN(4) == 0 {
		return oddValues[w.IntN(len(oddValues))]
	}
	return w.NormFloat64()
}

// window makes so many ticks.
func (w *windows) window(ticks int) []*buffer.Tick {
	layouts := make([]*buffer.Layout, len(w.all))
	var window []*buffer.Tick
	for range ticks {
		w.clock += 1000
		w.seq++
		t := &buffer.Tick{Seq: w.seq, Time: w.clock}
		for source, all := range w.all {
			if layouts[source] == nil || w.IntN(5) == 0 {
				var some []*buffer.Series
				for _, s := range all {
					if w.IntN(4) > 0 {
						some = append(some, s)
					}
				}
				layouts[source] = buffer.NewLayout(some)
			}
			b := buffer.Block{Source: source, Time: w.clock, Layout: layouts[source]}
			for range b.Layout.Series {
				b.Values = append(b.Values, w.value())
			}
			if w.IntN(4) == 0 {
				for range w.IntN(5) {
					b.Extra = append(b.Extra, buffer.Sample{Series: all[w.IntN(len(all))], Time: w.clock - 500, Value: w.value()})
				}
			}
			if w.IntN(10) > 0 { // not every source is due at each tick
				t.Blocks = append(t.Blocks, b)
			}
		}
		window = append(window, t)
	}
	return window
}

// bySeries is what a window holds, worked out the simple way.
func bySeries(window []*buffer.Tick) map[string][]proto.Sample {
	all := make(map[string][]proto.Sample)
	for _, t := range window {
		for _, b := range t.Blocks {
			for _, x := range b.Extra {
				all[x.Series.Labels] = append(all[x.Series.Labels], proto.Sample{Time: x.Time, Value: x.Value})
			}
			for i, s := range b.Layout.Series {
				all[s.Labels] = append(all[s.Labels], proto.Sample{Time: b.Time, Value: b.Values[i]})
			}
		}
	}
	return all
}

func encodedLabels(ls []prompb.Label) string {
	var enc []byte
	for _, l := range ls {
		enc = proto.AppendLabel(enc, l.Name, l.Value)
	}
	return string(enc)
}

// checkPack packs a window and fails the test unless what is sent is what the
// window holds, bit for bit and in order, within the limits.
func checkPack(t *testing.T, p *packer, window []*buffer.Tick, maxBytes int) {
	t.Helper()
	want := bySeries(window)
	got := make(map[string][]proto.Sample)
	err := p.pack(window, p.limits(), func(b batch) error {
		if len(b.body) > maxBytes && b.samples > 1 {
			t.Errorf("a request of %d bytes with %d samples, the limit is %d", len(b.body), b.samples, maxBytes)
		}
		req, err := proto.DecodeV1(b.body)
		if err != nil {
			t.Fatal(err)
		}
		samples := 0
		seen := make(map[string]bool)
		for _, ts := range req.Timeseries {
			key := encodedLabels(ts.Labels)
			if seen[key] {
				t.Errorf("%v stands twice in a request", ts.Labels)
			}
			seen[key] = true
			samples += len(ts.Samples)
			for _, s := range ts.Samples {
				got[key] = append(got[key], proto.Sample{Time: s.Timestamp, Value: s.Value})
			}
		}
		if samples != b.samples || samples == 0 || samples > p.own.samples {
			t.Errorf("a request with %d samples says %d; the limit is %d", samples, b.samples, p.own.samples)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d series, want %d", len(got), len(want))
	}
	for key, samples := range want {
		if !slices.EqualFunc(got[key], samples, func(a, b proto.Sample) bool {
			return a.Time == b.Time && math.Float64bits(a.Value) == math.Float64bits(b.Value)
		}) {
			t.Fatalf("series %q has %v, want %v", key, got[key], samples)
		}
	}
}

func FuzzPacker(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint8(seed), uint16(seed*7+1), uint16(seed*100+64))
	}
	f.Fuzz(func(t *testing.T, seed uint64, ticks uint8, maxSamples, maxBytes uint16) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWindows(r)
		limit := max(int(maxBytes), 64)
		p := newPacker(max(int(maxSamples), 1), limit)
		for range 3 { // the packer's memory is used again
			checkPack(t, p, w.window(int(ticks%20)+1), limit)
		}
	})
}

func TestPacker_KeepsFamiliesTogether(t *testing.T) {
	w := newWindows(rand.New(rand.NewPCG(3, 4)))
	for range 50 {
		window := w.window(4)
		biggest := 0
		sizes := make(map[string]int)
		for key, samples := range bySeries(window) {
			family := familyOf(key)
			sizes[family] += len(samples)
			biggest = max(biggest, sizes[family])
		}
		requests := make(map[string]int)
		p := newPacker(biggest, 1<<20)
		err := p.pack(window, p.limits(), func(b batch) error {
			req, err := proto.DecodeV1(b.body)
			if err != nil {
				return err
			}
			here := make(map[string]bool)
			last := ""
			for _, ts := range req.Timeseries {
				family := familyOf(encodedLabels(ts.Labels))
				if family != last && here[family] {
					t.Errorf("family %s is torn apart within a request", family)
				}
				here[family], last = true, family
			}
			for family := range here {
				requests[family]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for family, n := range requests {
			if n != 1 {
				t.Errorf("family %s is spread over %d requests though it fits into one", family, n)
			}
		}
	}
}

// familyOf is the family and job of a series made by newWindows.
func familyOf(enc string) string {
	var name, job string
	for n, v := range proto.Labels(enc) {
		switch n {
		case "__name__":
			name = v
		case "job":
			job = v
		}
	}
	return name + " " + job
}

func TestPacker_StopsAtTheFirstError(t *testing.T) {
	w := newWindows(rand.New(rand.NewPCG(5, 6)))
	calls := 0
	p := newPacker(1, 1<<20)
	err := p.pack(w.window(4), p.limits(), func(batch) error {
		calls++
		return errUnsettled
	})
	if err != errUnsettled || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
}

func TestDecodedLimit(t *testing.T) {
	for _, limit := range []int{64, 100, 1 << 10, 1000_000, 16 << 20} {
		n := decodedLimit(limit)
		p := &packer{}
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(rand.Uint32())
		}
		p.next.encoded = noise
		p.flush(mark{bytes: n}, func(b batch) error {
			if len(b.body) > limit {
				t.Errorf("%d bytes of noise became %d, the limit is %d", n, len(b.body), limit)
			}
			return nil
		})
		if n < limit*3/4-40 {
			t.Errorf("only %d bytes for a limit of %d", n, limit)
		}
	}
}

// What is sent of a window is the same whether its ticks come from memory or
// from the log, read from wherever.
func TestPacker_SameBatchesFromMemoryAndFromTheLog(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWindows(r)
		var all []*buffer.Tick
		for range 6 {
			all = append(all, w.window(40)...)
		}
		base := uint64(0)
		var enc buffer.Encoder
		var recs [][]byte
		var keys []bool
		for _, tk := range all {
			tk.Base = base
			base = tk.End()
			rec, key := enc.Encode(nil, tk, false)
			recs, keys = append(recs, rec), append(keys, key)
		}
		from := r.IntN(len(all) - 8)
		k := from
		for !keys[k] {
			k--
		}
		var dec buffer.Decoder
		var got []*buffer.Tick
		for i := k; i < from+8; i++ {
			tk, err := dec.Decode(recs[i], keys[i])
			if err != nil {
				t.Fatal(err)
			}
			if i >= from {
				got = append(got, tk)
			}
		}
		a, b := bodies(all[from:from+8]), bodies(got)
		if len(a) != len(b) {
			t.Fatalf("seed %d: %d batches, %d from the log", seed, len(a), len(b))
		}
		for i := range a {
			if !bytes.Equal(a[i], b[i]) {
				t.Fatalf("seed %d: batch %d of %d differs", seed, i, len(a))
			}
		}
	}
}

func bodies(window []*buffer.Tick) (all [][]byte) {
	p := newPacker(20, 1<<20)
	p.pack(window, p.limits(), func(b batch) error { all = append(all, bytes.Clone(b.body)); return nil })
	return all
}

// In steady state packing allocates nothing, however many series there are.
func TestPacker_AllocatesNothing(t *testing.T) {
	window := steadyWindow(1000, 4)
	p := newPacker(2000, 512<<10)
	send := func(batch) error { return nil }
	p.pack(window, p.limits(), send)
	if n := testing.AllocsPerRun(20, func() { p.pack(window, p.limits(), send) }); n > 2 {
		t.Errorf("%v allocations a window", n)
	}
}

func steadyWindow(series, ticks int) []*buffer.Tick {
	family := &buffer.Family{Name: "steady_total", Type: buffer.TypeCounter}
	var all []*buffer.Series
	for i := range series {
		enc := proto.AppendLabel(nil, "__name__", family.Name)
		enc = proto.AppendLabel(enc, "instance", "node-17.site.example:9100")
		enc = proto.AppendLabel(enc, "job", "steady")
		enc = proto.AppendLabel(enc, "shard", fmt.Sprint(i))
		all = append(all, &buffer.Series{Labels: string(enc), Family: family})
	}
	layout := buffer.NewLayout(all)
	var window []*buffer.Tick
	for n := range ticks {
		values := make([]float64, series)
		for i := range values {
			values[i] = float64(1000*i + 7*n)
		}
		at := int64(1_700_000_000_000 + 15_000*n)
		window = append(window, &buffer.Tick{Seq: uint64(n + 1), Time: at, Blocks: []buffer.Block{{Time: at, Layout: layout, Values: values}}})
	}
	return window
}

func BenchmarkPack(b *testing.B) {
	for _, series := range []int{1000, 10000} {
		for _, ticks := range []int{1, 4, 20} {
			b.Run(fmt.Sprintf("series=%d/ticks=%d", series, ticks), func(b *testing.B) {
				window := steadyWindow(series, ticks)
				p := newPacker(2000, 512<<10)
				wire := 0
				b.ReportAllocs()
				for b.Loop() {
					wire = 0
					p.pack(window, p.limits(), func(x batch) error { wire += len(x.body); return nil })
				}
				samples := float64(series * ticks)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/samples, "ns/sample")
				b.ReportMetric(float64(wire)/samples, "wireB/sample")
			})
		}
	}
}
