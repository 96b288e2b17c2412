package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/value"
)

// turnover is a page on which series go and others come in their places, as the
// series of containers do: after so many pages the next part of the places, around
// and around. What stands on a page follows from its number alone.
type turnover struct {
	places int // series on a page
	part   int // of them, replaced at once
	after  int // pages
}

// lifeLabel tells the series that were in one place apart.
const lifeLabel = "life"

// append appends the page of a number.
func (t turnover) append(dst []byte, number int) []byte {
	p := new(page)
	for i := range t.places {
		prefix := strings.TrimSuffix(linePrefix(i), "} ")
		dst = fmt.Appendf(dst, "%s,%s=\"%d\"} ", prefix, lifeLabel, t.life(i, number))
		dst = strconv.AppendFloat(dst, p.value(i, number), 'g', -1, 64)
		dst = append(dst, '\n')
	}
	return dst
}

// life is how often the series in a place was replaced before the page of a
// number.
func (t turnover) life(place, number int) int {
	replaced := (number - 1) / t.after * t.part // places so far, one after the other
	return (replaced + t.places - 1 - place) / t.places
}

// endings tells whether stale markers came where series left the pages.
type endings struct {
	expected int // series that left a page, or were on the last
	once     int // of them, those with one stale marker, in the tick of the first page without them
	other    int // stale markers anywhere else
}

// endings compares the stale markers that came with what was handed out. After
// the last page all series end.
func (r *recorder) endings(sources []source) (e endings, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read()
	for _, s := range sources {
		t, err := s.book.truth(len(s.handed))
		if err != nil {
			return e, fmt.Errorf("%s: %w", s.instance, err)
		}
		e.compare(s, t, r.target(s.instance))
	}
	return e, nil
}

// compare compares the markers of one target. To the receiver a page that was given
// up has no series.
func (e *endings) compare(s source, t truth, came map[string]*history) {
	numbers := t.numbers(came)
	givenUp := s.givenUpIn(came, numbers)
	for n, at := range givenUp {
		numbers[at] = n
	}
	last := int64(0) // time of the last page
	for at := range numbers {
		last = max(last, at)
	}
	for key, column := range t.columns {
		markers := make(map[int]int) // by the number of the page
		if h := came[key]; h != nil {
			for _, p := range h.samples {
				n := numbers[p.time]
				if p.time > last {
					n = len(column) + 1
				}
				if p.bits == value.StaleNaN {
					markers[n]++
				}
			}
		}
		e.enter(without(column, givenUp), markers)
	}
}

// without is a column on which the series is absent from some pages, too.
func without(column []uint64, pages map[int]int64) []uint64 {
	if len(pages) == 0 {
		return column
	}
	column = slices.Clone(column)
	for n := range pages {
		column[n-1] = absent
	}
	return column
}

// enter enters one series.
func (e *endings) enter(column []uint64, markers map[int]int) {
	for n := 2; n <= len(column)+1; n++ {
		if column[n-2] == absent || n <= len(column) && column[n-1] != absent {
			continue
		}
		e.expected++
		if markers[n] == 1 {
			e.once++
			delete(markers, n)
		}
	}
	for _, count := range markers {
		e.other += count
	}
}
