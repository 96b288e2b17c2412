package collector

import (
	"bytes"
	"fmt"
	"testing"
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

func BenchmarkPages(b *testing.B) {
	for _, careful := range []bool{false, true} {
		for state, pages := range shapes(b) {
			b.Run(fmt.Sprintf("page=node/state=%s/careful=%t", state, careful), func(b *testing.B) { benchmarkPages(b, pages, careful) })
		}
	}
	b.Run("page=node/state=steady/bound=true", func(b *testing.B) { benchmarkBound(b, shapes(b)["steady"]) })
}

func benchmarkPages(b *testing.B, pages [][]byte, careful bool) {
	p := newTwins(Classic).fast
	p.careful = careful
	for i := range pages {
		pages[i] = append(make([]byte, 0, len(pages[i])+8), pages[i]...)
	}
	at, samples, i := int64(0), 0, 0
	b.ReportAllocs()
	for b.Loop() {
		at += 1000
		i++
		var r report
		block, err := p.block(Page{Body: pages[i%len(pages)], ContentType: textType}, at, &r, nil)
		if err != nil {
			b.Fatal(err)
		}
		samples += len(block.Values)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(samples), "ns/sample")
}

// benchmarkBound is the least that a steady page can cost: it is compared with the
// one before and makes a column.
func benchmarkBound(b *testing.B, pages [][]byte) {
	values := make([]float64, bytes.Count(pages[0], []byte("\n"))-bytes.Count(pages[0], []byte("\n#"))-1)
	b.ReportAllocs()
	for b.Loop() {
		if !bytes.Equal(pages[0], pages[1]) {
			b.Fatal("the pages differ")
		}
		_ = append(make([]float64, 0, len(values)), values...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(values)), "ns/sample")
}
