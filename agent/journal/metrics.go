package journal

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/wal"
)

type metrics struct {
	failures prometheus.Counter
	damaged  *prometheus.GaugeVec // bytes, by kind
	lost     *prometheus.GaugeVec // samples, by kind
}

func newMetrics(j *Journal, reg prometheus.Registerer) *metrics {
	m := &metrics{
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "edgetick_wal_append_failures_total",
			Help: "Ticks that could not be written to the write-ahead log and were kept in memory only.",
		}),
		damaged: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "edgetick_wal_recovery_bytes",
			Help: "Bytes of the write-ahead log that could not be used when it was opened, by what became of them.",
		}, []string{"kind"}),
	}
	m.lost = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "edgetick_wal_recovery_samples",
		Help: "Samples known to have been in those bytes. What is torn is the tick that was being written when the process ended.",
	}, []string{"kind"})
	m.opened(&wal.Report{})
	stat := func(name, help string, get func(wal.Stats) float64) prometheus.CounterFunc {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 {
			if log := j.open(); log != nil {
				return get(log.Stats())
			}
			return 0
		})
	}
	if j.cfg.Dir == "" {
		return m // there is no log to tell of
	}
	reg.MustRegister(m.failures, m.damaged, m.lost,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "edgetick_wal_durable",
			Help: "1 if the last tick was written to the write-ahead log, 0 if it is in memory only.",
		}, func() float64 {
			if j.Trouble() != nil {
				return 0
			}
			return 1
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "edgetick_wal_size_bytes",
			Help: "Size of the write-ahead log's directory on disk, which --wal.max-bytes caps.",
		}, func() float64 {
			if log := j.open(); log != nil {
				return float64(log.Stats().Bytes)
			}
			return 0
		}),
		stat("edgetick_wal_written_bytes_total", "Bytes written to the write-ahead log.", func(s wal.Stats) float64 { return float64(s.WrittenBytes) }),
		stat("edgetick_wal_syncs_total", "Calls of fsync for the write-ahead log, those of its directory included.", func(s wal.Stats) float64 { return float64(s.Syncs + s.DirSyncs) }),
	)
	return m
}

func (m *metrics) opened(r *wal.Report) {
	m.damaged.WithLabelValues("torn").Set(float64(r.TornBytes))
	m.damaged.WithLabelValues("damaged").Set(float64(r.DamagedBytes))
	var aside int64
	for _, a := range r.Aside {
		aside += a.Bytes
	}
	m.damaged.WithLabelValues("aside").Set(float64(aside))
	m.lost.WithLabelValues("torn").Set(float64(r.TornItems))
	m.lost.WithLabelValues("damaged").Set(float64(r.DamagedItems))
}
