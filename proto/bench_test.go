package proto_test

import (
	"fmt"
	"testing"

	"github.com/edgetick/edgetick/proto"
)

var benchLabels = encodeLabels(
	label{"__name__", "node_cpu_seconds_total"}, label{"cpu", "3"}, label{"instance", "gateway-17:9100"},
	label{"job", "node"}, label{"mode", "system"},
)

func BenchmarkAppendTimeSeries(b *testing.B) {
	for _, n := range []int{1, 4, 20} {
		b.Run(fmt.Sprintf("samples=%d", n), func(b *testing.B) {
			samples := make([]proto.Sample, n)
			for i := range samples {
				samples[i] = proto.Sample{Time: 1435781451781 + int64(i)*15000, Value: float64(i) * 1.1}
			}
			dst := make([]byte, 0, proto.TimeSeriesLen(benchLabels, samples))
			b.SetBytes(int64(cap(dst)))
			b.ReportAllocs()
			for b.Loop() {
				dst = proto.AppendTimeSeries(dst[:0], benchLabels, samples)
			}
		})
	}
}

func BenchmarkLabels(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for range proto.Labels(benchLabels) {
		}
	}
}
