package remote

import (
	"slices"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// grouper turns a window of ticks into series, each with its samples in time
// order. It reuses its memory from window to window.
type grouper struct {
	sources []int // in the order in which the window has them
	blocks  map[int][]*buffer.Block
	samples []proto.Sample
	merge   merger
}

// yieldFunc is given each series of a window once. samples is valid only during
// the call.
type yieldFunc func(s *buffer.Series, samples []proto.Sample) error

// each calls yield for every series of the window, source by source, the series
// of a family one after the other. It stops at the first error.
func (g *grouper) each(window []*buffer.Tick, yield yieldFunc) error {
	g.release()
	g.split(window)
	for _, source := range g.sources {
		var err error
		if blocks := g.blocks[source]; oneColumn(blocks) {
			err = g.columns(blocks, yield)
		} else {
			err = g.merge.each(blocks, yield)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// split sorts the blocks of the window by source, or takes all for blocks of one
// source if there is a mixed one.
func (g *grouper) split(window []*buffer.Tick) {
	if g.blocks == nil {
		g.blocks = make(map[int][]*buffer.Block)
	}
	g.sources = g.sources[:0]
	mixed := slices.ContainsFunc(window, isMixed)
	for _, t := range window {
		for i := range t.Blocks {
			b := &t.Blocks[i]
			source := b.Source
			if mixed {
				source = buffer.Mixed
			}
			if len(g.blocks[source]) == 0 {
				g.sources = append(g.sources, source)
			}
			g.blocks[source] = append(g.blocks[source], b)
		}
	}
}

func isMixed(t *buffer.Tick) bool {
	return slices.ContainsFunc(t.Blocks, func(b buffer.Block) bool { return b.Source == buffer.Mixed })
}

// release lets go of the window.
func (g *grouper) release() {
	for source, blocks := range g.blocks {
		clear(blocks)
		g.blocks[source] = blocks[:0]
	}
	g.merge.reset()
}

// oneColumn tells whether the blocks are nothing but columns of one layout.
func oneColumn(blocks []*buffer.Block) bool {
	for _, b := range blocks {
		if b.Layout != blocks[0].Layout || len(b.Extra) > 0 {
			return false
		}
	}
	return blocks[0].Layout != nil
}

// columns is the way of nearly all samples: the columns are read across.
func (g *grouper) columns(blocks []*buffer.Block, yield yieldFunc) error {
	for i, s := range blocks[0].Layout.Series {
		g.samples = g.samples[:0]
		for _, b := range blocks {
			g.samples = append(g.samples, proto.Sample{Time: b.Time, Value: b.Values[i]})
		}
		if err := yield(s, g.samples); err != nil {
			return err
		}
	}
	return nil
}

// merger groups the blocks of one source whose layout changed or that hold
// samples beside the column.
type merger struct {
	groups   []group
	bySeries map[string]int32           // label set to index in groups
	byLayout map[*buffer.Layout][]int32 // index in groups of each series
	families map[string]int32
	samples  []proto.Sample // all groups' samples, one group after the other
}

type group struct {
	series *buffer.Series
	family int32
	n      int // samples
	off    int // of the next sample to fill in, in merger.samples
}

func (m *merger) each(blocks []*buffer.Block, yield yieldFunc) error {
	m.reset()
	m.walk(blocks, func(g *group, _ proto.Sample) { g.n++ })
	off := 0
	for i := range m.groups {
		m.groups[i].off = off
		off += m.groups[i].n
	}
	m.samples = slices.Grow(m.samples[:0], off)[:off]
	m.walk(blocks, func(g *group, s proto.Sample) {
		m.samples[g.off] = s
		g.off++
	})
	slices.SortStableFunc(m.groups, func(a, b group) int { return int(a.family - b.family) })
	for _, g := range m.groups {
		if err := yield(g.series, m.samples[g.off-g.n:g.off]); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) reset() {
	if m.bySeries == nil {
		m.bySeries = make(map[string]int32)
		m.byLayout = make(map[*buffer.Layout][]int32)
		m.families = make(map[string]int32)
	}
	clear(m.groups)
	m.groups = m.groups[:0]
	clear(m.bySeries)
	clear(m.byLayout)
	clear(m.families)
}

// walk visits the samples of the blocks in time order per series.
func (m *merger) walk(blocks []*buffer.Block, visit func(*group, proto.Sample)) {
	for _, b := range blocks {
		for _, x := range b.Extra {
			visit(&m.groups[m.find(x.Series)], proto.Sample{Time: x.Time, Value: x.Value})
		}
		if b.Layout == nil {
			continue
		}
		for i, at := range m.layout(b.Layout) {
			visit(&m.groups[at], proto.Sample{Time: b.Time, Value: b.Values[i]})
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
		m.groups = append(m.groups, group{series: s, family: family})
		m.bySeries[s.Labels] = at
	}
	return at
}
