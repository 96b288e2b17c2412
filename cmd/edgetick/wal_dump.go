package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// dumpConfig is what the flags of edgetick wal dump say.
type dumpConfig struct {
	jsonl      bool
	selectors  []selector // any of them; none is all series
	start, end int64      // milliseconds, both included
	limit      int        // 0 for none
}

// dumper prints the samples of a log. Its memory is that of a tick and of the
// layouts in use, and a few bytes for each series that tells its start, whatever
// the size of the log.
type dumper struct {
	dumpConfig
	out     *bufio.Writer
	views   map[int]*view // by source
	starts  *startsTold
	line    []byte
	printed int
}

// view is how the series of a layout are printed.
type view struct {
	layout *buffer.Layout
	lines  []seriesLine // of each series
}

// seriesLine is what the lines of a series have in common.
type seriesLine struct {
	text  string // their first part; empty if they are not to be printed
	start int64  // to be told before the next of them, unless it is 0
}

// errLimit ends a dump that has printed enough.
var errLimit = errors.New("enough samples")

// dumpLog prints the samples of the log, and on stderr what cannot be had. It
// returns false if there was something of the latter.
func dumpLog(in *wal.Inspection, cfg dumpConfig, out *bufio.Writer, stderr io.Writer) (bool, error) {
	d := &dumper{dumpConfig: cfg, out: out, views: make(map[int]*view), starts: newStartsTold()}
	r := newWALReader(in, (*wal.Inspection).Oldest)
	clean := true
	for {
		t, err := r.next()
		var loss *walLoss
		switch {
		case errors.As(err, &loss):
			fmt.Fprintf(stderr, "edgetick wal dump: %s\n", loss)
			clean = clean && loss.reason == reasonReleased
			continue
		case errors.Is(err, wal.ErrEnd):
			return clean, nil
		case err == nil:
			err = d.tick(t)
		}
		if errors.Is(err, errLimit) {
			return clean, nil
		}
		if err != nil {
			return clean, err
		}
	}
}

// tick prints a tick. Within a series the order is that of time.
func (d *dumper) tick(t *buffer.Tick) error {
	for i := range t.Blocks {
		b := &t.Blocks[i]
		for _, part := range []func(*buffer.Block, uint64) error{d.extra, d.column, d.exemplars} {
			if err := part(b, t.Seq); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dumper) extra(b *buffer.Block, seq uint64) error {
	for i := range b.Extra {
		x := &b.Extra[i]
		if !d.within(x.Time) {
			continue
		}
		l := d.series(x.Series)
		if err := d.sample(&l, x, seq); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) column(b *buffer.Block, seq uint64) error {
	if b.Layout == nil || !d.within(b.Time) {
		return nil
	}
	lines := d.view(b.Source, b.Layout).lines
	x := buffer.Sample{Time: b.Time}
	for i, v := range b.Values {
		x.Value = v
		if err := d.sample(&lines[i], &x, seq); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) exemplars(b *buffer.Block, seq uint64) error {
	for i := range b.Exemplars {
		x := &b.Exemplars[i]
		if !d.within(x.Time) || !d.selects(x.Series.Labels) {
			continue
		}
		if d.jsonl {
			d.line = appendJSONExemplar(d.line[:0], x, seq)
		} else {
			d.line = appendTextExemplar(d.line[:0], x)
		}
		if _, err := d.out.Write(d.line); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) within(ms int64) bool { return d.start <= ms && ms <= d.end }

// view returns how a source's layout is printed. It seldom changes.
func (d *dumper) view(source int, l *buffer.Layout) *view {
	v := d.views[source]
	if v != nil && v.layout == l {
		return v
	}
	v = &view{layout: l, lines: make([]seriesLine, len(l.Series))}
	for i, s := range l.Series {
		v.lines[i] = d.series(s)
	}
	d.views[source] = v
	return v
}

// series returns what the lines of a series, of which one is printed now, have in
// common.
func (d *dumper) series(s *buffer.Series) seriesLine {
	switch {
	case !d.selects(s.Labels):
		return seriesLine{}
	case d.jsonl:
		return seriesLine{text: jsonSeries(s)}
	}
	return seriesLine{text: seriesText(s.Labels), start: d.starts.news(s)}
}

func (d *dumper) selects(set string) bool {
	for _, s := range d.selectors {
		if s.matches(set) {
			return true
		}
	}
	return len(d.selectors) == 0
}

// sample prints a sample of a series.
func (d *dumper) sample(l *seriesLine, x *buffer.Sample, seq uint64) error {
	if l.text == "" {
		return nil
	}
	d.line = d.line[:0]
	if d.jsonl {
		d.line = appendJSON(d.line, l.text, x, seq)
	} else {
		d.line = appendText(appendStart(d.line, l), l.text, x)
	}
	if _, err := d.out.Write(d.line); err != nil {
		return err
	}
	if d.printed++; d.printed == d.limit {
		return errLimit
	}
	return nil
}

// startsTold knows which start of each series has been told last. It keeps
// hashes instead of label sets.
type startsTold struct {
	seed maphash.Seed
	last map[uint64]int64
}

func newStartsTold() *startsTold {
	return &startsTold{seed: maphash.MakeSeed(), last: make(map[uint64]int64)}
}

// news returns the start of a series if that is to be told, and 0 if not.
func (t *startsTold) news(s *buffer.Series) int64 {
	if s.Start == 0 {
		return 0
	}
	h := maphash.String(t.seed, s.Labels)
	if t.last[h] == s.Start {
		return 0
	}
	t.last[h] = s.Start
	return s.Start
}
