package remote

import (
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// columns are what a window has of one source whose layout has not changed: the
// samples of each of its series, all with the same times.
type columns struct {
	layout *buffer.Layout
	blocks []*buffer.Block
	frames *frames
	sample int // bound of the size of one, in bytes
}

// frames is how much the series of a layout take in a message beside their
// samples, and their families' descriptions, at most.
type frames struct {
	before []uint32 // bytes of the series before each, and of all
	starts int64    // the bits of all series' starts
}

func measure(l *buffer.Layout) frames {
	f := frames{before: make([]uint32, 1, len(l.Series)+1)}
	var about proto.Metadata
	ts := proto.TimeSeries{Metadata: &about}
	size := 0
	for i, s := range l.Series {
		if beginsFamily(l, i) {
			about = describe(s.Family)
			size += about.SizeBound()
		}
		ts.Labels = s.Labels
		size += ts.FrameBound()
		f.before = append(f.before, uint32(size))
		f.starts |= s.Start
	}
	return f
}

// beginsFamily tells whether the series before is one of another family.
func beginsFamily(l *buffer.Layout, i int) bool {
	return i == 0 || l.Series[i].Family != l.Series[i-1].Family
}

// begin works out how large the series are; f is what is known of the layout.
func (c *columns) begin(f *frames) {
	c.layout = c.blocks[0].Layout
	if f.before == nil {
		*f = measure(c.layout)
	}
	c.frames = f
	times := int64(0)
	for _, b := range c.blocks {
		times |= b.Time
	}
	c.sample = proto.SampleBound(times, f.starts)
}

// size bounds what the series from..to take in a message with so many samples
// each.
func (c *columns) size(from, to, samples int) int {
	return int(c.frames.before[to]-c.frames.before[from]) + (to-from)*samples*c.sample
}

// samples appends samples with the times of the columns from..to to dst.
func (c *columns) samples(dst []proto.Sample, from, to int) []proto.Sample {
	for _, b := range c.blocks[from:to] {
		dst = append(dst, proto.Sample{Time: b.Time})
	}
	return dst
}

// fill gives samples, which begin at the column from, the values of a series.
func (c *columns) fill(samples []proto.Sample, from, series int) {
	for i, b := range c.blocks[from : from+len(samples)] {
		samples[i].Value = b.Values[series]
	}
}

// end lets go of the window.
func (c *columns) end() {
	clear(c.blocks)
	*c = columns{blocks: c.blocks[:0]}
}
