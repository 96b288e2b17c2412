package agent

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

// metrics are the loop's own metrics.
type metrics struct {
	ticks     prometheus.Counter
	late      prometheus.Counter
	missed    prometheus.Counter
	lateness  prometheus.Histogram
	ahead     prometheus.Gauge
	series    prometheus.Gauge
	discarded *prometheus.CounterVec
	repaired  prometheus.Counter

	interval time.Duration
}

// lateFraction is the part of an interval by which a beat may be late before it
// is counted as late.
const lateFraction = 10

func newMetrics(reg prometheus.Registerer, interval time.Duration, ring *buffer.Ring) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &metrics{
		ticks:  counter("edgetick_ticks_total", "Ticks committed."),
		late:   counter("edgetick_ticks_late_total", "Beats of the ticker that came late by more than a tenth of the interval."),
		missed: counter("edgetick_ticks_missed_total", "Beats of the ticker that did not come at all, because the one before came late by an interval or more."),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "edgetick_tick_lateness_seconds",
			Help:    "How long after it was due a beat of the ticker was seen, on the monotonic clock.",
			Buckets: []float64{.0001, .001, .01, .1, 1},
		}),
		ahead:  gauge("edgetick_tick_ahead_seconds", "How far timestamps run ahead of the wall clock, because that was set back."),
		series: gauge("edgetick_series", "Series in the last tick."),
		discarded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetick_scrape_samples_discarded_total",
			Help: "Samples of pages that broke the rules for a page and were not gathered, by reason.",
		}, []string{"reason"}),
		repaired: counter("edgetick_scrape_pages_repaired_total", "Pages with text that was not UTF-8, which was replaced by U+FFFD."),
		interval: interval,
	}
	m.discard(collector.Discarded{}, collector.Discarded{}) // so that all reasons are there
	buffered := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "edgetick_buffer_bytes", Help: "Memory held by the ring of recent ticks.",
	}, func() float64 { return float64(ring.State(0).Bytes) })
	reg.MustRegister(m.ticks, m.late, m.missed, m.lateness, m.ahead, m.series, m.discarded, m.repaired, buffered)
	return m
}

func (m *metrics) beat(b beat) {
	m.lateness.Observe(b.lateness.Seconds())
	if b.lateness > m.interval/lateFraction {
		m.late.Inc()
	}
	m.missed.Add(float64(b.missed))
	m.ahead.Set(b.ahead.Seconds())
}

func (m *metrics) commit(t *buffer.Tick) {
	m.ticks.Inc()
	series := 0
	for i := range t.Blocks {
		b := &t.Blocks[i]
		series += len(b.Values)
		for j := range b.Extra {
			if b.Extra[j].Histogram != "" {
				series++
			}
		}
	}
	m.series.Set(float64(series))
}

func (m *metrics) discard(now, before collector.Discarded) {
	m.discarded.WithLabelValues("duplicate").Add(float64(now.Duplicate - before.Duplicate))
	m.discarded.WithLabelValues("out_of_order").Add(float64(now.OutOfOrder - before.OutOfOrder))
	m.discarded.WithLabelValues("out_of_bounds").Add(float64(now.OutOfBounds - before.OutOfBounds))
	m.discarded.WithLabelValues("histogram").Add(float64(now.Histograms - before.Histograms))
	m.discarded.WithLabelValues("exemplar").Add(float64(now.Exemplars - before.Exemplars))
	m.repaired.Add(float64(now.Repaired - before.Repaired))
}
