package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/value"
)

// source is a target as its exporter knows it.
type source struct {
	instance string
	interval time.Duration // between scrapes
	book     *book
	handed   []time.Time // when each page was, the one with number 1 first
}

// account tells what became of everything that exporters handed out.
type account struct {
	pages    int // handed out
	complete int // of them, all samples came
	samples  int // on the pages handed out
	givenUp  int // pages that the agent did not wait for any longer
	missing  int // samples that did not come, but for those of pages given up
	wrong    int // came with a value, or a page's number, that never was

	identical int // came again with the same value
	different int // came again with another value
	disorder  int // came after a later one of the same series

	up    int // scrapes that the agent says succeeded
	stale int // stale markers
	extra int // series that came and are on no page, nor of the agent's own

	unreadable int // messages that cannot be decoded

	lost []lostPage // of which samples are missing, in the order of the targets
}

// lostPage is a page of which samples are missing.
type lostPage struct {
	number  int
	handed  time.Time
	missing int // samples
}

// account compares what came with what was handed out. Of targets that are not
// among the sources only the order is looked at.
func (r *recorder) account(sources []source) (account, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read()
	a := account{unreadable: r.unreadable}
	for _, s := range sources {
		t, err := s.book.truth(len(s.handed))
		if err != nil {
			return a, fmt.Errorf("%s: %w", s.instance, err)
		}
		a.compare(s, t, r.target(s.instance))
	}
	for instance, came := range r.targets {
		if !slices.ContainsFunc(sources, func(s source) bool { return s.instance == instance }) {
			for _, h := range came {
				a.each(h, func(sample) {})
			}
		}
	}
	return a, nil
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
	r.read()
	came := make([]time.Time, len(s.handed))
	h := r.target(s.instance)[numberKey()]
	if h == nil {
		return came
	}
	for i, sample := range h.samples {
		n := math.Float64frombits(sample.bits)
		if n >= 1 && n <= float64(len(came)) && came[int(n)-1].IsZero() {
			came[int(n)-1] = h.came[i]
		}
	}
	return came
}

func (a *account) compare(s source, t truth, came map[string]*history) {
	numbers := t.numbers(came)
	givenUp := s.givenUpIn(came, numbers)
	count := make([]int, len(s.handed)) // samples that came, by page
	for key, h := range came {
		if column, ok := t.columns[key]; ok {
			a.compareSeries(h, column, numbers, count)
		} else {
			a.addOwn(h)
		}
	}
	for i, n := range count {
		a.pages++
		a.samples += t.sizes[i]
		if _, ok := givenUp[i+1]; ok {
			a.givenUp++
			continue
		}
		a.add(lostPage{i + 1, s.handed[i], t.sizes[i] - n})
	}
}

// compareSeries compares one series with what stands on the pages.
func (a *account) compareSeries(h *history, column []uint64, numbers map[int64]int, count []int) {
	came := make([]bool, len(column))
	a.each(h, func(p sample) {
		if p.bits == value.StaleNaN {
			a.stale++
			return
		}
		n, ok := numbers[p.time]
		if !ok || came[n-1] || column[n-1] != p.bits {
			a.wrong++
			return
		}
		came[n-1] = true
		count[n-1]++
	})
}

// add enters a page that was not given up.
func (a *account) add(p lostPage) {
	if p.missing == 0 {
		a.complete++
		return
	}
	a.missing += p.missing
	a.lost = append(a.lost, p)
}

// addOwn enters a series that is on no page.
func (a *account) addOwn(h *history) {
	if !ownName(h.name) {
		a.extra++
	}
	a.each(h, func(p sample) {
		if h.name == upName && p.bits == bitsOf(1) {
			a.up++
		}
	})
}

// ownName tells whether agents add a metric of the name to each page.
func ownName(name string) bool { return name == upName || strings.HasPrefix(name, "scrape_") }

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
