package remote

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

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
			family := &buffer.Family{Name: fmt.Sprintf("family_%d", f), Type: buffer.Type(w.IntN(3)),
				Unit: strings.Repeat("s", w.IntN(3)), Help: strings.Repeat("help ", w.IntN(40))}
			for i := range 1 + r.IntN(5) {
				enc := proto.AppendLabel(nil, "__name__", family.Name)
				enc = proto.AppendLabel(enc, "i", fmt.Sprint(i))
				enc = proto.AppendLabel(enc, "job", fmt.Sprint(source))
				series = append(series, &buffer.Series{Labels: string(enc), Family: family, Start: w.start()})
			}
		}
		w.all = append(w.all, series)
	}
	return w
}

// start is nearly always before the windows.
func (w *windows) start() int64 {
	if w.IntN(2) == 0 {
		return 0
	}
	return w.clock - w.Int64N(100_000) - 1000
}

// again is s, or s begun anew.
func (w *windows) again(s *buffer.Series) *buffer.Series {
	if w.IntN(8) > 0 {
		return s
	}
	return &buffer.Series{Labels: s.Labels, Family: s.Family, Start: w.start()}
}

func (w *windows) histogram() string {
	h := &histogram.Histogram{Schema: int32(w.IntN(5)), Count: 3, Sum: w.NormFloat64(), PositiveSpans: []histogram.Span{{Offset: 1, Length: 2}}, PositiveBuckets: []int64{1, 1}}
	if w.IntN(5) == 0 {
		h = &histogram.Histogram{Sum: math.Float64frombits(value.StaleNaN)}
	}
	return string(proto.AppendHistogram(nil, h))
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
						some = append(some, w.again(s))
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
					x := buffer.Sample{Series: w.again(all[w.IntN(len(all))]), Time: w.clock - 500, Value: w.value()}
					if w.IntN(3) == 0 {
						x.Value, x.Histogram = 0, w.histogram()
					}
					b.Extra = append(b.Extra, x)
				}
			}
			for range w.IntN(3) {
				if n := len(b.Layout.Series); n > 0 {
					b.Exemplars = append(b.Exemplars, buffer.Exemplar{Series: b.Layout.Series[w.IntN(n)], Time: w.clock - 100, Value: w.value(),
						Labels: string(proto.AppendLabel(nil, "trace_id", fmt.Sprint(w.IntN(100))))})
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

// bySeries is what a window holds, worked out the simple way: for each label set
// its samples in order, in words.
func bySeries(window []*buffer.Tick) map[string][]string {
	all := make(map[string][]string)
	for _, t := range window {
		for _, b := range t.Blocks {
			for _, x := range b.Extra {
				if x.Histogram != "" {
					all[x.Series.Labels] = append(all[x.Series.Labels], histogramWords(x.Time, x.Series.Start, x.Histogram))
				} else {
					all[x.Series.Labels] = append(all[x.Series.Labels], sampleWords(x.Time, x.Series.Start, x.Value))
				}
			}
			for i, s := range b.Layout.Series {
				all[s.Labels] = append(all[s.Labels], sampleWords(b.Time, s.Start, b.Values[i]))
			}
		}
	}
	return all
}

// exemplarsBySeries are the exemplars of a window, in words.
func exemplarsBySeries(window []*buffer.Tick) map[string][]string {
	all := make(map[string][]string)
	for _, t := range window {
		for _, b := range t.Blocks {
			for _, x := range b.Exemplars {
				all[x.Series.Labels] = append(all[x.Series.Labels], exemplarWords(x.Time, x.Value, x.Labels))
			}
		}
	}
	return all
}

func sampleWords(time, start int64, v float64) string {
	if math.Float64bits(v) == value.StaleNaN {
		start = 0
	}
	return fmt.Sprintf("%d since %d: %x", time, start, math.Float64bits(v))
}

func histogramWords(time, start int64, data string) string {
	if strings.HasPrefix(data, string(proto.AppendHistogram(nil, &histogram.Histogram{Sum: math.Float64frombits(value.StaleNaN)}))) {
		start = 0
	}
	return fmt.Sprintf("%d since %d: histogram %x", time, start, data)
}

func exemplarWords(time int64, v float64, labels string) string {
	return fmt.Sprintf("%d: %x %q", time, math.Float64bits(v), labels)
}

// contents are those of requests, in words.
type contents struct {
	samples, exemplars map[string][]string
	requests           int
}

// read adds a 2.0 request to c, and returns how many samples it holds.
func (c *contents) read(t *testing.T, body []byte) int {
	t.Helper()
	req, err := proto.DecodeV2(body)
	if err != nil {
		t.Fatal(err)
	}
	if c.samples == nil {
		c.samples, c.exemplars = make(map[string][]string), make(map[string][]string)
	}
	c.requests++
	n := 0
	for _, ts := range req.Timeseries {
		key := labelsOf(ts.LabelsRefs, req.Symbols)
		if len(ts.Samples) > 0 == (len(ts.Histograms) > 0) {
			t.Errorf("a TimeSeries with %d samples and %d histograms", len(ts.Samples), len(ts.Histograms))
		}
		for _, s := range ts.Samples {
			c.samples[key] = append(c.samples[key], sampleWords(s.Timestamp, s.StartTimestamp, s.Value))
		}
		for _, h := range ts.Histograms {
			time, start := h.Timestamp, h.StartTimestamp
			h.Timestamp, h.StartTimestamp = 0, 0
			c.samples[key] = append(c.samples[key], histogramWords(time, start, string(proto.AppendHistogram(nil, h.ToIntHistogram()))))
		}
		for _, x := range ts.Exemplars {
			c.exemplars[key] = append(c.exemplars[key], exemplarWords(x.Timestamp, x.Value, labelsOf(x.LabelsRefs, req.Symbols)))
		}
		n += len(ts.Samples) + len(ts.Histograms)
	}
	return n
}

func labelsOf(refs []uint32, symbols []string) string {
	var enc []byte
	for i := 0; i < len(refs); i += 2 {
		enc = proto.AppendLabel(enc, symbols[refs[i]], symbols[refs[i+1]])
	}
	return string(enc)
}

// messageOverhead is what a message has beside its series.
const messageOverhead = 2

var v2 = wire{Protocol2, Snappy}

// checkPack packs a window and fails the test unless what is sent is what the
// window holds, bit for bit and in order, within the limits.
func checkPack(t *testing.T, p *packer, window []*buffer.Tick, maxBytes int) {
	t.Helper()
	var w writer
	w.help.look(time.Unix(1, 0))
	var got contents
	err := p.pack(window, p.limits(), func(x part) error {
		x.describe = true
		r, err := w.write(x, v2)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.body) > maxBytes && x.samples > 1 {
			t.Errorf("a request of %d bytes with %d samples, the limit is %d", len(r.body), x.samples, maxBytes)
		}
		if n, err := snappy.DecodedLen(r.body); err != nil || n > x.size+messageOverhead {
			t.Errorf("a message of %d bytes, said to be at most %d: %v", n, x.size, err)
		}
		n := got.read(t, r.body)
		if n != x.samples || n != r.samples || n == 0 || n > p.own.samples {
			t.Errorf("a request with %d samples says %d and %d; the limit is %d", n, x.samples, r.samples, p.own.samples)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "samples", got.samples, bySeries(window))
	same(t, "exemplars", got.exemplars, exemplarsBySeries(window))
}

func same(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s of %d series, want %d", what, len(got), len(want))
	}
	for key, words := range want {
		if !slices.Equal(got[key], words) {
			t.Fatalf("series %q has %s %v, want %v", key, what, got[key], words)
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

// Halving again and again until nothing can be halved leaves every sample alone
// in a part, and all in the same order.
func TestPart_HalvesDownToSingleSamples(t *testing.T) {
	w := newWindows(rand.New(rand.NewPCG(8, 9)))
	window := w.window(5)
	var got contents
	var out writer
	out.help.look(time.Unix(1, 0))
	var walk func(part)
	walk = func(x part) {
		if x.divisible() {
			a, b := x.halves()
			if a.samples+b.samples != x.samples || a.samples == 0 || b.samples == 0 {
				t.Fatalf("%d samples became %d and %d", x.samples, a.samples, b.samples)
			}
			walk(a)
			walk(b)
			return
		}
		r, err := out.write(x, v2)
		if err != nil {
			t.Fatal(err)
		}
		if n := got.read(t, r.body); n != 1 {
			t.Errorf("%d samples cannot be halved", n)
		}
	}
	p := newPacker(1000, 1<<20)
	if err := p.pack(window, p.limits(), func(x part) error { walk(x); return nil }); err != nil {
		t.Fatal(err)
	}
	same(t, "samples", got.samples, bySeries(window))
	same(t, "exemplars", got.exemplars, exemplarsBySeries(window))
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
		err := p.pack(window, p.limits(), func(x part) error {
			here := make(map[string]bool)
			last := ""
			for _, x := range x.pieces {
				for i := range x.width() {
					family := familyOf(x.at(i).Labels)
					if family != last && here[family] {
						t.Errorf("family %s is torn apart within a request", family)
					}
					here[family], last = true, family
				}
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
	calls := 0
	p := newPacker(1, 1<<20)
	err := p.pack(steadyWindow(5, 4), p.limits(), func(part) error {
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
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(rand.Uint32())
		}
		if got := len(snappy.Encode(nil, noise)); got > limit {
			t.Errorf("%d bytes of noise became %d, the limit is %d", n, got, limit)
		}
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
	var w writer
	w.help.look(time.Unix(1, 0))
	p.pack(window, p.limits(), func(x part) error {
		r, err := w.write(x, v2)
		all = append(all, bytes.Clone(r.body))
		return err
	})
	return all
}

// In steady state packing and writing allocate nothing, however many series there
// are.
func TestPacker_AllocatesNothing(t *testing.T) {
	for _, by := range allWires {
		window := steadyWindow(1000, 4)
		p := newPacker(2000, 512<<10)
		w := new(writer)
		w.help.look(time.Unix(1, 0))
		send := func(x part) error { _, err := w.write(x, by); return err }
		pack := func() { p.pack(window, p.limits(), send); p.release(); w.release() }
		pack()
		if n := testing.AllocsPerRun(20, pack); n > 2 {
			t.Errorf("%v: %v allocations a window", by, n)
		}
	}
}

var allWires = []wire{{Protocol1, Snappy}, {Protocol1, Zstd}, {Protocol2, Snappy}}

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
	for _, by := range allWires {
		for _, series := range []int{1000, 10000} {
			for _, ticks := range []int{1, 4, 20} {
				b.Run(fmt.Sprintf("protocol=%s/compression=%s/series=%d/ticks=%d", by.protocol, by.compression, series, ticks), func(b *testing.B) {
					benchmarkPack(b, steadyWindow(series, ticks), by, series*ticks)
				})
			}
		}
	}
}

func benchmarkPack(b *testing.B, window []*buffer.Tick, by wire, samples int) {
	p := newPacker(2000, 512<<10)
	w := new(writer)
	w.help.look(time.Unix(1, 0))
	bytes := 0
	pack := func() {
		bytes = 0
		p.pack(window, p.limits(), func(x part) error {
			r, err := w.write(x, by)
			bytes += len(r.body)
			return err
		})
		p.release()
		w.release()
	}
	pack()
	b.ReportAllocs()
	for b.Loop() {
		pack()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(samples), "ns/sample")
	b.ReportMetric(float64(bytes)/float64(samples), "wireB/sample")
}

// What it takes to merge a whole window, as after a start, is not kept.
func TestPacker_KeepsLittleAfterALargeMerge(t *testing.T) {
	for series, kept := range map[int]bool{10: true, keepMerged: false} {
		window := steadyWindow(series, 2)
		window[0].Blocks = append(window[0].Blocks, buffer.Block{Source: buffer.Mixed})
		p := newPacker(100, 1<<20)
		if err := p.pack(window, p.limits(), func(part) error { return nil }); err != nil {
			t.Fatal(err)
		}
		p.release()
		if n := cap(p.group.merge.samples); n > 0 != kept {
			t.Errorf("%d series: memory for %d samples is kept", series, n)
		}
	}
}
