package collector

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// churn reads pages of n series and returns the largest size that the memory of
// series had after any of them.
func churn(t *testing.T, p *pages, pages, n int, page func(number, series int) string) (peak int) {
	t.Helper()
	var b strings.Builder
	for number := range pages {
		b.Reset()
		for i := range n {
			b.WriteString(page(number, i))
		}
		var r report
		at := p.last + 1000
		block, err := p.block(Page{Body: []byte(b.String())}, at, &r, nil)
		if failed := strings.Contains(b.String(), "}}"); failed != (err != nil) {
			t.Fatalf("page %d: %v", number, err)
		}
		if err == nil && block.Layout != p.failed && len(block.Layout.Series) > n+len(reportFamilies) {
			t.Fatalf("page %d of %d series has a layout of %d", number, n, len(block.Layout.Series))
		}
		peak = max(peak, len(p.series.entries)+len(p.series.others), len(p.series.families))
	}
	return peak
}

// A target remembers a few pages' worth of series, whatever pages do.
func TestPages_ForgetVanishedSeries(t *testing.T) {
	const n = 100
	for name, c := range map[string]struct {
		page  func(number, series int) string
		bound int
	}{
		"the same series": {func(_, i int) string { return fmt.Sprintf("a{i=\"%d\"} 1\n", i) }, n + 6},
		"new series":      {func(p, i int) string { return fmt.Sprintf("a{p=\"%d\",i=\"%d\"} 1\n", p, i) }, 4*n + sweepSlack},
		"new families": {func(p, i int) string {
			return fmt.Sprintf("# HELP a%d_%d %d\na%d_%d 1\n", p, i, i, p, i)
		}, 4*n + sweepSlack},
		"new series on pages that fail": {func(p, i int) string {
			if p%10 > 0 && i == n-1 {
				return "}}\n"
			}
			return fmt.Sprintf("a%d{p=\"%d\"} 1\n", i, p)
		}, 4*n + sweepSlack},
		"nothing but pages that fail": {func(p, i int) string {
			if i == n-1 {
				return "}}\n"
			}
			return fmt.Sprintf("a{p=\"%d\",i=\"%d\"} 1\n", p, i)
		}, 4*n + sweepSlack},
		"descriptions of nothing": {func(p, i int) string { return fmt.Sprintf("# TYPE a%d_%d gauge\nb%d 1\n", p, i, i) }, 5*n + sweepSlack},
		"labels in another order each time": {func(p, i int) string {
			sep := strings.Repeat(" ", p%50+1)
			return fmt.Sprintf("a{i=\"%d\",%sj=\"1\"} 1\n", i, sep)
		}, maxTexts*n + 6},
		"new series with timestamps, for half an hour": {func(p, i int) string {
			if p < 170 { // of 200 pages a second apart
				return "a 1\n"
			}
			return fmt.Sprintf("a{p=\"%d\",i=\"%d\"} 1 %d\n", p, i, p*1000)
		}, 30*n + 6 + 1 + sweepSlack},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), Classic)
			if peak := churn(t, p, 200, n, c.page); peak > c.bound {
				t.Errorf("up to %d are remembered, want at most %d", peak, c.bound)
			}
			before := p.stats.Duplicate
			churn(t, p, 1, 1, func(int, int) string { return "up 0\n" })
			if p.stats.Duplicate != before+1 {
				t.Error("the page's up is no duplicate of the report's any more")
			}
		})
	}
}

// Series of a target with timestamps of its own are remembered for an hour, and
// no longer.
func TestPages_RememberTimestamps(t *testing.T) {
	p := newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), Classic)
	var r report
	gather := func(at int64, page string) int {
		b, err := p.block(Page{Body: []byte(page)}, at, &r, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(b.Extra)
	}
	const start, hour = 1_000_000_000, ownMemory
	gather(start, fmt.Sprintf("a 1 %d\n", start))
	for at := int64(start + 1000); at < start+hour; at += 60_000 {
		gather(at, strings.Repeat("#\n", 5)+manySeries(100, at))
	}
	if n := gather(start+hour-1, fmt.Sprintf("a 1 %d\n", start-1)); n != 100 {
		t.Errorf("%d samples beside the column, want the 100 stale markers only: a has come back older", n)
	}
	for at := int64(start + hour); at < start+3*hour; at += 60_000 {
		gather(at, manySeries(100, at))
	}
	if p.series.forgotten < start || p.series.forgotten > start+2*hour {
		t.Errorf("forgotten up to %d, want between %d and %d", p.series.forgotten, start, start+2*hour)
	}
	if n := gather(start+3*hour, fmt.Sprintf("a 1 %d\n", start+1)); n != 100 {
		t.Errorf("%d samples beside the column, want the 100 stale markers only: a was forgotten", n)
	}
	if n := gather(start+3*hour+1, fmt.Sprintf("a 1 %d\nnew 1 %d\n", start+3*hour, start+3*hour)); n != 2 {
		t.Errorf("%d samples beside the column, want a and new again", n)
	}
}

func manySeries(n int, at int64) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "m{i=\"%d\",at=\"%d\"} 1\n", i, at)
	}
	return b.String()
}

// A clock that is set back begins anew: what was given out with later
// timestamps holds nothing up.
func TestPages_FollowAClockThatIsSetBack(t *testing.T) {
	p := newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), Classic)
	var r report
	p.block(Page{Body: []byte("a 1\nb 1 2000000000\nc 1\n")}, 2_000_000_000, &r, nil)
	b, _ := p.block(Page{Body: []byte("a 2\nb 2 1000000000\n")}, 1_000_000_000, &r, nil)
	if len(b.Values) != 1 || len(b.Extra) != 2 || p.stats != (Discarded{}) {
		t.Fatalf("%d values, %d samples beside them, discarded %+v; want a, b and the end of c", len(b.Values), len(b.Extra), p.stats)
	}
	for _, s := range b.Extra {
		if s.Time != 1_000_000_000 {
			t.Errorf("a sample at %d", s.Time)
		}
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

// A page with the series of the one before is read into a column that has been
// delivered, and into nothing else.
func TestPages_SteadyPageAllocatesNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would take the idle columns
	delivery := NewDelivery()
	p := newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), Classic)
	var bodies [2][]byte
	for i := range bodies {
		bodies[i] = usualPage(1000, i)
	}
	i := 0
	gather := func() {
		i++
		var r report
		b, err := p.block(Page{Body: bodies[i%2]}, int64(i)*1000, &r, nil)
		if err != nil {
			t.Fatal(err)
		}
		delivery.Take(b)
	}
	for range calmPages + 2 {
		gather()
	}
	n := testing.AllocsPerRun(calmPages, gather)
	if n > 1 || !p.read.steady { // one is the ring's
		t.Errorf("%v allocations, want 1; the page is steady: %t", n, p.read.steady)
	}
}
