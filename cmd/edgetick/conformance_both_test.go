package main

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang/snappy"
)

// rule is one rule of a specification for senders, checked on a recording.
type rule struct {
	name  string
	check func(*testing.T, *recording)
}

// Everything a sender of 1.0 must and should do, on the wire.
func TestConformance_V1(t *testing.T) { obeys(t, record(t, "1.0"), rulesOfBoth, rulesOfEnds, rulesOf1) }

// Everything a sender of 2.0 must and should do, on the wire.
func TestConformance_V2(t *testing.T) { obeys(t, record(t, "2.0"), rulesOfBoth, rulesOfEnds, rulesOf2) }

func obeys(t *testing.T, r *recording, rules ...[]rule) {
	if len(r.deliveries) < enough/2-1 {
		t.Fatalf("%d requests came", len(r.deliveries))
	}
	for _, rule := range slices.Concat(rules...) {
		t.Run(rule.name, func(t *testing.T) { rule.check(t, r) })
	}
}

// rulesOfBoth are those that both versions have, but for [rulesOfEnds].
var rulesOfBoth = []rule{
	// Requests are POSTs to the URL as it was configured.
	{"MUST_Post", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if d.method != http.MethodPost || d.path != "/api/v1/push" || d.length != int64(len(d.body)) {
				t.Errorf("request %d is a %s to %s of %d bytes, announced as %d", d.n, d.method, d.path, len(d.body), d.length)
			}
		}
	}},
	// The body is compressed with Snappy in its block format; the framed format
	// is forbidden.
	{"MUST_CompressWithSnappyBlocks", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			n, err := snappy.DecodedLen(d.body)
			if err != nil || n == 0 || strings.HasPrefix(string(d.body), "\xff\x06\x00\x00sNaPpY") || !slices.Equal(d.header["Content-Encoding"], []string{"snappy"}) {
				t.Errorf("request %d with Content-Encoding %q has %d bytes in it: %v", d.n, d.header["Content-Encoding"], n, err)
			}
		}
	}},
	// The version header is that of the message: 0.1.0 for 1.0.
	{"MUST_SendVersionHeader", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if got := d.header["X-Prometheus-Remote-Write-Version"]; !slices.Equal(got, []string{r.version}) {
				t.Errorf("request %d has the version %q", d.n, got)
			}
		}
	}},
	// The User-Agent is product/version, as RFC 9110 has it.
	{"MUST_SendUserAgent", func(t *testing.T, r *recording) {
		form := regexp.MustCompile(`^edgetick/[!#$%&'*+.^_|~0-9A-Za-z-]+$`)
		for _, d := range r.deliveries {
			if got := d.header["User-Agent"]; len(got) != 1 || !form.MatchString(got[0]) {
				t.Errorf("request %d has the User-Agent %q", d.n, got)
			}
		}
	}},
	// Senders may allow headers of the user's.
	{"MAY_SendCustomHeaders", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			if got := d.header.Get("X-Scope-OrgID"); got != "shop" {
				t.Errorf("request %d has X-Scope-OrgID %q", d.n, got)
			}
		}
	}},
	// Each sample comes with the complete label set of its series.
	{"MUST_SendCompleteLabels", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			for _, name := range []string{"__name__", "job", "instance", "site"} {
				if s.get(name) == "" {
					t.Errorf("request %d: %v has no %s", d.n, s.labels, name)
				}
			}
		})
		full := r.of(t, "rich", "requests_total")
		for name, value := range map[string]string{"zone": "b", "Zone": "B", "_x": "1", "code": "200"} {
			if full.get(name) != value {
				t.Errorf("%v lacks %s=%q", full.labels, name, value)
			}
		}
		if theirs := r.of(t, "rich", "build_info"); theirs.get("exported_job") != "theirs" {
			t.Errorf("%v has lost its own job", theirs.labels)
		}
	}},
	// Label names are sorted by their bytes, and none comes twice.
	{"MUST_SortLabels", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			for i := 1; i < len(s.labels); i++ {
				if s.labels[i-1].Name >= s.labels[i].Name {
					t.Errorf("request %d: %v", d.n, s.labels)
				}
			}
		})
		if first := r.of(t, "rich", "requests_total").labels[0].Name; first != "Zone" {
			t.Errorf("%q is first, want the capital letter", first)
		}
	}},
	// There are no empty label names, and no empty values: such a label is not
	// there.
	{"MUST_NOT_SendEmptyLabels", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			for _, l := range s.labels {
				if l.Name == "" || l.Value == "" || l.Name == "empty" {
					t.Errorf("request %d: %v", d.n, s.labels)
				}
			}
		})
	}},
	// Names that begin with __ are reserved.
	{"SHOULD_NOT_SendReservedNames", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			for _, l := range s.labels {
				if strings.HasPrefix(l.Name, "__") && l.Name != "__name__" {
					t.Errorf("request %d: %v", d.n, s.labels)
				}
			}
		})
	}},
	// Strings are UTF-8, or a strict receiver refuses the whole request: what
	// was not is repaired and counted, and its sample arrives.
	{"MUST_SendUTF8", func(t *testing.T, r *recording) {
		r.all(func(d *delivery, s *told) {
			if !utf8.ValidString(s.key() + s.help + s.unit) {
				t.Errorf("request %d: %q %q", d.n, s.labels, s.help)
			}
		})
		for _, job := range []string{"native", "custom"} {
			if n := len(r.of(t, job, "sick", "v", "no \ufffd text").samples); n < enough-3 {
				t.Errorf("%d samples of the repaired series of %s", n, job)
			}
		}
		if n := r.books.value("edgetick_scrape_pages_repaired_total"); n < 2*(enough-2) {
			t.Errorf("%v pages are counted as repaired", n)
		}
		if got := r.of(t, "rich", "odd", "kind", "1").get("place"); got != "Küche ☃" {
			t.Errorf("a label came as %q", got)
		}
	}},
	// Timestamps are in milliseconds since the epoch.
	{"MUST_SendMilliseconds", func(t *testing.T, r *recording) {
		from, to := r.began.Add(-time.Second).UnixMilli(), time.Now().Add(time.Second).UnixMilli()
		r.times(func(d *delivery, s *told, at int64) {
			if at < from || at > to {
				t.Errorf("request %d: %v has a sample at %d, the run began at %d", d.n, s.labels, at, from)
			}
		})
	}},
	// Samples of a series are sent in the order of their times, within requests
	// and from one to the next.
	{"MUST_KeepOrder", func(t *testing.T, r *recording) {
		newest, several := make(map[string]int64), 0
		r.times(func(d *delivery, s *told, at int64) {
			if at <= newest[s.key()] {
				t.Errorf("request %d: %v has a sample at %d after %d", d.n, s.labels, at, newest[s.key()])
			}
			newest[s.key()] = at
			several += max(len(s.samples), len(s.histograms)) - 1
		})
		if several == 0 {
			t.Error("nothing was packed")
		}
	}},
	// A series has one entry in a request, with all its samples.
	{"SHOULD_PackBySeries", func(t *testing.T, r *recording) {
		for _, d := range r.deliveries {
			seen := make(map[string]bool)
			for _, s := range d.message.series {
				if seen[s.key()] {
					t.Errorf("request %d has %v twice", d.n, s.labels)
				}
				seen[s.key()] = true
			}
		}
	}},
	// Values are float64, bit for bit; a NaN that is no stale marker has the
	// bits of the ordinary one.
	{"MUST_SendValuesExactly", func(t *testing.T, r *recording) {
		for kind, want := range map[string]uint64{
			"0": 0x7ff8000000000001, "1": math.Float64bits(math.Inf(1)), "2": math.Float64bits(math.Inf(-1)),
			"3": 1 << 63, "4": math.Float64bits(1e-320), "5": math.Float64bits(.1),
		} {
			for _, s := range r.of(t, "rich", "odd", "kind", kind).samples {
				if s.bits != want {
					t.Errorf("kind %s came as %x, want %x", kind, s.bits, want)
				}
			}
		}
	}},
	// Not in the first specification, and understood by its receivers: native
	// histograms of integers and of floats.
	{"MAY_SendNativeHistograms", func(t *testing.T, r *recording) {
		ints := r.of(t, "native", "ints").histograms
		if h := ints[0].integer; h == nil || h.Validate() != nil || h.Count != 4 || h.Sum != 10 || h.Schema != 0 || h.ZeroCount != 1 {
			t.Errorf("ints came as %v", ints[0].float)
		}
		floats := r.of(t, "native", "floats").histograms
		if h := floats[0]; h.integer != nil || h.float.Validate() != nil || h.float.Count != 1.5 || h.float.Schema != 3 {
			t.Errorf("floats came as %v", h.float)
		}
	}},
	// An exemplar has labels, a value and a time: that of the scrape if it has
	// none of its own. It comes with a sample of its series, and once.
	{"SHOULD_SendExemplars", func(t *testing.T, r *recording) {
		for name, c := range map[string]struct {
			job, letter string
			value       float64
		}{
			"requests_total": {"rich", "r", .5}, "latency_seconds_bucket": {"rich", "l", .05}, "ints": {"native", "h", 1.5},
		} {
			seen := make(map[string]bool)
			for _, e := range r.of(t, c.job, name).exemplars {
				if len(e.labels) != 1 || e.labels[0].Name != "trace_id" || !strings.HasPrefix(e.labels[0].Value, c.letter) || seen[e.labels[0].Value] {
					t.Errorf("%s has an exemplar with %v", name, e.labels)
					continue
				}
				seen[e.labels[0].Value] = true
				if e.value != c.value || e.t < r.began.Add(-time.Second).UnixMilli() || e.t > time.Now().UnixMilli() {
					t.Errorf("%s has an exemplar of %v at %d", name, e.value, e.t)
				}
			}
			if len(seen) < lastPage {
				t.Errorf("%s has %d exemplars", name, len(seen))
			}
		}
		r.all(func(d *delivery, s *told) {
			if len(s.exemplars) > 0 && len(s.samples)+len(s.histograms) == 0 {
				t.Errorf("request %d: %v has exemplars alone", d.n, s.labels)
			}
		})
	}},
	// Nothing was refused, and the ledger says so.
	{"Ledger", func(t *testing.T, r *recording) {
		const remote = "default"
		custom := r.books.dropped(remote, "custom_buckets")
		if b := r.books; b.acknowledged(remote) < 100 || b.rejected(remote) != 0 || b.dropped(remote) != custom {
			t.Errorf("%v acknowledged, %v rejected, %v dropped", b.acknowledged(remote), b.rejected(remote), b.dropped(remote))
		}
	}},
}

// times calls f for the time of each sample and histogram.
func (r *recording) times(f func(d *delivery, s *told, at int64)) {
	r.all(func(d *delivery, s *told) {
		for _, x := range s.samples {
			f(d, s, x.t)
		}
		for _, x := range s.histograms {
			f(d, s, x.t)
		}
	})
}
