package remote

import (
	"slices"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// grouper turns a window of ticks into pieces. It reuses its memory from window to
// window.
type grouper struct {
	sources   []*columns       // in the order in which the window has them
	columns   map[int]*columns // by source
	frames    layouts[frames]
	exemplars map[string][]proto.Exemplar // by label set
	samples   []proto.Sample
	merge     merger
	yield     yieldFunc
}

// yieldFunc is given each piece of a window once. Columns are valid until the
// window is released, the samples of a single series only during the call.
type yieldFunc func(piece) error

// each calls yield with the pieces of the window, source by source, those of a
// family one after the other and those of a series in time order. It stops at
// the first error.
func (g *grouper) each(window []*buffer.Tick, yield yieldFunc) error {
	g.clear()
	g.yield = yield
	g.split(window)
	for _, c := range g.sources {
		var err error
		if oneLayout(c.blocks) {
			err = g.stretch(c)
		} else {
			err = g.merge.each(c.blocks, g.run)
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
	if g.columns == nil {
		g.columns = make(map[int]*columns)
		g.exemplars = make(map[string][]proto.Exemplar)
	}
	mixed := slices.ContainsFunc(window, isMixed)
	for _, t := range window {
		for i := range t.Blocks {
			b := &t.Blocks[i]
			c := g.source(b.Source, mixed)
			c.blocks = append(c.blocks, b)
			for _, e := range b.Exemplars {
				g.exemplars[e.Series.Labels] = append(g.exemplars[e.Series.Labels], proto.Exemplar{Labels: e.Labels, Time: e.Time, Value: e.Value})
			}
		}
	}
}

func (g *grouper) source(source int, mixed bool) *columns {
	if mixed {
		source = buffer.Mixed
	}
	c := g.columns[source]
	if c == nil {
		c = new(columns)
		g.columns[source] = c
	}
	if len(c.blocks) == 0 {
		g.sources = append(g.sources, c)
	}
	return c
}

func isMixed(t *buffer.Tick) bool {
	return slices.ContainsFunc(t.Blocks, func(b buffer.Block) bool { return b.Source == buffer.Mixed })
}

// release lets go of the window.
func (g *grouper) release() {
	g.clear()
	g.frames.release()
	g.merge.release()
}

func (g *grouper) clear() {
	for _, c := range g.sources {
		c.end()
	}
	g.sources = g.sources[:0]
	clear(g.exemplars)
	g.merge.reset()
}

// oneLayout tells whether the blocks are nothing but columns of one layout.
func oneLayout(blocks []*buffer.Block) bool {
	for _, b := range blocks {
		if b.Layout != blocks[0].Layout || len(b.Extra) > 0 {
			return false
		}
	}
	return blocks[0].Layout != nil
}

// stretch is the way of nearly all samples: columns are yielded as they are, but
// for series with exemplars.
func (g *grouper) stretch(c *columns) error {
	c.begin(g.frames.of(c.blocks[0].Layout))
	all := piece{columns: c, to: int32(len(c.layout.Series)), last: int32(len(c.blocks))}
	if slices.ContainsFunc(c.blocks, hasExemplars) {
		for i, s := range c.layout.Series {
			x, ok := g.exemplars[s.Labels]
			if !ok {
				continue
			}
			before, rest := all.split(i - int(all.from))
			if err := g.yieldAny(before); err != nil {
				return err
			}
			_, all = rest.split(1)
			g.samples = c.samples(g.samples[:0], 0, len(c.blocks))
			c.fill(g.samples, 0, i)
			if err := g.yield(piece{single: single{series: s, samples: g.samples, rich: &rich{exemplars: slices.Clone(x)}}}); err != nil {
				return err
			}
		}
	}
	return g.yieldAny(all)
}

func hasExemplars(b *buffer.Block) bool { return len(b.Exemplars) > 0 }

// yieldAny yields a piece unless it is empty.
func (g *grouper) yieldAny(x piece) error {
	if x.width() == 0 {
		return nil
	}
	return g.yield(x)
}

// run yields the samples of one series, which are of one kind and have one start
// but for stale markers. The series' last run gets its exemplars.
func (g *grouper) run(samples []buffer.Sample, last bool) error {
	p := piece{single: single{series: speaker(samples)}}
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
	if last && len(g.exemplars) > 0 {
		g.exemplify(&p)
	}
	return g.yield(p)
}

// exemplify gives a single series its exemplars.
func (g *grouper) exemplify(p *piece) {
	if x := g.exemplars[p.series.Labels]; len(x) > 0 {
		if p.rich == nil {
			p.rich = new(rich)
		}
		p.rich.exemplars = slices.Clone(x)
	}
}
