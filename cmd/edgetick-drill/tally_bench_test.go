package main

import (
	"testing"

	"github.com/prometheus/prometheus/prompb"
)

// BenchmarkTally is what it costs to check a sample: it has to leave most of the
// machine to the agent.
func BenchmarkTally(b *testing.B) {
	const series, ticks = 500, 4
	t := &testing.T{}
	c := &tallied{T: t, tally: newTally(1, series)}
	numbers := []int{1, 2, 3, 4}
	number := c.each("__name__", scrapeNumber, 0, numbers, func(n int) float64 { return float64(n) })
	list := []prompb.TimeSeries{number}
	for i := range series {
		list = append(list, c.series(0, i, numbers...))
	}
	m := messageOf(t, list)
	b.ReportAllocs()
	for b.Loop() {
		clear(c.plates[0].came)
		c.take(m)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*series*ticks), "ns/sample")
}

// BenchmarkPlate is what it costs to make a page.
func BenchmarkPlate(b *testing.B) {
	const series = 10_000
	p := newPlate(0, series)
	var page []byte
	for n := 1; b.Loop(); n++ {
		page = p.append(page[:0], n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*series), "ns/sample")
}
