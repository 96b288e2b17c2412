package collector

import (
	"hash/maphash"
	"math"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// OpenMetrics tells in a series of its own, NAME_created, when the series of a
// metric before it began to count. The series of one metric stand together on a
// page and differ in nothing but the suffix of the name and le or quantile.
//
// Parser.StartTimestamp of textparse would tell it, too, but reads on to the end
// of the family for each series without a start, and leaves out the _created
// series from then on.

const createdSuffix = "_created"

// startable tells the label in which series of one metric may differ, if metrics
// of the type have a start at all.
func startable(t buffer.Type) (label string, ok bool) {
	switch t {
	case buffer.TypeCounter:
		return "", true
	case buffer.TypeHistogram:
		return model.BucketLabel, true
	case buffer.TypeSummary:
		return model.QuantileLabel, true
	default:
		return "", false
	}
}

// noMetric is the entry.metric of series that have no start.
const noMetric = 1

// identify finds out to which metric e belongs.
func (s *series) identify(e *entry) {
	e.metric, e.creates = noMetric, false
	f := e.family.now
	if base, ok := strings.CutSuffix(f.Name, createdSuffix); ok && s.families[base] != nil {
		f, e.creates = s.families[base].now, true
	}
	apart, ok := startable(f.Type)
	if !ok {
		e.creates = false
		return
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(f.Name)
	for name, value := range proto.Labels(e.series.Labels) {
		if name != model.MetricNameLabel && name != apart {
			h.WriteString("\xff" + name + "\xff" + value)
		}
	}
	e.metric = max(h.Sum64(), noMetric+1)
}

// created takes it that the samples of e's metric, which stand right before on
// the page, began at a time in seconds.
func (r *reading) created(e *entry, seconds float64) {
	start := startOf(seconds)
	for i := len(r.column) - 1; i >= 0 && r.column[i].metric == e.metric && !r.column[i].creates; i-- {
		r.starts[i] = start
	}
	for i := len(r.beside) - 1; i >= 0 && r.beside[i].entry.metric == e.metric && !r.beside[i].entry.creates; i-- {
		r.beside[i].start = start
	}
}

// startOf is a time in seconds as a start in milliseconds, 0 if it is none.
func startOf(seconds float64) int64 {
	if ms := seconds * 1000; ms >= 1 && ms < math.MaxInt64 {
		return int64(ms)
	}
	return 0
}
