package main

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
)

// TestTurnover_ReplacesAPartOfTheSeries: at each change a part of the series goes,
// as many come, and in the end all have been replaced equally often.
func TestTurnover_ReplacesAPartOfTheSeries(t *testing.T) {
	v := turnover{places: 10, part: 3, after: 4}
	got, err := newBook(v.append).truth(45)
	if err != nil {
		t.Fatal(err)
	}
	on := func(n int) map[string]bool {
		there := make(map[string]bool)
		for key, column := range got.columns {
			if column[n-1] != absent {
				there[key] = true
			}
		}
		return there
	}
	for n := 2; n <= 45; n++ {
		before, now, gone := on(n-1), on(n), 0
		for key := range before {
			if !now[key] {
				gone++
			}
		}
		want := 0
		if (n-1)%v.after == 0 {
			want = v.part
		}
		if gone != want || len(now) != v.places+1 {
			t.Errorf("page %d: %d series gone, %d there, want %d and %d", n, gone, len(now), want, v.places+1)
		}
	}
	for place := range v.places {
		if n := v.life(place, 41); n != 3 {
			t.Errorf("the series in place %d was replaced %d times, want 3", place, n)
		}
	}
}

// changing is a recorder, and a target on which one of two series is replaced
// after each second page.
type changing struct {
	*testing.T
	*recorder
	source source
}

// newChanging hands out 3 pages, the last of which has a series that is new.
func newChanging(t *testing.T) *changing {
	b := newBook(turnover{places: 2, part: 1, after: 2}.append)
	c := &changing{T: t, recorder: newRecorder(), source: source{instance: "target-0", interval: time.Second, book: b}}
	for n := 1; n <= 3; n++ {
		c.source.handed = append(c.source.handed, handedAt(n))
		c.mark(scrapeNumber, "", float64(n), n)
	}
	return c
}

// mark sends one value at the time of a page: of the number of pages, or of a life
// in place 0.
func (c *changing) mark(name, life string, v float64, at int) {
	c.Helper()
	ts := proto(handedAt(at), v, "instance", c.source.instance, "__name__", name)
	if life != "" {
		ts = proto(handedAt(at), v, "instance", c.source.instance, lifeLabel, life)
		labelsOf(c.T, 0).Range(func(l labels.Label) {
			ts.Labels = append(ts.Labels, prompb.Label{Name: l.Name, Value: l.Value})
		})
	}
	c.take(messageOf(c.T, []prompb.TimeSeries{ts}))
}

var staleMarker = math.Float64frombits(value.StaleNaN)

func TestRecorder_Endings(t *testing.T) {
	for name, test := range map[string]struct {
		at   []int // stale markers of the series that ended with page 2
		want endings
	}{
		"in time": {[]int{3}, endings{4, 1, 0}},
		"none":    {nil, endings{4, 0, 0}},
		"early":   {[]int{2}, endings{4, 0, 1}},
		"late":    {[]int{4}, endings{4, 0, 1}},
		"twice":   {[]int{3, 3}, endings{4, 0, 2}},
		"again":   {[]int{3, 4}, endings{4, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChanging(t)
			for _, at := range test.at {
				c.mark("", "0", staleMarker, at)
			}
			if got, err := c.endings([]source{c.source}); err != nil || got != test.want {
				t.Errorf("%+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestRecorder_EndingsOfTheLastPage(t *testing.T) {
	c := newChanging(t)
	c.mark("", "1", staleMarker, 9)
	c.mark(scrapeNumber, "", staleMarker, 9)
	if got, err := c.endings([]source{c.source}); err != nil || got != (endings{4, 2, 0}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRecorder_EndingsOfAPageGivenUp: all series end where the agent got no page,
// and not again with the next.
func TestRecorder_EndingsOfAPageGivenUp(t *testing.T) {
	c := newChanging(t)
	c.source.handed = append(c.source.handed, handedAt(4), handedAt(5)) // of page 4 nothing comes
	c.mark(scrapeNumber, "", 5, 5)
	c.mark(upName, "", 0, 4)
	c.mark(tookName, "", 1, 4)
	c.mark("", "0", staleMarker, 3)
	c.mark("", "1", staleMarker, 4)
	c.mark(scrapeNumber, "", staleMarker, 4)
	if got, err := c.endings([]source{c.source}); err != nil || got != (endings{7, 3, 0}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func churnedSpans(rss ...float64) (r churned) {
	at := epoch
	for i, v := range rss {
		at = at.Add(spanLength)
		r.spans = append(r.spans, span{
			measured{
				start: usage{at: at}, end: usage{at: at.Add(spanLength), cpu: time.Duration(i+1) * time.Millisecond},
				rss: []float64{v, v, v}, samples: 1000, weight: weight{bytes: 5000, samples: 1000},
			},
			selfMetrics{"edgetick_series": 10, "edgetick_wal_written_bytes_total": 2000 * float64(i)},
		})
	}
	return r
}

func TestChurn_JudgesMemory(t *testing.T) {
	d := &churn{tolerance: .1}
	if err := d.judge(churnedSpans(20, 20, 21, 22, 21, 22)); err != nil {
		t.Error(err)
	}
	if err := d.judge(churnedSpans(20, 20, 21, 22, 23, 23)); !errors.Is(err, errBroken) {
		t.Errorf("error %v for memory that grows", err)
	}
	r := churnedSpans(20, 20, 20)
	r.spans[2].own["edgetick_series"]++
	if err := d.judge(r); !errors.Is(err, errBroken) {
		t.Errorf("error %v for a series more", err)
	}
	for _, e := range []endings{{expected: 1}, {other: 1}} {
		r := churnedSpans(20, 20, 20)
		r.endings = e
		if err := d.judge(r); !errors.Is(err, errBroken) {
			t.Errorf("error %v for %+v", err, e)
		}
	}
}

func TestChurned_Slope(t *testing.T) {
	r := churnedSpans(0, 0)
	r.spans[0].rss, r.spans[1].rss = []float64{20, 21, 22}, []float64{23, 24, 25}
	if got := r.slope(); math.Abs(got-3600) > 1e-6 {
		t.Errorf("%v MiB an hour, want 3600: one more each second", got)
	}
}

func TestChurn_ReportsThirds(t *testing.T) {
	var b strings.Builder
	d := &churn{common: &common{out: &b}, tolerance: .1}
	r := churnedSpans(10, 12, 14, 16, 18, 20)
	r.endings = endings{7, 6, 1}
	d.report(r)
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"RSS MiB, median 10.0 14.0 18.0 1.80",
		"CPU us per sample 1.000 3.000 5.000 5.00",
		"wire, bytes per sample 5.00 5.00 5.00 1.00",
		"log, bytes per sample 2.00 2.00 2.00 1.00",
		"series that ended 7 one stale marker, in the first tick without them 6 stale markers elsewhere 1",
		"RSS +80.0 %,",
		"verdict: edgetick has not kept its promise: 1 series that ended",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
