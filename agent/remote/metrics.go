package remote

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are one remote's own metrics.
type metrics struct {
	requests   *prometheus.CounterVec // by code
	sentBytes  prometheus.Counter
	retries    prometheus.Counter
	duration   prometheus.Histogram
	lastAnswer prometheus.Gauge
	held       prometheus.Gauge
}

func newMetrics(name string, reg prometheus.Registerer) *metrics {
	labels := prometheus.Labels{"remote": name}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetick_remote_requests_total", ConstLabels: labels,
			Help: "Attempts to send a request, by HTTP status; \"error\" is an attempt without an answer.",
		}, []string{"code"}),
		sentBytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "edgetick_remote_sent_bytes_total", ConstLabels: labels,
			Help: "Bytes of compressed request bodies sent, repeated attempts included.",
		}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "edgetick_remote_retries_total", ConstLabels: labels,
			Help: "Attempts that failed and are made again.",
		}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "edgetick_remote_request_duration_seconds", ConstLabels: labels,
			Help:    "Time from sending a request to the end of its answer.",
			Buckets: []float64{.01, .1, 1, 10},
		}),
		lastAnswer: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "edgetick_remote_last_settled_timestamp_seconds", ConstLabels: labels,
			Help: "When the receiver last settled a request, in seconds since the epoch.",
		}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "edgetick_remote_held", ConstLabels: labels,
			Help: "1 while the remote is held, because its receiver answers that credentials or URL are wrong.",
		}),
	}
	m.requests.WithLabelValues("error")
	reg.MustRegister(m.requests, m.sentBytes, m.retries, m.duration, m.lastAnswer, m.held)
	return m
}

func (m *metrics) observe(code string, bytes int, took time.Duration) {
	m.requests.WithLabelValues(code).Inc()
	m.sentBytes.Add(float64(bytes))
	m.duration.Observe(took.Seconds())
}

// ledgerCollector exposes a ledger's books, all of one moment.
type ledgerCollector struct {
	name   string
	ledger *Ledger
}

var (
	gatheredDesc     = ledgerDesc("edgetick_samples_gathered_total", "Samples gathered for the remote.")
	acknowledgedDesc = ledgerDesc("edgetick_samples_acknowledged_total", "Samples the receiver accepted.")
	rejectedDesc     = ledgerDesc("edgetick_samples_rejected_total", "Samples the receiver refused for good.")
	droppedDesc      = ledgerDesc("edgetick_samples_dropped_total", "Samples given up before a receiver saw them, by reason.", "reason")
	pendingDesc      = ledgerDesc("edgetick_samples_pending", "Samples that have yet to be settled.")
	imbalanceDesc    = ledgerDesc("edgetick_ledger_imbalance_samples", "Samples passed by the cursor less samples accounted for: 0 unless there is a defect.")
)

func ledgerDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"remote"}, labels...), nil)
}

// Describe implements prometheus.Collector. Collectors of several remotes share
// the descriptors, so they are not described to the registry.
func (ledgerCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c ledgerCollector) Collect(ch chan<- prometheus.Metric) {
	b := c.ledger.Books()
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{c.name}, labels...)...)
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, c.name)
	}
	counter(gatheredDesc, b.Gathered)
	counter(acknowledgedDesc, b.Acknowledged)
	counter(rejectedDesc, b.Rejected)
	for reason, n := range b.Dropped {
		counter(droppedDesc, n, reason)
	}
	gauge(pendingDesc, float64(b.Pending))
	gauge(imbalanceDesc, float64(b.Imbalance))
}
