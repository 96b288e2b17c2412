package main

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"
)

// said is what an agent says of scrapes: at each second of failed that it failed
// after a time.
func said(failed map[int]time.Duration) (s scrapes) {
	for second, took := range failed {
		at := handedAt(second).UnixMilli()
		s.up = append(s.up, sample{at, bitsOf(0)}, sample{at, bitsOf(0)}) // sent again
		s.took = append(s.took, sample{at, bitsOf(took.Seconds())})
	}
	return s
}

func TestSource_GivenUp(t *testing.T) {
	long := time.Second
	for name, c := range map[string]struct {
		handed []time.Duration // since the epoch; only the first page came
		failed map[int]time.Duration
		want   map[int]int // by the number of the page, the second of its scrape
	}{
		"none failed":          {[]time.Duration{long, 2 * long}, nil, nil},
		"failed at once":       {[]time.Duration{long, 2 * long}, map[int]time.Duration{2: long - 1}, nil},
		"took too long":        {[]time.Duration{long, 2*long + 5}, map[int]time.Duration{2: long}, map[int]int{2: 2}},
		"handed out to nobody": {[]time.Duration{long, 5 * long, 5 * long}, map[int]time.Duration{2: long, 3: long}, map[int]int{2: 2, 3: 3}},
		"the beat was early":   {[]time.Duration{long, 2*long - 1e6}, map[int]time.Duration{2: long}, map[int]int{2: 2}},
		"long before":          {[]time.Duration{long, 23 * long}, map[int]time.Duration{2: long}, nil},
		"afterwards":           {[]time.Duration{long, 2 * long}, map[int]time.Duration{3: long}, nil},
		"one of two":           {[]time.Duration{long, 2 * long, 3 * long}, map[int]time.Duration{2: long}, map[int]int{2: 2}},
		"both":                 {[]time.Duration{long, 2 * long, 3 * long}, map[int]time.Duration{2: long, 3: long}, map[int]int{2: 2, 3: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			s := source{interval: long}
			for _, at := range c.handed {
				s.handed = append(s.handed, epoch.Add(at))
			}
			want := make(map[int]int64)
			for n, second := range c.want {
				want[n] = handedAt(second).UnixMilli()
			}
			got := s.givenUp(func(n int) bool { return n == 1 }, said(c.failed))
			if !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// TestScrapes_TimedOut: of a scrape that did not fail, or of which no time is told,
// the page was not given up.
func TestScrapes_TimedOut(t *testing.T) {
	long, stale := bitsOf(60), uint64(value.StaleNaN)
	s := scrapes{
		up:   []sample{{1, bitsOf(0)}, {2, bitsOf(1)}, {3, stale}, {4, bitsOf(0)}, {5, bitsOf(0)}},
		took: []sample{{1, bitsOf(math.NaN())}, {2, long}, {3, long}, {4, stale}},
	}
	if got := s.timedOut(timeout(time.Hour)); got != nil {
		t.Errorf("scrapes %v timed out", got)
	}
	s.took = append(s.took, sample{5, bitsOf(10)})
	if got := s.timedOut(timeout(time.Hour)); len(got) != 1 || got[0] != 5 {
		t.Errorf("scrapes %v timed out, want 5 alone", got)
	}
}
