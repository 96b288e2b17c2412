package remote

import (
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// A layout is remembered over windows that are without it, but not for ever.
func TestLayouts_ForgetsWhatIsNotUsed(t *testing.T) {
	var c layouts[int]
	often, seldom := buffer.NewLayout(nil), buffer.NewLayout(nil)
	*c.of(seldom) = 1
	for range keepLayouts {
		*c.of(often) = 2
		c.release()
	}
	if *c.of(seldom) != 1 || *c.of(often) != 2 {
		t.Error("a layout that is in use was forgotten")
	}
	for range keepLayouts + 1 {
		c.release()
		c.of(often)
	}
	if len(c.known) != 1 {
		t.Errorf("%d layouts are remembered, want the one in use", len(c.known))
	}
	if *c.of(seldom) != 0 {
		t.Error("what was forgotten is still there")
	}
}

// Times of different lengths take different room.
func TestColumns_SizeIsThatOfTheLongestTime(t *testing.T) {
	series := &buffer.Series{Labels: "", Family: new(buffer.Family)}
	layout := buffer.NewLayout([]*buffer.Series{series})
	size := func(times ...int64) int {
		var c columns
		for _, at := range times {
			c.blocks = append(c.blocks, &buffer.Block{Time: at, Layout: layout, Values: []float64{1}})
		}
		c.begin(new(frames))
		return c.size(0, 1, len(times))
	}
	if got, want := size(1, 1<<40), size(1<<40, 1<<40); got != want {
		t.Errorf("the size is %d, want %d", got, want)
	}
	if got, short := size(1, 1<<40), size(1, 1); got <= short {
		t.Errorf("the size is %d, that of short times %d", got, short)
	}
}
