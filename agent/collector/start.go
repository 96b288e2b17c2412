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

// noMetric is the metric of series that have no start.
const noMetric = 1

// metric is the same for all series of one metric; 0 if not found out yet.
func (s *series) metric(r ref) uint64 {
	if int(r) < len(s.metrics) {
		return s.metrics[r]
	}
	return 0
}

// identify finds out to which metric a series belongs.
func (s *series) identify(r ref) {
	for len(s.metrics) < len(s.entries) {
		s.metrics = append(roomier(s.metrics), 0)
	}
	e := s.at(r)
	s.metrics[r], e.creates = noMetric, false
	family := s.familyOf(r)
	if family == nil {
		return
	}
	f := family.now
	base, creates := strings.CutSuffix(f.Name, createdSuffix)
	if creates = creates && s.families[base] != nil; creates {
		f = s.families[base].now
	}
	apart, ok := startable(f.Type)
	if !ok {
		return
	}
	e.creates = creates
	s.creates = s.creates || creates
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(f.Name)
	for name, value := range proto.Labels(s.known[r].Labels) {
		if name != model.MetricNameLabel && name != apart {
			h.WriteString("\xff" + name + "\xff" + value)
		}
	}
	s.metrics[r] = max(h.Sum64(), noMetric+1)
}

// created takes it that the samples of e's metric, which stand right before on
// the page, began at a time in seconds.
func (p *pages) created(e ref, seconds float64) {
	r, start, metric := &p.read, startOf(seconds), p.series.metric(e)
	began := func(x ref) bool { return p.series.metric(x) == metric && !p.series.at(x).creates }
	for i := len(r.column) - 1; i >= 0 && began(r.column[i]); i-- {
		r.starts[i] = start
	}
	for i := len(r.beside) - 1; i >= 0 && began(r.beside[i].series); i-- {
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
