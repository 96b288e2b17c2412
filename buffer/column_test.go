package buffer

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"weak"
)

// loan gathers columns of two values into the ticks of a ring.
type loan struct {
	*testing.T
	columns Columns
	idle    *[]*Column // of columns, and so no garbage
	ring    *Ring
	seq     uint64
}

// newLoan makes a loan whose ring holds no more than so many ticks.
func newLoan(t *testing.T, ticks int) *loan {
	l := &loan{T: t, idle: new([]*Column), ring: NewRing(0, ticks)}
	l.columns.idle = weak.Make(l.idle)
	return l
}

// tick gathers a tick, which is not in the ring yet.
func (l *loan) tick() (*Column, *Tick) {
	l.seq++
	t := &Tick{Seq: l.seq, Blocks: make([]Block, 2)} // one block has no column
	x := l.columns.Take(2)
	x.Fill(&t.Blocks[1], append(x.Values(), float64(l.seq), 0.5))
	return x, t
}

// push gathers a tick into the ring.
func (l *loan) push() *Column {
	x, t := l.tick()
	l.ring.Push(t)
	return x
}

func TestColumn_IsFreeWhenNobodyReadsIt(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*loan)
		want int
	}{
		"nothing was gathered": {func(l *loan) {
			l.columns.Take(2).Release()
		}, 1},
		"the gatherer first": {func(l *loan) {
			r := l.ring.Reader()
			l.push().Release()
			r.Pass(1)
		}, 1},
		"the tick first": {func(l *loan) {
			r := l.ring.Reader()
			x := l.push()
			r.Pass(1)
			x.Release()
		}, 1},
		"the gatherer alone": {func(l *loan) {
			l.ring.Reader()
			l.push().Release()
		}, 0},
		"the tick alone": {func(l *loan) {
			r := l.ring.Reader()
			l.push()
			r.Pass(1)
		}, 0},
		"each twice": {func(l *loan) {
			r := l.ring.Reader()
			x := l.push()
			x.Release()
			x.Release()
			r.Pass(1)
			r.Pass(1)
			x.Release()
		}, 1},
		"some of several ticks": {func(l *loan) {
			r := l.ring.Reader()
			for range 5 {
				l.push().Release()
			}
			r.Pass(3)
		}, 3},
		"one of two readers": {func(l *loan) {
			r := l.ring.Reader()
			l.ring.Reader()
			l.push().Release()
			r.Pass(1)
		}, 0},
		"one reader after the other": {func(l *loan) {
			a, b := l.ring.Reader(), l.ring.Reader()
			l.push().Release()
			l.push().Release()
			a.Pass(2)
			b.Pass(1)
		}, 1},
		"a reader that came later": {func(l *loan) {
			a := l.ring.Reader()
			l.push().Release()
			l.ring.Reader()
			a.Pass(1)
		}, 0},
		"a reader of the log that is ahead of the ring": {func(l *loan) {
			r := l.ring.Reader()
			r.Pass(1)
			l.push().Release()
			if len(*l.idle) != 0 {
				l.Error("it is free although it is in the ring")
			}
			r.Pass(2)
		}, 1},
		"let go for the bound": {func(l *loan) {
			r := l.ring.Reader()
			for range 8 { // of which 5 stay
				l.push().Release()
			}
			r.Pass(8)
		}, 5},
		"no readers": {func(l *loan) {
			for range 8 {
				l.push().Release()
			}
		}, 0},
		"never in the ring": {func(l *loan) {
			r := l.ring.Reader()
			x, _ := l.tick()
			x.Release()
			r.Pass(1)
		}, 0},
		"retained": {func(l *loan) {
			r := l.ring.Reader()
			x, t := l.tick()
			x.Release()
			t.Retain()
			l.ring.Push(t)
			r.Pass(1)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoan(t, 5)
			c.do(l)
			if n := len(*l.idle); n != c.want {
				t.Errorf("%d columns are free, want %d", n, c.want)
			}
		})
	}
}

// What is free is taken, the memory and all, and holds nothing.
func TestColumns_AreUsedAgain(t *testing.T) {
	l := newLoan(t, 5)
	r := l.ring.Reader()
	first := l.push()
	first.Release()
	if x := l.push(); x == first {
		t.Fatal("a column is in two ticks")
	}
	r.Pass(1)
	memory := &first.values[:1][0]
	x := l.columns.Take(2)
	if x != first || len(x.Values()) != 0 || cap(x.Values()) != 2 || &x.Values()[:1][0] != memory {
		t.Errorf("got a column of %d values, room for %d; want the first again, empty", len(x.Values()), cap(x.Values()))
	}
	if again := l.columns.Take(2); again == x {
		t.Error("a column was taken twice")
	}
}

func TestColumns_FitThePage(t *testing.T) {
	for _, c := range []struct {
		has, wants int
		fits       bool
	}{
		{1000, 1000, true},
		{1000, 990, true},
		{1000, 1001, false},
		{1000, 667, true},
		{1000, 600, false},
		{0, 1, false},
	} {
		l := newLoan(t, 1)
		l.columns.Take(c.has).Release()
		x := l.columns.Take(c.wants)
		if fits := cap(x.Values()) == c.has; fits != c.fits || cap(x.Values()) < c.wants {
			t.Errorf("for %d values one for %d is taken, after one for %d", c.wants, cap(x.Values()), c.has)
		}
		if len(*l.idle) != 0 {
			t.Errorf("%d columns for pages of another size stay", len(*l.idle))
		}
	}
}

// A column that was too small becomes the memory that the values have moved to.
func TestColumn_FollowsItsValues(t *testing.T) {
	l := newLoan(t, 1)
	x := l.columns.Take(1)
	var b Block
	x.Fill(&b, append(x.Values(), 1, 2, 3, 4))
	if &x.Values()[0] != &b.Values[0] || len(b.Values) != 4 || b.column != x {
		t.Errorf("the column has %v, the block %v", x.Values(), b.Values)
	}
}

func TestColumns_AreGarbageWhenIdle(t *testing.T) {
	var c Columns
	c.Take(10).Release()
	for range 3 {
		runtime.GC()
	}
	if c.idle.Value() != nil {
		t.Error("an idle column is there after a collection")
	}
	if x := c.Take(10); cap(x.Values()) != 10 {
		t.Errorf("then there is room for %d values, want 10", cap(x.Values()))
	}
}

// With the race detector, whoever reads for too long reads nonsense: also where a
// value was behind the end.
func TestColumn_IsPoisoned(t *testing.T) {
	if !poisoned {
		t.Skip("only with the race detector")
	}
	l := newLoan(t, 1)
	r := l.ring.Reader()
	x := l.push()
	values := x.Values()
	x.Release()
	if got := fmt.Sprint(values); got != "[1 0.5]" {
		t.Errorf("the values are %s while the tick is read", got)
	}
	r.Pass(1)
	for _, v := range values {
		if math.Float64bits(v) != poisonBits {
			t.Errorf("a value is %x, want %x", math.Float64bits(v), uint64(poisonBits))
		}
	}
}

func TestColumns_AllocateNothing(t *testing.T) {
	l := newLoan(t, 1)
	_, tick := l.tick()
	if n := testing.AllocsPerRun(100, func() {
		x := l.columns.Take(2)
		x.Fill(&tick.Blocks[1], append(x.Values(), 1, 2))
		x.Release()
		tick.passed()
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
