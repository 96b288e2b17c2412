package buffer_test

import (
	"testing"
	"unsafe"

	"github.com/edgetick/edgetick/buffer"
)

func TestTick_CountsItsSamples(t *testing.T) {
	l := ringLayout("a", 7)
	for name, c := range map[string]struct {
		tick *buffer.Tick
		want int
	}{
		"no blocks":        {&buffer.Tick{Base: 5}, 0},
		"a column":         {ringTick(1, 5, l), 7},
		"beside a column":  {ringTick(1, 5, nil), 3},
		"several blocks":   {ringTick(1, 5, l, nil, l), 17},
		"block of nothing": {&buffer.Tick{Base: 5, Blocks: make([]buffer.Block, 1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if n := c.tick.Samples(); n != c.want || c.tick.End() != 5+uint64(c.want) {
				t.Errorf("%d samples up to %d, want %d up to %d", n, c.tick.End(), c.want, 5+c.want)
			}
		})
	}
}

// The bytes that are counted are those of the types, and never fewer.
func TestTick_BytesCoverItsMemory(t *testing.T) {
	empty := (&buffer.Tick{}).Bytes()
	if got := int(unsafe.Sizeof(buffer.Tick{})); empty < got {
		t.Errorf("a tick counts %d bytes and takes %d", empty, got)
	}
	one := &buffer.Tick{Blocks: []buffer.Block{{}}}
	if got := int(unsafe.Sizeof(buffer.Block{}) + unsafe.Sizeof(buffer.Column{})); one.Bytes()-empty < got {
		t.Errorf("a block counts %d bytes and takes %d", one.Bytes()-empty, got)
	}
	full := &buffer.Tick{Blocks: []buffer.Block{{Values: make([]float64, 10), Extra: make([]buffer.Sample, 10)}}}
	if got := 10 * int(8+unsafe.Sizeof(buffer.Sample{})); full.Bytes()-one.Bytes() != got {
		t.Errorf("20 samples count %d bytes and take %d", full.Bytes()-one.Bytes(), got)
	}
}

func TestLayout_BytesCoverItsMemory(t *testing.T) {
	l := ringLayout("a", 10)
	want := 0
	for _, s := range l.Series {
		want += len(s.Labels) + int(unsafe.Sizeof(*s)) + int(unsafe.Sizeof(s))
	}
	if l.Bytes() < want {
		t.Errorf("a layout counts %d bytes and takes %d", l.Bytes(), want)
	}
}
