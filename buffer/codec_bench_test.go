package buffer_test

import (
	"fmt"
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// records encodes ticks as one segment would hold them.
func records(ticks []*buffer.Tick) (recs [][]byte, keys []bool) {
	var enc buffer.Encoder
	for _, t := range ticks {
		rec, key := enc.Encode(nil, t, false)
		recs, keys = append(recs, rec), append(keys, key)
	}
	return recs, keys
}

// perSample reports what one iteration, of so many samples, costs a sample.
func perSample(b *testing.B, samples uint64) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(samples), "ns/sample")
}

// onPages runs a benchmark on the first pages of each exporter, on all if most
// is 0, and on simulated ones with few series and with more than caches hold.
func onPages(b *testing.B, most int, f func(*testing.B, []*buffer.Tick)) {
	for _, exporter := range exporters {
		b.Run("exporter="+exporter, func(b *testing.B) { f(b, corpusTicks(b, most, exporter)) })
	}
	for _, series := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("series=%d", series), func(b *testing.B) { f(b, simulatedTicks(most, series)) })
	}
}

// BenchmarkEncode encodes all ticks once an iteration. The key records of all
// but the first iteration know their layouts from before, as in an agent that
// has run for an hour.
func BenchmarkEncode(b *testing.B) {
	onPages(b, 0, func(b *testing.B, ticks []*buffer.Tick) {
		var enc buffer.Encoder
		var rec []byte
		b.ReportAllocs()
		for b.Loop() {
			enc.Reset()
			for _, t := range ticks {
				rec, _ = enc.Encode(rec[:0], t, false)
			}
		}
		perSample(b, ticks[len(ticks)-1].End())
	})
}

// BenchmarkEncodeKey encodes nothing but key records.
func BenchmarkEncodeKey(b *testing.B) {
	onPages(b, 1, func(b *testing.B, ticks []*buffer.Tick) {
		var enc buffer.Encoder
		var rec []byte
		b.ReportAllocs()
		for b.Loop() {
			rec, _ = enc.Encode(rec[:0], ticks[0], true)
		}
		perSample(b, ticks[0].End())
	})
}

// BenchmarkDecode decodes all ticks once an iteration, ticks allocated.
func BenchmarkDecode(b *testing.B) {
	onPages(b, 0, func(b *testing.B, ticks []*buffer.Tick) {
		recs, keys := records(ticks)
		var dec buffer.Decoder
		b.ReportAllocs()
		for b.Loop() {
			for i, rec := range recs {
				if _, err := dec.Decode(rec, keys[i]); err != nil {
					b.Fatal(err)
				}
			}
		}
		perSample(b, ticks[len(ticks)-1].End())
	})
}
