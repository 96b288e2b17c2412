package remote

import (
	"slices"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// grouper turns a window of ticks into pieces, one series after the other. It
// reuses its memory from window to window.
type grouper struct {
	sources   []int // in the order in which the window has them
	blocks    map[int][]*buffer.Block
	exemplars map[string][]proto.Exemplar // by label set
	samples   []proto.Sample
	merge     merger
	yield     yieldFunc
}

// yieldFunc is given each piece of a window once. Its samples are valid only
// during the call.
type yieldFunc func(piece) error

// each calls yield with the pieces of the window, source by source, those of a
// family one after the other and those of a series in time order. It stops at
// the first error.
func (g *grouper) each(window []*buffer.Tick, yield yieldFunc) error {
	g.release()
	g.yield = yield
	g.split(window)
	for _, source := range g.sources {
		var err error
		if blocks := g.blocks[source]; oneColumn(blocks) {
			err = g.columns(blocks)
		} else {
			err = g.merge.each(blocks, g.run)
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
		g.exemplars = make(map[string][]proto.Exemplar)
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
			for _, e := range b.Exemplars {
				g.exemplars[e.Series.Labels] = append(g.exemplars[e.Series.Labels], proto.Exemplar{Labels: e.Labels, Time: e.Time, Value: e.Value})
			}
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
	clear(g.exemplars)
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
func (g *grouper) columns(blocks []*buffer.Block) error {
	layout := blocks[0].Layout
	for i, s := range layout.Series {
		g.samples = g.samples[:0]
		for _, b := range blocks {
			g.samples = append(g.samples, proto.Sample{Time: b.Time, Value: b.Values[i]})
		}
		p := piece{series: s, layout: layout, at: i, samples: g.samples}
		g.exemplify(&p)
		if err := g.yield(p); err != nil {
			return err
		}
	}
	return nil
}

// run yields the samples of one series, which are of one kind and have one start
// but for stale markers. The series' last run gets its exemplars.
func (g *grouper) run(samples []buffer.Sample, last bool) error {
	p := piece{series: speaker(samples)}
	if isHistogram(samples[0]) {
		p.rich = &rich{histograms: make([]proto.Histogram, 0, len(samples))}
		for _, s := range samples {
			p.rich.histograms = append(p.rich.histograms, proto.Histogram{Time: s.Time, Data: s.Histogram})
		}
	} else {
		g.samples = g.samples[:0]
		for _, s := range samples {
			g.samples = append(g.samples, proto.Sample{Time: s.Time, Value: s.Value})
		}
		p.samples = g.samples
	}
	if last {
		g.exemplify(&p)
	}
	return g.yield(p)
}

// exemplify gives a piece the exemplars of its series.
func (g *grouper) exemplify(p *piece) {
	if len(g.exemplars) == 0 {
		return
	}
	if x := g.exemplars[p.series.Labels]; len(x) > 0 {
		if p.rich == nil {
			p.rich = new(rich)
		}
		p.rich.exemplars = slices.Clone(x)
	}
}
