package buffer

import (
	"math"
	"sync"
	"weak"
)

// Column is memory for the values of one block after the other. Most of what is
// gathered is in columns, and all of it would be garbage a moment later.
//
// Two may hold a column, each for itself, and it is used again only when both
// have let go:
//
//   - The gatherer, from [Columns.Take] to [Column.Release]. It may still compare
//     a page with the one that it has given away.
//   - The block's tick, from [Column.Fill] until all of a ring's readers have
//     passed it, the last of them in [Reader.Pass]. Until then whoever handles the
//     tick may read the values: the loop, the journal, the ring's readers. After
//     that nobody may, though the length stays true.
//
// Whoever never lets go leaves the column to the garbage collector, which is what
// becomes of it wherever it is not certain that nobody reads it: if the tick never
// gets into a ring, or into one without readers; if the ring lets go of it for its
// bound, while a reader may be at it; if it is retained ([Tick.Retain]). Copies of
// a block are none of its holders: they are good for as long as the tick is.
type Column struct {
	values []float64
	home   *Columns
	held   holders // guarded by home.mu
}

// holders are those that hold a column.
type holders uint8

const (
	heldByGatherer holders = 1 << iota
	heldByTick
)

// Columns are the columns of one target that nobody holds. The zero value is
// ready. Columns are safe for concurrent use.
//
// Those that are still there when garbage is collected are garbage, too: so they
// never are more than were in use since, and no part of what is alive, by which
// the heap is measured.
type Columns struct {
	mu   sync.Mutex
	idle weak.Pointer[[]*Column]
}

// Take returns an empty column with room for n values, held by the caller.
func (c *Columns) Take(n int) *Column {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.find(n)
	if x == nil {
		x = &Column{values: make([]float64, 0, n), home: c}
	}
	x.held = heldByGatherer
	return x
}

// find takes out an idle column that fits n values; it returns nil if there is
// none. Those that do not fit were for a page of another size, and are let go.
func (c *Columns) find(n int) *Column {
	idle := c.idle.Value()
	if idle == nil {
		return nil
	}
	for last := len(*idle) - 1; last >= 0; last-- {
		x := (*idle)[last]
		(*idle)[last] = nil
		*idle = (*idle)[:last]
		if x.fits(n) {
			return x
		}
	}
	return nil
}

// put puts in a column that nobody holds.
func (c *Columns) put(x *Column) {
	x.values = x.values[:0]
	if poisoned {
		x.poison()
	}
	idle := c.idle.Value()
	if idle == nil {
		idle = new([]*Column)
		c.idle = weak.Make(idle)
	}
	*idle = append(*idle, x)
}

// Values are those that the column was filled with: none at first. What is
// appended to them is written into the column, as far as it has room.
func (x *Column) Values() []float64 { return x.values }

// Fill gives b the values, which were appended to those of x. If there was no
// room for them, x has become the memory that they are in now. Its holders are
// the caller, as before, and b's tick. It is called once.
func (x *Column) Fill(b *Block, values []float64) {
	x.home.mu.Lock()
	defer x.home.mu.Unlock()
	x.values, x.held = values, x.held|heldByTick
	b.Values, b.column = values, x
}

// Release says that the gatherer reads x no more. It does nothing if x is nil.
func (x *Column) Release() { x.letGo(heldByGatherer) }

// letGo lets go of x, which may be nil, for one of its holders.
func (x *Column) letGo(by holders) {
	if x == nil {
		return
	}
	x.home.mu.Lock()
	defer x.home.mu.Unlock()
	if x.held&by == 0 {
		return
	}
	if x.held &^= by; x.held == 0 {
		x.home.put(x)
	}
}

// fits tells whether there is room for n values, and not for many more.
func (x *Column) fits(n int) bool { return cap(x.values) >= n && cap(x.values) <= n+n/2 }

// poison makes all of a column nonsense, which shows who still reads it.
func (x *Column) poison() {
	all := x.values[:cap(x.values)]
	for i := range all {
		all[i] = math.Float64frombits(poisonBits)
	}
}

// poisonBits are those of a NaN that nobody else makes.
const poisonBits = 0x7ff8_dead_c01d_c01d
