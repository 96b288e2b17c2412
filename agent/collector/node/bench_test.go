package node

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/node_exporter/collector"
)

// BenchmarkGather gathers from this machine with node_exporter's defaults. The parts of it: collect=alone runs the
// collectors one after another and throws their metrics away; page=alone gathers the same number of ready metrics; and
// node_exporter is what its own registry and its own goroutines need for the whole.
func BenchmarkGather(b *testing.B) {
	c, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	var metrics []prometheus.Metric
	b.Run("collect=alone", func(b *testing.B) {
		b.ReportAllocs()
		ch := make(chan prometheus.Metric, 1<<16)
		for b.Loop() {
			for _, s := range c.subs {
				_ = s.collector.Update(ch)
			}
			metrics = metrics[:0]
			for len(ch) > 0 {
				metrics = append(metrics, <-ch)
			}
		}
		b.ReportMetric(float64(len(metrics)), "metrics")
	})
	b.Run("page=alone", func(b *testing.B) {
		ready := newFixture(Config{}, map[string]collector.Collector{"ready": fake(func(ch chan<- prometheus.Metric) error {
			for _, m := range metrics {
				ch <- m
			}
			return nil
		})})
		benchmarkGather(b, ready.Collector)
	})
	b.Run("all", func(b *testing.B) { benchmarkGather(b, c) })
	b.Run("node_exporter", func(b *testing.B) {
		nc, err := collector.NewNodeCollector(slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		r := prometheus.NewRegistry()
		r.MustRegister(nc)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Gather(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkGather(b *testing.B, c *Collector) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Gather(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
