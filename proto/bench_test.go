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

func benchSamples(n int) []proto.Sample {
	samples := make([]proto.Sample, n)
	for i := range samples {
		samples[i] = proto.Sample{Time: 1435781451781 + int64(i)*15000, Value: float64(i) * 1.1}
	}
	return samples
}

// BenchmarkEncoder makes messages of 1000 series; one operation is one series.
func BenchmarkEncoder(b *testing.B) {
	for _, version := range []string{"1.0", "2.0"} {
		for _, n := range []int{1, 4, 20} {
			b.Run(fmt.Sprintf("version=%s/samples=%d", version, n), func(b *testing.B) {
				enc := encoders()[version]
				series := benchSeries(enc, n)
				size := 0
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if i%len(series) == 0 {
						size = len(enc.Message())
						enc.Reset()
					}
					enc.Add(&series[i%len(series)])
				}
				b.ReportMetric(float64(size)/float64(len(series)), "B/series")
			})
		}
	}
}

// benchSeries are series of a node: 250 families of four series.
func benchSeries(enc proto.Encoder, samples int) []proto.TimeSeries {
	series := make([]proto.TimeSeries, 1000)
	for i := range series {
		series[i] = proto.TimeSeries{
			Labels: encodeLabels(
				label{"__name__", fmt.Sprintf("node_network_transmit_%d_total", i/4)}, label{"device", fmt.Sprint("eth", i%4)},
				label{"instance", "gateway-17:9100"}, label{"job", "node"},
			),
			Samples:  benchSamples(samples),
			Metadata: &proto.Metadata{Type: 1},
		}
		if v2, ok := enc.(*proto.EncoderV2); ok {
			series[i].Symbols = v2.Intern(nil, series[i].Labels)
		}
	}
	return series
}

func BenchmarkEncoderV2_Intern(b *testing.B) {
	var enc proto.EncoderV2
	var symbols []byte
	b.ReportAllocs()
	for b.Loop() {
		symbols = enc.Intern(symbols[:0], benchLabels)
	}
}

func BenchmarkTimeSeries_SizeBound(b *testing.B) {
	ts := proto.TimeSeries{Labels: benchLabels, Samples: benchSamples(4)}
	for b.Loop() {
		ts.SizeBound()
	}
}

func BenchmarkLegacyNames(b *testing.B) {
	for b.Loop() {
		proto.LegacyNames(benchLabels)
	}
}

func BenchmarkLabels(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for range proto.Labels(benchLabels) {
		}
	}
}
