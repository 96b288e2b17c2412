package main

import (
	"fmt"
	"slices"
)

// thirds are the spans of the first, the middle and the last third.
func (r churned) thirds() [3][]span {
	n := len(r.spans)
	return [3][]span{r.spans[:n/3], r.spans[n/3 : n-n/3], r.spans[n-n/3:]}
}

func (d *churn) report(r churned) {
	thirds := r.thirds()
	t := table{{"", "first third", "middle", "last third", "last / first"}}
	for _, l := range spanLines() {
		row := []string{l.name}
		for _, third := range thirds {
			row = append(row, l.format(l.of(third)))
		}
		t.row(append(row, number(l.of(thirds[2])/l.of(thirds[0])))...)
	}
	d.say("")
	d.show(t)
	d.say("")
	d.show(r.checked())
	d.say("\nfrom the first third to the last: RSS %+.1f %%, %+.1f MiB an hour by the slope of all; CPU %+.1f %%; %+.0f series",
		100*(rssOf(thirds[2])/rssOf(thirds[0])-1), r.slope(),
		100*(cpuOf(thirds[2])/cpuOf(thirds[0])-1), seriesAt(thirds[2])-seriesAt(thirds[0]))
	if err := d.judge(r); err == nil {
		d.say("verdict: flat, nothing lost, every stale marker once and in time")
	} else {
		d.say("verdict: %s", err)
	}
}

func spanLines() []line[[]span] {
	return []line[[]span]{
		{"RSS MiB, median", rssOf, number},
		{"RSS MiB, max", func(l []span) float64 { return slices.Max(rsses(l)) }, number},
		{"CPU us per sample", cpuOf, precise},
		{"wire, bytes per sample", func(l []span) float64 { return sumOf(l).weight.body() }, number},
		{"log, bytes per sample", logOf, number},
		{"disk, bytes per sample", func(l []span) float64 {
			return float64(l[len(l)-1].end.disk-l[0].start.disk) / float64(max(sumOf(l).samples, 1))
		}, number},
		{"series, as edgetick counts them", seriesAt, whole},
		{"samples", func(l []span) float64 { return float64(sumOf(l).samples) }, whole},
	}
}

func (r churned) checked() table {
	t := table{{"checked", ""}}
	for _, c := range []struct {
		what string
		n    int
	}{
		{"series that there ever were", r.series},
		{"samples handed out", r.account.samples},
		{givenUpTitle, r.account.givenUp},
		{"  missing", r.account.absent()},
		{"  wrong value", r.account.wrong},
		{"  duplicates", r.account.identical + r.account.different},
		{"  out of order", r.account.disorder},
		{"series that ended", r.endings.expected},
		{"  one stale marker, in the first tick without them", r.endings.once},
		{"  stale markers elsewhere", r.endings.other},
	} {
		t.row(c.what, fmt.Sprint(c.n))
	}
	return t
}

func rsses(l []span) (all []float64) {
	for _, s := range l {
		all = append(all, s.rss...)
	}
	return all
}

func rssOf(l []span) float64 { return median(rsses(l)) }

// cpuOf is the median of the spans' CPU time per sample.
func cpuOf(l []span) float64 {
	var all []float64
	for _, s := range l {
		all = append(all, s.micros())
	}
	return median(all)
}

// sumOf adds up samples and what they weigh.
func sumOf(l []span) (sum measured) {
	for _, s := range l {
		sum.samples += s.samples
		sum.weight = sum.weight.plus(s.weight)
	}
	return sum
}

// logOf is what was written to the log from the end of the first span to that of
// the last.
func logOf(l []span) float64 {
	const written = "edgetick_wal_written_bytes_total"
	return (l[len(l)-1].own[written] - l[0].own[written]) / float64(max(sumOf(l[1:]).samples, 1))
}

// seriesAt is the most series that edgetick counted at the end of a span.
func seriesAt(l []span) (most float64) {
	for _, s := range l {
		most = max(most, s.own["edgetick_series"])
	}
	return most
}

// slope is that of the straight line next to all memory measured, in MiB an hour.
func (r churned) slope() float64 {
	y := rsses(r.spans)
	var sx, sy, sxx, sxy float64
	for i, v := range y {
		x := float64(i) * lookAtMemory.Hours()
		sx, sy, sxx, sxy = sx+x, sy+v, sxx+x*x, sxy+x*v
	}
	n := float64(len(y))
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
