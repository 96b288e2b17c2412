package remote

import "github.com/edgetick/edgetick/buffer"

// layouts remembers of each layout what was worked out for its series.
type layouts[T any] struct {
	known  map[*buffer.Layout]*known[T]
	window int // number of the one being sent

	layout *buffer.Layout // asked for last
	found  *known[T]
}

type known[T any] struct {
	used int // number of the last window with the layout
	what T
}

// keepLayouts is for how many windows a layout is remembered that is not in them:
// its target may not be due at each tick.
const keepLayouts = 16

// of is what is remembered of a layout, to be filled in: the zero value the first
// time.
func (c *layouts[T]) of(l *buffer.Layout) *T {
	if l == c.layout {
		return &c.found.what
	}
	f := c.known[l]
	if f == nil {
		if c.known == nil {
			c.known = make(map[*buffer.Layout]*known[T])
		}
		f = new(known[T])
		c.known[l] = f
	}
	f.used = c.window
	c.layout, c.found = l, f
	return &f.what
}

// release says that a window has been sent, and forgets what is not used.
func (c *layouts[T]) release() {
	c.window++
	c.layout, c.found = nil, nil
	for l, f := range c.known {
		if c.window-f.used > keepLayouts {
			delete(c.known, l)
		}
	}
}

// forget forgets all.
func (c *layouts[T]) forget() {
	clear(c.known)
	c.layout, c.found = nil, nil
}
