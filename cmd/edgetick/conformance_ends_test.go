package main

import (
	"math"
	"strings"
	"testing"

	promvalue "github.com/prometheus/prometheus/model/value"
)

// rulesOfEnds are those about stale markers, which both versions have.
var rulesOfEnds = []rule{
	// A series that is no longer there gets a stale marker, and may come back.
	{"MUST_EndVanishedSeries", func(t *testing.T, r *recording) {
		if got := shape(r.of(t, "rich", "ghost").samples); got != "vsv" {
			t.Errorf("ghost has values and stale markers in the order %s", got)
		}
	}},
	// The stale marker of a native histogram is one whose sum is the marker.
	{"MUST_EndVanishedHistograms", func(t *testing.T, r *recording) {
		got := r.of(t, "native", "ints")
		if s := shapeOfHistograms(got.histograms); s != "vsv" || len(got.samples) > 0 {
			t.Errorf("ints has histograms and stale markers in the order %s, and %d floats", s, len(got.samples))
		}
	}},
	// When a scrape fails, up is 0 and all series of the target end.
	{"MUST_EndSeriesOfFailedTargets", func(t *testing.T, r *recording) {
		for _, name := range []string{"lost", "lost_nan"} {
			if got := shape(r.of(t, "broken", name).samples); got != "vs" {
				t.Errorf("%s has values and stale markers in the order %s", name, got)
			}
		}
		ups, zeros := 0, 0
		for _, s := range r.of(t, "broken", "up").samples {
			switch s.bits {
			case math.Float64bits(1):
				ups++
			case 0:
				zeros++
			default:
				t.Errorf("up is %x", s.bits)
			}
		}
		if ups != lastPage || zeros < 3 {
			t.Errorf("up was 1 %d times and 0 %d times", ups, zeros)
		}
	}},
	// Series with timestamps of their own end without a marker.
	{"SHOULD_NOT_EndDatedSeries", func(t *testing.T, r *recording) {
		if got := shape(r.of(t, "rich", "dated").samples); got != "v" {
			t.Errorf("dated has values and stale markers in the order %s", got)
		}
	}},
	// A stale marker is sent for no other purpose.
	{"MUST_NOT_SendOtherStaleMarkers", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			name := s.get("__name__")
			ends := strings.HasPrefix(name, "lost") || name == "ghost" || name == "ints"
			for _, x := range s.samples {
				if !ends && x.bits == promvalue.StaleNaN {
					t.Errorf("request %d: %v ends", d.n, s.labels)
				}
			}
			for _, x := range s.histograms {
				if !ends && x.stale() {
					t.Errorf("request %d: %v ends", d.n, s.labels)
				}
			}
		})
	}},
}

func (h toldHistogram) stale() bool { return promvalue.IsStaleNaN(h.float.Sum) }

// shape says in which order values (v) and stale markers (s) come, a letter for
// any number of values in a row and one for each marker.
func shape(samples []toldSample) string {
	var b strings.Builder
	for _, s := range samples {
		writeShape(&b, s.bits == promvalue.StaleNaN)
	}
	return b.String()
}

func shapeOfHistograms(histograms []toldHistogram) string {
	var b strings.Builder
	for _, h := range histograms {
		writeShape(&b, h.stale())
	}
	return b.String()
}

func writeShape(b *strings.Builder, stale bool) {
	switch {
	case stale:
		b.WriteByte('s')
	case !strings.HasSuffix(b.String(), "v"):
		b.WriteByte('v')
	}
}
