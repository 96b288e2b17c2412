package collector

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// shapes are sequences of pages of node_exporter of which each has the series of
// the one before with the same values, with values as they were captured, and
// with a series more or less.
func shapes(tb testing.TB) map[string][][]byte {
	pages := captured(tb, "node")[1:]
	with := func(page []byte, line string) []byte {
		at := len(page) / 2
		at += bytes.Index(page[at:], []byte("\n# HELP")) + 1
		return append(append(bytes.Clone(page[:at]), line...), page[at:]...)
	}
	changed := make([][]byte, len(pages))
	for i, page := range pages {
		changed[i] = page
		if i%2 > 0 {
			changed[i] = with(page, fmt.Sprintf("node_new{number=\"%d\"} 1\n", i%4))
		}
	}
	return map[string][][]byte{"steady": {pages[0], bytes.Clone(pages[0])}, "values": pages, "shape": changed}
}

// BenchmarkTarget is what a page of node_exporter costs when it has been read.
// With parser=true each page is given to the parser as a whole.
func BenchmarkTarget(b *testing.B) {
	for _, state := range []string{"steady", "values", "shape"} {
		for _, careful := range []bool{false, true} {
			b.Run(fmt.Sprintf("page=node/state=%s/parser=%t", state, careful), func(b *testing.B) {
				benchmarkTarget(b, shapes(b)[state], careful)
			})
		}
	}
	b.Run("page=node/state=steady/bound", func(b *testing.B) { benchmarkBound(b, shapes(b)["steady"]) })
}

// inTurn is a source of pages, all of them in memory.
type inTurn struct {
	pages [][]byte
	next  int
}

func (s *inTurn) Collect(context.Context) (Page, error) {
	s.next++
	return Page{Body: s.pages[s.next%len(s.pages)], ContentType: textType}, nil
}

func benchmarkTarget(b *testing.B, pages [][]byte, careful bool) {
	for i := range pages {
		pages[i] = slices.Grow(pages[i], spare)
	}
	t := New(Config{Source: &inTurn{pages: pages}, Labels: labels.FromStrings("job", "job"), Timeout: time.Minute})
	t.pages.careful = careful
	delivery := NewDelivery()
	at, samples := int64(0), 0
	b.ReportAllocs()
	for b.Loop() {
		at += 1000
		block, err := t.Gather(b.Context(), at)
		if err != nil {
			b.Fatal(err)
		}
		samples += len(block.Values)
		delivery.Take(block)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(samples), "ns/sample")
}

// benchmarkBound is the least that a steady page can cost: it is compared with the
// one before and fills a column.
func benchmarkBound(b *testing.B, pages [][]byte) {
	values := make([]float64, bytes.Count(pages[0], []byte("\n"))-bytes.Count(pages[0], []byte("\n#"))-1)
	column := make([]float64, len(values))
	b.ReportAllocs()
	for b.Loop() {
		if !bytes.Equal(pages[0], pages[1]) {
			b.Fatal("the pages differ")
		}
		copy(column, values)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(values)), "ns/sample")
}
