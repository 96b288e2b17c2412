package buffer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// dice decides what happens in a world. It falls as its bytes say and shows
// zero when they are used up, so that a fuzzer can throw it.
type dice []byte

func (d *dice) one(n int) int {
	if len(*d) == 0 {
		return 0
	}
	v := int((*d)[0])
	*d = (*d)[1:]
	return v % n
}

func (d *dice) bits() uint64 {
	var v uint64
	for range 8 {
		v = v<<8 | uint64(d.one(256))
	}
	return v
}

// world yields ticks of targets whose series and layouts come and go.
type world struct {
	dice    dice
	seq     uint64
	time    int64
	base    uint64
	names   int
	targets []*target
}

type target struct {
	source  int
	family  *buffer.Family
	layout  *buffer.Layout
	before  []*buffer.Layout
	gone    []*buffer.Series
	values  map[*buffer.Series]float64
	strides map[*buffer.Series]float64
	start   int64

	counted    []*buffer.Series // in native histograms
	histograms map[*buffer.Series]string
}

func newWorld(d dice) *world {
	w := &world{dice: d, time: 1_750_000_000_000}
	w.seq, w.base = d.bits()>>40, d.bits()>>20
	for range 1 + w.dice.one(3) {
		w.targets = append(w.targets, w.target())
	}
	return w
}

func (w *world) target() *target {
	t := &target{source: len(w.targets), values: map[*buffer.Series]float64{}, strides: map[*buffer.Series]float64{}, histograms: map[*buffer.Series]string{}}
	if w.dice.one(8) == 7 {
		t.source = int(int64(w.dice.bits()))
	}
	if w.dice.one(2) == 0 {
		t.start = w.time - int64(w.dice.bits()>>30)
	}
	w.relayout(t, w.series(t, w.dice.one(40)))
	t.counted = w.series(t, w.dice.one(4))
	return t
}

func (w *world) series(t *target, n int) []*buffer.Series {
	var made []*buffer.Series
	for range n {
		if t.family == nil || w.dice.one(4) == 0 {
			w.names++
			t.family = &buffer.Family{
				Name: fmt.Sprintf("metric_%d", w.names),
				Type: buffer.Type(w.dice.one(9)),
				Help: []string{"", "Help.", "A longer\nhelp text."}[w.dice.one(3)],
				Unit: []string{"", "seconds"}[w.dice.one(2)],
			}
		}
		w.names++
		var labels []byte
		labels = proto.AppendLabel(labels, "__name__", t.family.Name)
		labels = proto.AppendLabel(labels, "i", fmt.Sprint(w.names*w.names))
		labels = proto.AppendLabel(labels, "job", "x")
		s := &buffer.Series{Labels: string(labels), Family: t.family}
		if w.dice.one(4) > 0 {
			s.Start = t.start
		}
		made = append(made, s)
	}
	return made
}

func (w *world) relayout(t *target, series []*buffer.Series) {
	if t.layout != nil {
		t.before = append(t.before, t.layout)
	}
	t.layout = buffer.NewLayout(series)
}

// change does something to the layout of a target.
func (w *world) change(t *target) {
	var series []*buffer.Series
	if t.layout != nil {
		series = slices.Clone(t.layout.Series)
	}
	at := w.dice.one(len(series) + 1)
	switch w.dice.one(16) {
	case 0: // series vanish
		end := min(len(series), at+w.dice.one(3))
		t.gone = append(t.gone, series[at:end]...)
		w.relayout(t, slices.Delete(series, at, end))
	case 1: // series appear
		w.relayout(t, slices.Insert(series, at, w.series(t, w.dice.one(4))...))
	case 2: // a series returns
		if n := len(t.gone); n > 0 {
			w.relayout(t, slices.Insert(series, at, t.gone[n-1]))
			t.gone = t.gone[:n-1]
		}
	case 3: // an earlier layout returns
		if n := len(t.before); n > 0 {
			t.layout = t.before[w.dice.one(n)]
		}
	case 4: // the page fails
		w.relayout(t, nil)
		t.layout = nil
	case 5: // a family is described otherwise
		if len(series) > 0 {
			f := *series[0].Family
			f.Help += "!"
			for i, s := range series {
				if s.Family == series[0].Family && i > 0 {
					series[i] = &buffer.Series{Labels: s.Labels, Family: &f}
				}
			}
			series[0] = &buffer.Series{Labels: series[0].Labels, Family: &f}
			w.relayout(t, series)
		}
	case 6: // the process restarts
		t.start = w.time - int64(w.dice.one(256))
		w.relayout(t, restarted(series, t.start))
		t.counted = restarted(t.counted, t.start)
	case 7: // one series begins anew
		if at < len(series) {
			series[at] = &buffer.Series{Labels: series[at].Labels, Family: series[at].Family, Start: int64(w.dice.bits())}
			w.relayout(t, series)
		}
	}
}

// restarted are series after what tells their start has started anew.
func restarted(series []*buffer.Series, start int64) []*buffer.Series {
	series = slices.Clone(series)
	for i, s := range series {
		if s.Start != 0 {
			series[i] = &buffer.Series{Labels: s.Labels, Family: s.Family, Start: start}
		}
	}
	return series
}

// odd are values that are easily lost.
var odd = []uint64{
	0x7ff0000000000002,                                                             // stale marker
	0x7ff8000000000001, 0x7ff0000000000001, 0xfff8000000000000, 0x7fffffffffffffff, // not a number
	0x7ff0000000000000, 0xfff0000000000000, // infinities
	0x8000000000000000, 0, 1, 0x8000000000000001, 0x000fffffffffffff, // zeroes and the smallest
	0x7fefffffffffffff, 0x4340000000000000, 0x4340000000000001, 0xc340000000000000, // the largest, ±2^53
	math.Float64bits(0.1), math.Float64bits(0.1) + 1, math.Float64bits(-0.3), math.Float64bits(1e22), math.Float64bits(4096),
}

// value lets the value of a series go on.
func (w *world) value(t *target, s *buffer.Series) float64 {
	v := t.values[s]
	switch w.dice.one(12) {
	case 0, 1, 2:
		v += t.strides[s]
	case 3:
		t.strides[s] = float64(w.dice.one(256)) * []float64{1, -1, 0.01, 4096, 1e-9, 1.0 / 3}[w.dice.one(6)]
		v += t.strides[s]
	case 4:
		v = float64(int64(w.dice.bits()) >> w.dice.one(64))
	case 5:
		v = math.Float64frombits(w.dice.bits())
	case 6:
		v = math.Float64frombits(odd[w.dice.one(len(odd))])
	case 7:
		v = float64(w.dice.one(256)) / []float64{10, 100, 1000, 1e6, 1e9}[w.dice.one(5)]
	}
	t.values[s] = v
	return v
}

func (w *world) block(t *target, time int64) buffer.Block {
	b := buffer.Block{Source: t.source, Time: time, Layout: t.layout}
	if w.dice.one(16) == 15 {
		b.Time -= int64(w.dice.one(256)) * 100
	}
	if t.layout != nil {
		b.Values = make([]float64, len(t.layout.Series))
		for i, s := range t.layout.Series {
			b.Values[i] = w.value(t, s)
		}
	}
	w.rare(t, &b)
	if w.dice.one(3) > 0 {
		return b
	}
	from := t.gone
	if w.dice.one(2) == 0 {
		from = append(w.series(t, w.dice.one(3)), from...)
	}
	if t.layout != nil && w.dice.one(2) == 0 {
		from = append(slices.Clone(t.layout.Series), from...)
	}
	for _, s := range from {
		for range w.dice.one(3) {
			x := buffer.Sample{Series: s, Time: b.Time, Value: math.Float64frombits(odd[0])}
			switch w.dice.one(4) {
			case 0:
				x.Time -= int64(w.dice.one(80))
				x.Value = w.value(t, s)
			case 1:
				x.Time, x.Value = int64(w.dice.bits()), w.value(t, s)
			}
			b.Extra = append(b.Extra, x)
		}
	}
	return b
}

// tick is the next tick.
func (w *world) tick() *buffer.Tick {
	w.seq++
	w.time += 15_000
	if w.dice.one(16) == 15 {
		w.seq += uint64(w.dice.one(256))
		w.time += int64(w.dice.bits() >> 30)
		w.base += uint64(w.dice.one(256))
	}
	t := &buffer.Tick{Seq: w.seq, Time: w.time, Base: w.base}
	for _, target := range w.targets {
		if w.dice.one(10) == 9 {
			continue
		}
		if w.dice.one(4) == 3 {
			w.change(target)
		}
		t.Blocks = append(t.Blocks, w.block(target, w.time))
	}
	w.base = t.End()
	return t
}

// steps is a column whose values go by steps of all sizes and units: now the
// same again, now others, now none.
type steps struct {
	layout *buffer.Layout
	values []float64
	last   []float64
	random *rand.Rand
}

func newSteps(series []*buffer.Series) *steps {
	n := len(series)
	return &steps{buffer.NewLayout(series), make([]float64, n), make([]float64, n), rand.New(rand.NewPCG(1, 2))}
}

var stepUnits = []float64{4096, 512, 1, 0.1, 0.01, 1e-3, 1e-6, 1e-9, 1.0 / 3}

func (s *steps) next() []float64 {
	for i := range s.values {
		size, unit := i/len(stepUnits), stepUnits[i%len(stepUnits)]
		switch s.random.IntN(8) {
		case 0, 1:
			s.last[i] = 0
		case 2, 3:
			s.last[i] = float64(s.random.IntN(1000)-200) * math.Ldexp(unit, size-2)
		}
		s.values[i] += s.last[i]
	}
	return slices.Clone(s.values)
}
