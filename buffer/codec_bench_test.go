package buffer_test

import (
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

// BenchmarkEncode encodes the whole corpus once an iteration. The key records
// of all but the first iteration know their layouts from before, as in an agent
// that has run for an hour.
func BenchmarkEncode(b *testing.B) {
	for _, exporter := range exporters {
		b.Run("exporter="+exporter, func(b *testing.B) {
			ticks := corpusTicks(b, 0, exporter)
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
}

// BenchmarkEncodeKey encodes nothing but key records.
func BenchmarkEncodeKey(b *testing.B) {
	for _, exporter := range exporters {
		b.Run("exporter="+exporter, func(b *testing.B) {
			tick := corpusTicks(b, 1, exporter)[0]
			var enc buffer.Encoder
			var rec []byte
			b.ReportAllocs()
			for b.Loop() {
				rec, _ = enc.Encode(rec[:0], tick, true)
			}
			perSample(b, uint64(tick.Samples()))
		})
	}
}

// BenchmarkDecode decodes the whole corpus once an iteration, ticks allocated.
func BenchmarkDecode(b *testing.B) {
	for _, exporter := range exporters {
		b.Run("exporter="+exporter, func(b *testing.B) {
			ticks := corpusTicks(b, 0, exporter)
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
}
