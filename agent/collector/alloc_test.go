package collector_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

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

// Gathering allocates per page, not per series: beside the column, a page of
// 1000 series takes no more allocations than one of 10.
func TestTarget_AllocatesNothingPerSeries(t *testing.T) {
	count := func(n int) float64 {
		tgt := newTarget(collector.Config{Source: newChangingPage(n, ""), Timeout: time.Minute})
		at := int64(0)
		return testing.AllocsPerRun(50, func() {
			at += 1000
			if _, err := tgt.Gather(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := count(10), count(1000)
	if many > few+1 {
		t.Errorf("%v allocations for 1000 series, %v for 10", many, few)
	}
}

func BenchmarkTarget(b *testing.B) {
	for _, c := range []struct {
		n      int
		suffix string
		name   string
	}{
		{10, "", "series=10"},
		{1000, "", "series=1000"},
		{1000, " @", "series=1000/own=true"},
	} {
		b.Run(c.name, func(b *testing.B) {
			source := newChangingPage(c.n, strings.Replace(c.suffix, "@", "0", 1))
			tgt := newTarget(collector.Config{Source: source, Timeout: time.Minute})
			at := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				at += 1000
				if _, err := tgt.Gather(b.Context(), at); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.n), "ns/sample")
		})
	}
}
