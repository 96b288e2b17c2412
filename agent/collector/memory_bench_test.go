package collector

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// BenchmarkMemory tells what of the heap a target and its last two pages take.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				p, bodies := filled(b, n)
				after := heap()
				runtime.KeepAlive(p)
				b.ReportMetric(float64(after-before)/float64(n), "heap-B/series")
				b.ReportMetric(float64(len(bodies[0]))/float64(n), "page-B/series")
				runtime.KeepAlive(bodies)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func filled(b *testing.B, n int) (*pages, [2][]byte) {
	p := newPages(newLabeler(labels.FromStrings("job", "job", "instance", "node:9100"), labels.EmptyLabels()), Classic)
	var bodies [2][]byte
	for i := range 4 {
		var page strings.Builder
		for k := range n {
			if k%10 == 0 {
				fmt.Fprintf(&page, "# HELP family_%d_total The help of family %d, of usual length.\n# TYPE family_%d_total counter\n", k/10, k/10, k/10)
			}
			fmt.Fprintf(&page, "family_%d_total{device=\"eth%d\",mode=\"some\"} %d.5\n", k/10, k%10, k+i)
		}
		bodies[i%2] = append(bodies[i%2][:0], page.String()...)
		var r report
		if _, err := p.block(Page{Body: bodies[i%2]}, int64(i+1)*1000, &r, nil); err != nil {
			b.Fatal(err)
		}
	}
	return p, bodies
}
