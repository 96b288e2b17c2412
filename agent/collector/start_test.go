package collector_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// gatherAll gathers pages a second apart, the first at second one, and fails the
// test if one fails.
func gatherAll(t *testing.T, form collector.Histograms, pages ...exchange) (blocks []buffer.Block, tgt *collector.Target) {
	t.Helper()
	var next exchange
	tgt = newTarget(collector.Config{Histograms: form, Source: sourceFunc(func(context.Context) (collector.Page, error) {
		return collector.Page{Body: []byte(next.body), ContentType: next.contentType}, nil
	})})
	for i, page := range pages {
		at := int64(i+1) * 1000
		next = page.resolve(at)
		b, err := tgt.Gather(t.Context(), at)
		if err != nil {
			t.Fatalf("page %d: %v", i+1, err)
		}
		blocks = append(blocks, b)
	}
	return blocks, tgt
}

// starts maps the series of a block that have a start to it.
func starts(b buffer.Block) map[string]int64 {
	m := make(map[string]int64)
	eachSample(b, func(s buffer.Sample) {
		if s.Series.Start != 0 {
			m[shortName(s.Series)] = s.Series.Start
		}
	})
	return m
}

// shortName is a series without the usual labels.
func shortName(s *buffer.Series) string {
	b := labels.NewBuilder(labels.EmptyLabels())
	for name, value := range proto.Labels(s.Labels) {
		b.Set(name, value)
	}
	return series(b.Labels())
}

const createdPage = `# TYPE c counter
c_total{x="1"} 1 @s-10
c_created{x="1"} 0.5
c_total{x="2"} 1
c_created{x="2"} 0.6
c_total{x="3"} 1
c_total{x="4"} 1
c_created{x="4"} 99
# TYPE h histogram
h_bucket{le="1",x="1"} 1
h_bucket{x="1",le="+Inf"} 1
h_count{x="1"} 1
h_sum{x="1"} 1
h_created{x="1"} 0.125
# TYPE s summary
s{quantile="0.5"} 1
s_count 1
s_sum 1
s_created 0.0625
# TYPE g gauge
g 1
g_created 0.5
`

func TestTarget_ReadsStarts(t *testing.T) {
	blocks, _ := gatherAll(t, collector.Classic, openMetricsPage(createdPage))
	want := map[string]int64{
		`c_total{x="1"}`: 500, `c_total{x="2"}`: 600,
		`h_bucket{le="1.0", x="1"}`: 125, `h_bucket{le="+Inf", x="1"}`: 125, `h_count{x="1"}`: 125, `h_sum{x="1"}`: 125,
		`s{quantile="0.5"}`: 62, `s_count`: 62, `s_sum`: 62,
	}
	if got := starts(blocks[0]); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if n := len(blocks[0].Values) - reports + len(blocks[0].Extra); n != 18 {
		t.Errorf("%d samples, want 18: the _created series stay", n)
	}
}

func TestTarget_ReadsStartsOfHistograms(t *testing.T) {
	blocks, _ := gatherAll(t, collector.Custom, openMetricsPage(createdPage))
	if got := starts(blocks[0]); got[`h{x="1"}`] != 125 || len(got) != 6 {
		t.Errorf("got %v, want the same with one histogram", got)
	}
}

// A Target finds the starts that the parser would find, which leaves out the
// _created series for that.
func TestTarget_AgreesWithTheParserOnStarts(t *testing.T) {
	page := openMetricsPage(createdPage).resolve(100_000).body
	parser, err := textparse.New([]byte(page), "application/openmetrics-text", nil, textparse.ParserOptions{OpenMetricsSkipSTSeries: true})
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]int64)
	for what, err := parser.Next(); err == nil; what, err = parser.Next() {
		if what == textparse.EntrySeries {
			var ls labels.Labels
			parser.Labels(&ls)
			if start := parser.StartTimestamp(); start != 0 {
				b := labels.NewBuilder(ls)
				usualLabels.Range(func(l labels.Label) { b.Set(l.Name, l.Value) })
				want[series(b.Labels())] = start
			}
		}
	}
	tgt := newTarget(collector.Config{Source: sourceFunc(func(context.Context) (collector.Page, error) {
		return collector.Page{Body: []byte(page), ContentType: "application/openmetrics-text"}, nil
	})})
	b, err := tgt.Gather(t.Context(), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if got := starts(b); len(want) < 10 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A series that begins anew is a new Series in a new layout; all else stays.
func TestTarget_NoticesThatSeriesBeginAnew(t *testing.T) {
	page := func(format string, a, b string) exchange {
		if format == "protobuf" {
			return families(`name: "c_total" type: COUNTER metric {label {name: "x" value: "1"} counter {value: 1 created_timestamp: {nanos: ` + a + `000000}}} metric {label {name: "x" value: "2"} counter {value: 1 created_timestamp: {nanos: ` + b + `000000}}}`)
		}
		return openMetricsPage("# TYPE c counter\nc_total{x=\"1\"} 1\nc_created{x=\"1\"} 0." + a + "\nc_total{x=\"2\"} 1\nc_created{x=\"2\"} 0." + b + "\n")
	}
	for _, format := range []string{"protobuf", "OpenMetrics"} {
		t.Run(format, func(t *testing.T) {
			blocks, _ := gatherAll(t, collector.Classic,
				page(format, "250", "500"), page(format, "250", "500"),
				page(format, "750", "500"), text("c_total{x=\"1\"} 1\nc_total{x=\"2\"} 1\n"))
			first := func(n int) *buffer.Series { return blocks[n].Layout.Series[0] }
			other := func(n int) *buffer.Series {
				return blocks[n].Layout.Series[slices.IndexFunc(blocks[n].Layout.Series, func(s *buffer.Series) bool { return shortName(s) == `c_total{x="2"}` })]
			}
			if blocks[0].Layout != blocks[1].Layout || blocks[1].Layout == blocks[2].Layout {
				t.Error("the layout changes with a start, and only with it")
			}
			if first(1).Start != 250 || first(2).Start != 750 || other(0) != other(2) || other(2).Start != 500 {
				t.Errorf("starts of %d, then %d; the other %d", first(1).Start, first(2).Start, other(2).Start)
			}
			if first(3) != first(2) || other(3) != other(0) {
				t.Error("a page of text, which cannot tell starts, changes them")
			}
			if format == "protobuf" && len(blocks[3].Extra) > 0 {
				t.Errorf("%d stale markers because of another format", len(blocks[3].Extra))
			}
		})
	}
}

// Times before 1970 and after the sample's are no starts.
func TestTarget_ReadsNoImpossibleStarts(t *testing.T) {
	for start, want := range map[string]int64{"seconds: -5": 0, "": 0, "nanos: 999999": 0, "seconds: 1": 1000, "seconds: 1 nanos: 1000000": 0} {
		blocks, _ := gatherAll(t, collector.Classic, families(`name: "c" type: COUNTER metric {counter {value: 1 created_timestamp: {`+start+`}}}`))
		if got := starts(blocks[0])["c"]; got != want {
			t.Errorf("%q is read as %d, want %d", start, got, want)
		}
	}
}

// From the page on after it, a type that changes decides anew whether series
// have a start.
func TestTarget_StartsFollowTheType(t *testing.T) {
	blocks, _ := gatherAll(t, collector.Classic,
		openMetricsPage("# TYPE a gauge\na 1\na_created 0.5\n"),
		openMetricsPage("# TYPE a counter\na 1\na_created 0.5\n"),
		openMetricsPage("# TYPE a counter\na 1\na_created 0.5\n"))
	if a, b := starts(blocks[0]), starts(blocks[2]); len(a) != 0 || b["a"] != 500 {
		t.Errorf("starts %v for the gauge and %v for the counter", a, b)
	}
}
