package collector

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// BenchmarkMemory tells what of the heap a target takes whose pages stay as they
// are, with the page and the column before.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			for b.Loop() {
				f := filled(b, n)
				b.ReportMetric(float64(f.heap)/float64(n), "heap-B/series")
				b.ReportMetric(float64(f.page)/float64(n), "page-B/series")
				b.ReportMetric(float64(f.labels)/float64(n), "labels-B/series")
			}
		})
	}
}

// footprint is what a target takes of the heap, in bytes.
type footprint struct {
	heap   int
	page   int // of it
	labels int // of it
}

// filled measures a target that has gathered pages of n series.
func filled(tb testing.TB, n int) footprint {
	before := heap()
	p := newPages(newLabeler(labels.FromStrings("job", "job", "instance", "node:9100"), labels.EmptyLabels()), Classic)
	for i := range calmPages + 2 {
		var r report
		if _, err := p.block(Page{Body: usualPage(n, i)}, int64(i+1)*1000, &r, nil); err != nil {
			tb.Fatal(err)
		}
	}
	f := footprint{heap: int(heap() - before), page: cap(p.plan.page)}
	for _, s := range p.layout.Series {
		f.labels += len(s.Labels)
	}
	runtime.KeepAlive(p)
	return f
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// usualPage is a page of n series in families of ten. Another number makes other
// values.
func usualPage(n, number int) []byte {
	var page strings.Builder
	for k := range n {
		if k%10 == 0 {
			fmt.Fprintf(&page, "# HELP family_%d_total The help of family %d, of usual length.\n# TYPE family_%d_total counter\n", k/10, k/10, k/10)
		}
		fmt.Fprintf(&page, "family_%d_total{device=\"eth%d\",mode=\"some\"} %d.5\n", k/10, k%10, k+number)
	}
	text := page.String()
	return append(make([]byte, 0, len(text)+spare), text...)
}
