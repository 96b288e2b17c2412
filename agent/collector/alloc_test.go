package collector_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/agent/collector"
)

// changingPage is a source of a page of n series in families of ten, of which
// about a third have another value each time.
type changingPage struct {
	pages  [4][]byte
	number int
}

func newChangingPage(n int, suffix string) *changingPage {
	p := new(changingPage)
	for k := range p.pages {
		var b strings.Builder
		for i := range n {
			if i%10 == 0 {
				fmt.Fprintf(&b, "# HELP family_%d_total The help of family %d, of usual length.\n# TYPE family_%d_total counter\n", i/10, i/10, i/10)
			}
			v := i
			if i%3 == 0 {
				v += k
			}
			fmt.Fprintf(&b, "family_%d_total{device=\"eth%d\",mode=\"some\"} %d.5%s\n", i/10, i%10, v, suffix)
		}
		p.pages[k] = []byte(b.String())
	}
	return p
}

func (p *changingPage) Collect(context.Context) (collector.Page, error) {
	p.number++
	return collector.Page{Body: p.pages[p.number%len(p.pages)], ContentType: "text/plain"}, nil
}

// sources are a page of n series in each format, and in none.
func sources(tb testing.TB, n int) map[string]collector.Source {
	text := newChangingPage(n, "")
	families := make([][]*dto.MetricFamily, len(text.pages))
	openMetrics := make([]collector.Page, len(text.pages))
	protobuf := make([]collector.Page, len(text.pages))
	for i, page := range text.pages {
		families[i] = textFamilies(tb, page)
		openMetrics[i] = rendered(tb, families[i], expfmt.NewFormat(expfmt.TypeOpenMetrics))
		protobuf[i] = rendered(tb, families[i], expfmt.NewFormat(expfmt.TypeProtoDelim))
	}
	turn := func(page func(i int) collector.Page) collector.Source {
		i := 0
		return sourceFunc(func(context.Context) (collector.Page, error) {
			i = (i + 1) % len(text.pages)
			return page(i), nil
		})
	}
	return map[string]collector.Source{
		"text":        text,
		"openmetrics": turn(func(i int) collector.Page { return openMetrics[i] }),
		"protobuf":    turn(func(i int) collector.Page { return protobuf[i] }),
		"none":        turn(func(i int) collector.Page { return collector.Page{Families: families[i]} }),
	}
}

func textFamilies(tb testing.TB, page []byte) (families []*dto.MetricFamily) {
	tb.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	byName, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		families = append(families, byName[name])
	}
	return families
}

func rendered(tb testing.TB, families []*dto.MetricFamily, format expfmt.Format) collector.Page {
	tb.Helper()
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			tb.Fatal(err)
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		if err := c.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return collector.Page{Body: b.Bytes(), ContentType: string(format)}
}

// Gathering allocates per page, not per series: beside the column, a page of
// 1000 series takes no more allocations than one of 10. Only the protobuf format
// has no place but memory of its own for the text of labels.
func TestTarget_AllocatesNothingPerSeries(t *testing.T) {
	count := func(source collector.Source) float64 {
		tgt := newTarget(collector.Config{Source: source, Timeout: time.Minute})
		at := int64(0)
		return testing.AllocsPerRun(50, func() {
			at += 1000
			if _, err := tgt.Gather(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := sources(t, 10), sources(t, 1000)
	for format := range many {
		most := count(few[format]) + 1
		if format == "protobuf" {
			most += 2 * 1000
		}
		if n := count(many[format]); n > most {
			t.Errorf("%s: %v allocations for 1000 series, want at most %v", format, n, most)
		}
	}
}

// A scrape allocates little, whatever the size of the page and however it is sent,
// while what is gathered is delivered.
func TestTarget_ScrapesWithoutGarbage(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		for _, n := range []int{10, 1000} {
			url := servePage(t, newChangingPage(n, "").pages[0], chunked)
			source := fromHTTP(t, collector.HTTPConfig{URL: url, MaxBodyBytes: 1 << 20})
			tgt := newTarget(collector.Config{Source: source, Timeout: time.Minute})
			delivery := collector.NewDelivery()
			at := int64(0)
			gather := func() {
				at += 1000
				b, err := tgt.Gather(t.Context(), at)
				if err != nil {
					t.Fatal(err)
				}
				delivery.Take(b)
			}
			for range 10 {
				gather()
			}
			const runs = 200
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			allocs := testing.AllocsPerRun(runs, gather)
			runtime.ReadMemStats(&after)
			bytes := (after.TotalAlloc - before.TotalAlloc) / runs
			t.Logf("%d series, chunked: %t: %v allocations, %d bytes", n, chunked, allocs, bytes)
			if allocs > 5 || bytes > 2048 { // memory is made anew when there was a collection
				t.Errorf("%d series, chunked: %t: %v allocations, %d bytes", n, chunked, allocs, bytes)
			}
			tgt.Close()
		}
	}
}

func BenchmarkFormats(b *testing.B) {
	for _, n := range []int{10, 1000} {
		for format, source := range sources(b, n) {
			b.Run(fmt.Sprintf("series=%d/format=%s", n, format), func(b *testing.B) { benchmarkFormat(b, source, n) })
		}
	}
	b.Run("series=1000/format=text/own=true", func(b *testing.B) { benchmarkFormat(b, newChangingPage(1000, " 0"), 1000) })
}

func benchmarkFormat(b *testing.B, source collector.Source, series int) {
	tgt := newTarget(collector.Config{Source: source, Timeout: time.Minute})
	delivery := collector.NewDelivery()
	at := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		at += 1000
		block, err := tgt.Gather(b.Context(), at)
		if err != nil {
			b.Fatal(err)
		}
		delivery.Take(block)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/sample")
}
