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

// maxSeriesBytes is what a series may take, the text of its line on the page and
// that of its labels aside. Each tenth begins a family, which is part of it.
const maxSeriesBytes = 150

func TestPages_TakeFewBytesForEachSeries(t *testing.T) {
	const n = 10_000
	f := filled(t, n)
	if each := (f.heap - f.page - f.labels) / n; each > maxSeriesBytes {
		t.Errorf("%d bytes for each series beside its text, want at most %d", each, maxSeriesBytes)
	}
}

// A page with the series of the one before is read into its column, which is
// given out, and into nothing else.
func TestPages_SteadyPageAllocatesOnlyItsColumn(t *testing.T) {
	p := newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), Classic)
	var bodies [2][]byte
	for i := range bodies {
		bodies[i] = usualPage(1000, i)
	}
	i := 0
	n := testing.AllocsPerRun(2*calmPages, func() {
		i++
		var r report
		if _, err := p.block(Page{Body: bodies[i%2]}, int64(i)*1000, &r, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 || !p.read.steady {
		t.Errorf("%v allocations, want 1; the page is steady: %t", n, p.read.steady)
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
