package remote

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are one remote's own metrics.
type metrics struct {
	requests   *prometheus.CounterVec // by code
	bodyBytes  prometheus.Counter
	sent       prometheus.Counter
	received   prometheus.Counter
	retries    prometheus.Counter
	duration   prometheus.Histogram
	lastAnswer prometheus.Gauge
	held       prometheus.Gauge
	window     prometheus.Gauge
	protocol   *prometheus.GaugeVec // by protocol and compression
	budgetUsed prometheus.Gauge     // nil without a budget
}

func newMetrics(cfg Config, reg prometheus.Registerer) *metrics {
	labels := prometheus.Labels{"remote": cfg.Name}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels})
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetick_remote_requests_total", ConstLabels: labels,
			Help: "Attempts to send a request, by HTTP status; \"error\" is an attempt without an answer.",
		}, []string{"code"}),
		bodyBytes: counter("edgetick_remote_sent_body_bytes_total", "Bytes of compressed request bodies sent, repeated attempts included."),
		sent:      counter("edgetick_remote_sent_bytes_total", "Bytes sent to the receiver, with HTTP headers, TLS, tokens and repeated attempts, without what TCP and IP add."),
		received:  counter("edgetick_remote_received_bytes_total", "Bytes received from the receiver, likewise."),
		retries:   counter("edgetick_remote_retries_total", "Attempts that failed and are made again."),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "edgetick_remote_request_duration_seconds", ConstLabels: labels,
			Help:    "Time from sending a request to the end of its answer.",
			Buckets: []float64{.01, .1, 1, 10},
		}),
		lastAnswer: gauge("edgetick_remote_last_settled_timestamp_seconds", "When the receiver last settled a request, in seconds since the epoch."),
		held:       gauge("edgetick_remote_held", "1 while the remote is held, because its receiver answers that credentials or URL are wrong."),
		window:     gauge("edgetick_remote_window_ticks", "Ticks that were packed together last."),
		protocol: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "edgetick_remote_protocol_info", ConstLabels: labels,
			Help: "1 for the way in which requests are written.",
		}, []string{"protocol", "compression"}),
	}
	m.requests.WithLabelValues("error")
	reg.MustRegister(m.requests, m.bodyBytes, m.sent, m.received, m.retries, m.duration, m.lastAnswer, m.held, m.window, m.protocol)
	if cfg.Budget != (Budget{}) {
		limit := gauge("edgetick_remote_budget_bytes", "Bytes that may be sent and received in the budget's period.")
		limit.Set(float64(cfg.Budget.Bytes))
		m.budgetUsed = gauge("edgetick_remote_budget_used_bytes", "Bytes sent and received in the budget's period so far.")
		reg.MustRegister(limit, m.budgetUsed)
	}
	return m
}

// attempt counts an attempt, with a body of so many bytes, that has been answered
// by code.
func (m *metrics) attempt(code string, body int, took time.Duration) {
	m.requests.WithLabelValues(code).Inc()
	m.bodyBytes.Add(float64(body))
	m.duration.Observe(took.Seconds())
}

// carry counts what the connections have carried.
func (m *metrics) carry(sent, received, used int64) {
	m.sent.Add(float64(sent))
	m.received.Add(float64(received))
	if m.budgetUsed != nil {
		m.budgetUsed.Set(float64(used))
	}
}

// speak says how requests are written.
func (m *metrics) speak(w wire) {
	m.protocol.Reset()
	m.protocol.WithLabelValues(string(w.protocol), string(w.compression)).Set(1)
}

// ledgerCollector exposes a ledger's books, all of one moment.
type ledgerCollector struct {
	name   string
	ledger *Ledger
}

var (
	gatheredDesc     = ledgerDesc("edgetick_samples_gathered_total", "Samples gathered for the remote.")
	acknowledgedDesc = ledgerDesc("edgetick_samples_acknowledged_total", "Samples the receiver accepted.")
	rejectedDesc     = ledgerDesc("edgetick_samples_rejected_total", "Samples the receiver refused for good, by reason.", "reason")
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
	for reason, n := range b.Rejected {
		counter(rejectedDesc, n, reason)
	}
	for reason, n := range b.Dropped {
		counter(droppedDesc, n, reason)
	}
	gauge(pendingDesc, float64(b.Pending))
	gauge(imbalanceDesc, float64(b.Imbalance))
}
