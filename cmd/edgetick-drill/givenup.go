package main

import (
	"math"
	"slices"
	"time"
)

// An agent gives a scrape up that takes too long, and says so: up is 0, and
// scrape_duration_seconds is no less than the timeout. The exporter may have handed
// the page out by then, or hand it out later, to nobody. Nothing of such a page can
// come, and nothing of it is lost.

// givenUpTitle is the line of a table with the number of these pages.
const givenUpTitle = "  pages given up, because they took too long"

// maxTimeout is the longest that any agent waits for a page, by its defaults.
const maxTimeout = 10 * time.Second

// timeout is how long an agent waits for a page that is asked for at an interval.
func timeout(interval time.Duration) time.Duration { return min(interval, maxTimeout) }

// scrapes is what an agent says of its scrapes of a target: the samples of two of
// the metrics that it adds to each page.
type scrapes struct{ up, took []sample }

// Metrics that agents add to each page.
const (
	upName   = "up"
	tookName = "scrape_duration_seconds"
)

// scrapesIn are those among what came of a target.
func scrapesIn(came map[string]*history) scrapes {
	of := func(name string) []sample {
		if h := came[keyOfName(name)]; h != nil {
			return h.samples
		}
		return nil
	}
	return scrapes{of(upName), of(tookName)}
}

// timedOut are the times of the scrapes that failed because they took too long, in
// milliseconds, in order.
func (s scrapes) timedOut(timeout time.Duration) (times []int64) {
	long := make(map[int64]bool)
	for _, p := range s.took {
		if math.Float64frombits(p.bits) >= timeout.Seconds() {
			long[p.time] = true
		}
	}
	for _, p := range s.up {
		if p.bits == bitsOf(0) && long[p.time] {
			times = append(times, p.time)
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// givenUp finds the pages that the agent gave up among those of which nothing came:
// by their numbers, the times of their scrapes in milliseconds. No two pages are of
// one scrape.
func (s source) givenUp(came func(number int) bool, says scrapes) map[int]int64 {
	pages := make(map[int]int64)
	times := says.timedOut(timeout(s.interval))
	for i, handed := range s.handed {
		if came(i + 1) {
			continue
		}
		from, to := s.asked(handed)
		for len(times) > 0 && times[0] < from {
			times = times[1:]
		}
		if len(times) > 0 && times[0] <= to {
			pages[i+1], times = times[0], times[1:]
		}
	}
	return pages
}

// givenUpIn is givenUp for what came of a target, and the numbers of the pages that
// it is of.
func (s source) givenUpIn(came map[string]*history, numbers map[int64]int) map[int]int64 {
	arrived := make(map[int]bool, len(numbers))
	for _, n := range numbers {
		arrived[n] = true
	}
	return s.givenUp(func(n int) bool { return arrived[n] }, scrapesIn(came))
}

// maxDelay is how much later than it was asked for a page may be handed out: by an
// exporter that was held up, to nobody.
const maxDelay = 2 * maxTimeout

// asked bounds the time of a scrape, in milliseconds, by when its page was handed
// out. The beat may have come a little early by the wall clock.
func (s source) asked(handed time.Time) (from, to int64) {
	return handed.Add(-maxDelay).UnixMilli(), handed.Add(s.interval / 10).UnixMilli()
}
