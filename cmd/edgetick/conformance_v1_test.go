package main

import (
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/prompb"
)

// rulesOf1 are those of the first version alone.
var rulesOf1 = []rule{
	{"MUST_SendContentType", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if got := d.header["Content-Type"]; !slices.Equal(got, []string{"application/x-protobuf"}) {
				t.Errorf("request %d has the Content-Type %q", d.n, got)
			}
		}
	}},
	// Metric names are [a-zA-Z_:][a-zA-Z0-9_:]*, label names the same without
	// colons. Others are escaped.
	{"MUST_SendLegacyNames", func(t *testing.T, r *recording) {
		metric, label := regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`), regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
		r.all(func(d *delivery, s *told) {
			for _, l := range s.labels {
				if !label.MatchString(l.Name) || l.Name == "__name__" && !metric.MatchString(l.Value) {
					t.Errorf("request %d: %v", d.n, s.labels)
				}
			}
		})
		if s := r.of(t, "rich", "http_req", "my_label", "x"); len(s.samples) < enough-3 {
			t.Errorf("%d samples under escaped names", len(s.samples))
		}
	}},
	// Histograms with custom buckets must not be in a 1.0 message. They are
	// left out and counted, and the rest of their target arrives.
	{"MUST_NOT_SendCustomBuckets", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			for _, h := range s.histograms {
				if h.custom {
					t.Errorf("request %d: %v", d.n, s.labels)
				}
			}
		})
		if n := r.books.dropped("default", "custom_buckets"); n < enough/2 {
			t.Errorf("%v histograms are counted as dropped", n)
		}
	}},
	// A practice: metadata stands beside the series, by family.
	{"MAY_SendMetadata", func(t *testing.T, r *recording) {
		got := make(map[string][]prompb.MetricMetadata)
		for _, d := range r.deliveries {
			for _, m := range d.message.metadata {
				got[m.MetricFamilyName] = append(got[m.MetricFamilyName], m)
			}
		}
		for _, want := range []prompb.MetricMetadata{
			{MetricFamilyName: "requests", Type: prompb.MetricMetadata_COUNTER, Help: "Requests handled."},
			{MetricFamilyName: "latency_seconds", Type: prompb.MetricMetadata_HISTOGRAM, Help: "Time taken.", Unit: "seconds"},
			{MetricFamilyName: "ints", Type: prompb.MetricMetadata_HISTOGRAM, Help: "Native."},
			{MetricFamilyName: "sick", Type: prompb.MetricMetadata_GAUGE, Help: "no \ufffd text"},
			{MetricFamilyName: "changing_bytes", Type: prompb.MetricMetadata_GAUGE, Help: "Old."},
			{MetricFamilyName: "changing_bytes", Type: prompb.MetricMetadata_UNKNOWN, Help: "New.", Unit: "bytes"},
		} {
			if !slices.ContainsFunc(got[want.MetricFamilyName], func(m prompb.MetricMetadata) bool { return m.String() == want.String() }) {
				t.Errorf("%s came as %v, want %v", want.MetricFamilyName, got[want.MetricFamilyName], want)
			}
		}
	}},
	// A request says something: not even metadata goes alone.
	{"SHOULD_NOT_SendEmptyRequests", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if c := d.message.count(); c.samples == 0 {
				t.Errorf("request %d has %+v", d.n, c)
			}
		}
	}},
}
