package collector

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/buffer"
)

// fickle is a source whose pages have some values of the page before, and others
// that no page has had yet. Now and then series come and go, and a page is empty
// or does not parse.
type fickle struct {
	rng    *rand.Rand
	series []int     // on the page, by number
	values []float64 // of each series ever
	served []float64 // on the page; none if it was not good
	last   float64   // of all values so far
}

func (s *fickle) Collect(context.Context) (Page, error) {
	if s.rng.IntN(8) == 0 {
		s.reshape()
	}
	var b strings.Builder
	s.served = s.served[:0]
	for _, i := range s.series {
		if s.values[i] == 0 || s.rng.IntN(2) == 0 {
			s.last++
			s.values[i] = s.last
		}
		s.served = append(s.served, s.values[i])
		fmt.Fprintf(&b, "m{i=\"%d\"} %v\n", i, s.values[i])
	}
	switch s.rng.IntN(20) {
	case 0:
		b.WriteString("}\n")
		s.served = s.served[:0]
	case 1:
		b.Reset()
		s.served = s.served[:0]
	}
	return Page{Body: append(make([]byte, 0, b.Len()+spare), b.String()...), ContentType: textType}, nil
}

// reshape takes some series away and puts others among those that stay.
func (s *fickle) reshape() {
	s.series = slices.Delete(s.series, 0, s.rng.IntN(len(s.series)/2+1))
	for range s.rng.IntN(40) {
		s.series = slices.Insert(s.series, s.rng.IntN(len(s.series)+1), len(s.values))
		s.values = append(s.values, 0)
	}
}

// columnReader reads windows, and looks at them when it lets go of them.
type columnReader struct {
	*buffer.Reader
	window []*buffer.Tick
	seq    uint64
}

// columnTest gathers ticks from targets into a ring.
type columnTest struct {
	*testing.T
	rng     *rand.Rand
	ring    *buffer.Ring
	sources []*fickle
	targets []*Target
	readers []*columnReader
	seq     uint64
	served  map[uint64][][]float64 // by tick and target
	memory  map[*float64]bool      // of all columns
	again   int                    // columns that had been used before
}

func newColumnTest(t *testing.T, seed uint64) *columnTest {
	c := &columnTest{T: t, rng: rand.New(rand.NewPCG(seed, 1)), served: make(map[uint64][][]float64), memory: make(map[*float64]bool)}
	c.ring = buffer.NewRing(c.rng.IntN(1<<20), 1+c.rng.IntN(8)) // too small for some
	for i := range 3 {
		s := &fickle{rng: c.rng}
		s.reshape()
		c.sources = append(c.sources, s)
		c.targets = append(c.targets, New(Config{Number: i, Source: s, Labels: labels.FromStrings("job", fmt.Sprint(i)), Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)}))
		c.readers = append(c.readers, &columnReader{Reader: c.ring.Reader()})
	}
	return c
}

func (c *columnTest) tick() {
	c.seq++
	t := &buffer.Tick{Seq: c.seq}
	for i, tgt := range c.targets {
		served := &c.sources[i].served
		b, err := tgt.Gather(c.Context(), int64(c.seq)*1000)
		if err != nil && len(*served) > 0 {
			c.Fatal(err)
		}
		t.Blocks = append(t.Blocks, b)
		c.served[c.seq] = append(c.served[c.seq], slices.Clone(*served))
		if len(*served) > 0 {
			if at := &b.Values[0]; c.memory[at] {
				c.again++
			} else {
				c.memory[at] = true
			}
		}
	}
	c.ring.Push(t)
	c.check(t)
}

// check compares each value of a tick with what the exporters served.
func (c *columnTest) check(t *buffer.Tick) {
	c.Helper()
	for i, b := range t.Blocks {
		want := c.served[t.Seq][i]
		got := b.Values[:len(b.Values)-len(reportFamilies)]
		if !slices.Equal(got, want) {
			c.Fatalf("tick %d, read after tick %d: %v, want %v", t.Seq, c.seq, got, want)
		}
		if up := b.Values[len(got)]; up != 0 && up != 1 || math.IsNaN(b.Values[len(got)+1]) {
			c.Fatalf("tick %d, read after tick %d: the report is %v", t.Seq, c.seq, b.Values[len(got):])
		}
	}
}

// read lets readers take windows and, some ticks later, let go of them. Now and
// then all have seen everything.
func (c *columnTest) read() {
	inStep := c.rng.IntN(8) == 0
	for _, r := range c.readers {
		if len(r.window) > 0 && (inStep || c.rng.IntN(3) == 0) {
			c.pass(r)
		}
		if len(r.window) == 0 && (inStep || c.rng.IntN(2) == 0) {
			r.window = c.ring.After(r.seq, 1+c.rng.IntN(20), r.window)
		}
		if len(r.window) > 0 && inStep {
			c.pass(r)
		}
	}
}

// pass looks at a reader's window for the last time.
func (c *columnTest) pass(r *columnReader) {
	c.Helper()
	for _, t := range r.window {
		c.check(t)
		r.seq = t.Seq
	}
	r.window = r.window[:0]
	r.Pass(r.seq)
}

// Nobody sees another value than the exporter served, however long windows are
// held, and though columns are used again.
func TestPages_UseColumnsThatNobodyReads(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would take the idle columns
	again := 0
	for seed := range uint64(10) {
		c := newColumnTest(t, seed)
		for range 200 {
			c.tick()
			c.read()
		}
		again += c.again
	}
	if again < 1000 {
		t.Errorf("only %d columns of 6000 were used again", again)
	} else {
		t.Logf("%d columns of 6000 were used again", again)
	}
}
