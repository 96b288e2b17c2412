package main

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/value"
)

func bitsOf(v float64) uint64 { return math.Float64bits(v) }

// source is a target as its exporter knows it.
type source struct {
	instance string
	page     *page
	handed   []time.Time // when each page was, the one with number 1 first
}

// account tells what became of everything that exporters handed out.
type account struct {
	pages    int // handed out
	complete int // of them, all samples came
	samples  int // on the pages handed out
	missing  int // of them, did not come
	wrong    int // came with a value, or a page's number, that never was

	identical int // came again with the same value
	different int // came again with another value
	disorder  int // came after a later one of the same series

	up, down int // scrapes that the agent says succeeded, or failed
	stale    int // stale markers
	extra    int // series that came and are not on the page, nor of the agent's own

	lost []lostPage // of which samples are missing, in the order of the targets
}

// lostPage is a page of which samples are missing.
type lostPage struct {
	number  int
	handed  time.Time
	missing int // samples
}

// account compares what came with what was handed out.
func (r *recorder) account(sources []source) account {
	r.mu.Lock()
	defer r.mu.Unlock()
	var a account
	for _, s := range sources {
		a.compare(s, r.target(s.instance))
	}
	return a
}

// crash is when an agent was killed. The zero value is that of one that was not.
type crash struct{ sent, ended time.Time }

// inProgress is how long before a kill a page may have been handed out that the
// agent had no time to make safe.
const inProgress = 100 * time.Millisecond

// during tells whether the agent was still busy with a page when it was killed.
func (c crash) during(handed time.Time) bool {
	return handed.After(c.sent.Add(-inProgress)) && !handed.After(c.ended)
}

// missingAt is the number of samples missing of pages that the agent was still
// busy with.
func (a account) missingAt(c crash) (n int) {
	for _, l := range a.lost {
		if c.during(l.handed) {
			n += l.missing
		}
	}
	return n
}

// arrivals tells when each page of a target came for the first time, zero if it
// has not.
func (r *recorder) arrivals(s source) []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := make([]time.Time, len(s.handed))
	h := r.target(s.instance).pages[0]
	if h == nil {
		return came
	}
	for i, sample := range h.samples {
		n, _ := s.page.number(0, math.Float64frombits(sample.bits))
		if sample.bits != value.StaleNaN && n >= 1 && n <= len(came) && came[n-1].IsZero() {
			came[n-1] = h.came[i]
		}
	}
	return came
}

func (a *account) compare(s source, t *recorded) {
	numbers := numbers(s.page, t)
	count := make([]int, len(s.handed)+1) // samples that came, by page
	for i, h := range t.pages {
		if i < 0 || i >= s.page.series {
			a.extra++
			continue
		}
		came := make([]bool, len(count))
		a.each(h, func(p sample) {
			if p.bits == value.StaleNaN {
				a.stale++
				return
			}
			n, ok := numbers[p.time]
			if !ok || n < 1 || n >= len(came) || came[n] || bitsOf(s.page.value(i, n)) != p.bits {
				a.wrong++
				return
			}
			came[n] = true
			count[n]++
		})
	}
	a.add(s, count[1:])
	a.addOwn(t)
}

// add enters how many samples came of each page.
func (a *account) add(s source, count []int) {
	a.pages += len(count)
	a.samples += len(count) * s.page.series
	for i, n := range count {
		if n == s.page.series {
			a.complete++
			continue
		}
		missing := s.page.series - n
		a.missing += missing
		a.lost = append(a.lost, lostPage{i + 1, s.handed[i], missing})
	}
}

// addOwn enters the series that the agent adds.
func (a *account) addOwn(t *recorded) {
	for _, h := range t.other {
		a.each(h, func(sample) {})
	}
	if t.up == nil {
		return
	}
	a.each(t.up, func(p sample) {
		switch p.bits {
		case bitsOf(1):
			a.up++
		case bitsOf(0):
			a.down++
		}
	})
}

// each enters what came twice or late of a series, and calls f for everything
// that came for the first time.
func (a *account) each(h *history, f func(sample)) {
	before := make(map[int64]uint64, len(h.samples))
	latest := int64(math.MinInt64)
	for _, p := range h.samples {
		bits, again := before[p.time]
		switch {
		case again && bits == p.bits:
			a.identical++
			continue
		case again:
			a.different++
			continue
		case p.time < latest:
			a.disorder++
		}
		latest = max(latest, p.time)
		before[p.time] = p.bits
		f(p)
	}
}

// numbers tells which page the samples of a timestamp are of: as the page's own
// number says or, where that has not come, any other series that tells.
func numbers(p *page, t *recorded) map[int64]int {
	numbers := make(map[int64]int)
	series := make([]int, 0, len(t.pages))
	for i := range t.pages {
		series = append(series, i)
	}
	slices.Sort(series)
	for _, i := range series {
		for _, s := range t.pages[i].samples {
			if _, known := numbers[s.time]; known || s.bits == value.StaleNaN {
				continue
			}
			if n, ok := p.number(i, math.Float64frombits(s.bits)); ok {
				numbers[s.time] = n
			}
		}
	}
	return numbers
}
