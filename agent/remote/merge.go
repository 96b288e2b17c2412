package remote

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
)

// merger groups the blocks of one source whose layout changed or that hold
// samples beside the column.
type merger struct {
	groups   []group
	bySeries map[string]int32           // label set to index in groups
	byLayout map[*buffer.Layout][]int32 // index in groups of each series
	families map[string]int32
	samples  []buffer.Sample // all groups' samples, one group after the other
}

type group struct {
	family int32
	n      int // samples
	off    int // of the next sample to fill in, in merger.samples
}

// each calls yield with the samples of each series in time order, in runs that
// one TimeSeries can hold. The last run of a series is said to be so.
func (m *merger) each(blocks []*buffer.Block, yield func(samples []buffer.Sample, last bool) error) error {
	m.reset()
	m.walk(blocks, func(g *group, _ buffer.Sample) { g.n++ })
	off := 0
	for i := range m.groups {
		m.groups[i].off = off
		off += m.groups[i].n
	}
	m.samples = slices.Grow(m.samples[:0], off)[:off]
	m.walk(blocks, func(g *group, s buffer.Sample) {
		m.samples[g.off] = s
		g.off++
	})
	slices.SortStableFunc(m.groups, func(a, b group) int { return int(a.family - b.family) })
	for _, g := range m.groups {
		for rest := m.samples[g.off-g.n : g.off]; len(rest) > 0; {
			n := runLength(rest)
			if err := yield(rest[:n], n == len(rest)); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	return nil
}

// runLength is how many of the first samples are of one kind and have one start.
// What follows a stale marker of floats may have another: the marker has none.
func runLength(samples []buffer.Sample) int {
	first := samples[0]
	for i, s := range samples[1:] {
		if isHistogram(s) != isHistogram(first) {
			return i + 1
		}
		if s.Series.Start != first.Series.Start && !isStale(s) {
			return i + 1
		}
	}
	return len(samples)
}

// speaker is the series that a run is sent as: the last that is not only ended.
func speaker(run []buffer.Sample) *buffer.Series {
	for _, s := range slices.Backward(run) {
		if !isStale(s) {
			return s.Series
		}
	}
	return run[len(run)-1].Series
}

func isHistogram(s buffer.Sample) bool { return s.Histogram != "" }

func isStale(s buffer.Sample) bool {
	return s.Histogram == "" && math.Float64bits(s.Value) == value.StaleNaN
}

// keepMerged is how many samples a merger keeps its memory for. It is for few as a
// rule, but after a start and on a backlog for whole windows.
const keepMerged = 4096

// release lets go of the samples, and of the memory of many.
func (m *merger) release() {
	m.reset()
	if cap(m.samples) > keepMerged {
		*m = merger{}
	}
}

func (m *merger) reset() {
	if m.bySeries == nil {
		m.bySeries = make(map[string]int32)
		m.byLayout = make(map[*buffer.Layout][]int32)
		m.families = make(map[string]int32)
	}
	clear(m.samples)
	m.samples = m.samples[:0]
	m.groups = m.groups[:0]
	clear(m.bySeries)
	clear(m.byLayout)
	clear(m.families)
}

// walk visits the samples of the blocks in time order per series.
func (m *merger) walk(blocks []*buffer.Block, visit func(*group, buffer.Sample)) {
	for _, b := range blocks {
		for _, x := range b.Extra {
			visit(&m.groups[m.find(x.Series)], x)
		}
		if b.Layout == nil {
			continue
		}
		for i, at := range m.layout(b.Layout) {
			visit(&m.groups[at], buffer.Sample{Series: b.Layout.Series[i], Time: b.Time, Value: b.Values[i]})
		}
	}
}

// layout returns the groups of a layout's series.
func (m *merger) layout(l *buffer.Layout) []int32 {
	at, ok := m.byLayout[l]
	if !ok {
		at = make([]int32, len(l.Series))
		for i, s := range l.Series {
			at[i] = m.find(s)
		}
		m.byLayout[l] = at
	}
	return at
}

// find returns the group of a series, made now if it is the first time.
func (m *merger) find(s *buffer.Series) int32 {
	at, ok := m.bySeries[s.Labels]
	if !ok {
		family, ok := m.families[s.Family.Name]
		if !ok {
			family = int32(len(m.families))
			m.families[s.Family.Name] = family
		}
		at = int32(len(m.groups))
		m.groups = append(m.groups, group{family: family})
		m.bySeries[s.Labels] = at
	}
	return at
}
