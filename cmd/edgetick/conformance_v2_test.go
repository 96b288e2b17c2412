package main

import (
	"slices"
	"strings"
	"testing"

	promvalue "github.com/prometheus/prometheus/model/value"
)

// rulesOf2 are those of the second version alone.
var rulesOf2 = []rule{
	// The message is named in the Content-Type, without a space or quotes:
	// receivers compare bytes.
	{"MUST_SendContentType", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if got := d.header["Content-Type"]; !slices.Equal(got, []string{"application/x-protobuf;proto=io.prometheus.write.v2.Request"}) {
				t.Errorf("request %d has the Content-Type %q", d.n, got)
			}
		}
	}},
	// The first symbol is the empty string, no string comes twice, and there
	// are as many label refs as to make pairs. That refs are in range is seen
	// when a message is read.
	{"MUST_SendSymbols", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if len(d.message.symbols) == 0 || d.message.symbols[0] != "" {
				t.Fatalf("request %d begins its symbols with %.1q", d.n, d.message.symbols)
			}
			seen := make(map[string]bool)
			for _, s := range d.message.symbols {
				if seen[s] {
					t.Errorf("request %d has the symbol %q twice", d.n, s)
				}
				seen[s] = true
			}
		}
	}},
	// No symbol is sent that nothing refers to: it would only cost bytes.
	{"SHOULD_NOT_SendUnusedSymbols", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			used := map[string]bool{"": true}
			for _, s := range d.message.series {
				used[s.help], used[s.unit] = true, true
				for _, l := range s.labels {
					used[l.Name], used[l.Value] = true, true
				}
				for _, e := range s.exemplars {
					for _, l := range e.labels {
						used[l.Name], used[l.Value] = true, true
					}
				}
			}
			for _, s := range d.message.symbols {
				if !used[s] {
					t.Errorf("request %d: nothing refers to %q", d.n, s)
				}
			}
		}
	}},
	// A TimeSeries has samples or histograms, one of both and never both.
	{"MUST_SendSamplesOrHistograms", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			if (len(s.samples) > 0) == (len(s.histograms) > 0) {
				t.Errorf("request %d: %v has %d samples and %d histograms", d.n, s.labels, len(s.samples), len(s.histograms))
			}
		})
	}},
	// Names of any UTF-8 are sent as they are.
	{"MAY_SendUTF8Names", func(t *testing.T, r *recording) {
		if s := r.of(t, "rich", "http.req", "my.label", "x"); len(s.samples) < enough-3 {
			t.Errorf("%d samples under UTF-8 names", len(s.samples))
		}
	}},
	// Metadata comes with the series; a family that is described otherwise is
	// sent otherwise.
	{"SHOULD_SendMetadata", func(t *testing.T, r *recording) {
		type about struct{ name, typ, help, unit string }
		got := make(map[about]bool)
		r.all(func(d *delivery, s *told) {
			got[about{s.get("__name__"), s.typ, s.help, s.unit}] = true
			if name := s.get("__name__"); s.typ == "UNSPECIFIED" && name != "lost_nan" && name != "changing_bytes" && !strings.HasSuffix(name, "_created") {
				t.Errorf("request %d: %v has no type", d.n, s.labels)
			}
		})
		for _, want := range []about{
			{"requests_total", "COUNTER", "Requests handled.", ""},
			{"latency_seconds_bucket", "HISTOGRAM", "Time taken.", "seconds"},
			{"latency_seconds_sum", "HISTOGRAM", "", "seconds"},
			{"build_info", "INFO", "", ""},
			{"ints", "HISTOGRAM", "Native.", ""},
			{"sick", "GAUGE", "no \ufffd text", ""},
			{"changing_bytes", "GAUGE", "Old.", ""},
			{"changing_bytes", "UNSPECIFIED", "New.", "bytes"},
		} {
			if !got[want] {
				t.Errorf("nothing was sent as %q", want)
			}
		}
	}},
	// Counters and histograms come with the time at which they began, where it
	// is known. It is never after the sample, and stale markers have none.
	{"SHOULD_SendStartTimestamps", func(t *testing.T, r *recording) {
		const want = started * 1000
		for _, name := range []string{"requests_total", "latency_seconds_bucket", "latency_seconds_count", "latency_seconds_sum"} {
			for _, s := range r.of(t, "rich", name).samples {
				if s.start != want {
					t.Errorf("%s at %d began at %d", name, s.t, s.start)
				}
			}
		}
		for _, h := range r.of(t, "native", "ints").histograms {
			if h.start != want && !h.stale() || h.start != 0 && h.stale() {
				t.Errorf("ints at %d began at %d", h.t, h.start)
			}
		}
	}},
	{"MUST_NOT_SendImpossibleStarts", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			for _, x := range s.samples {
				if x.start > x.t || x.start != 0 && (x.bits == promvalue.StaleNaN || s.typ == "GAUGE") {
					t.Errorf("request %d: %v at %d began at %d", d.n, s.labels, x.t, x.start)
				}
			}
			for _, x := range s.histograms {
				if x.start > x.t {
					t.Errorf("request %d: %v at %d began at %d", d.n, s.labels, x.t, x.start)
				}
			}
		})
	}},
	// Custom buckets have bounds, and only positive spans.
	{"MAY_SendCustomBuckets", func(t *testing.T, r *recording) {
		all := r.of(t, "custom", "size").histograms
		if len(all) < enough-3 {
			t.Errorf("%d histograms came", len(all))
		}
		for i, h := range all {
			if !h.custom || h.float.Validate() != nil || !slices.Equal(h.float.CustomValues, []float64{1}) || h.float.Count != float64(2*i+2) || h.float.Sum != float64(3*i+3) {
				t.Errorf("histogram %d came as %v", i, h.float)
			}
		}
		if n := r.books.dropped("default", "custom_buckets"); n != 0 {
			t.Errorf("%v histograms are counted as dropped", n)
		}
	}},
}
