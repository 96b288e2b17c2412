package main

import (
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/value"
)

// tally checks every sample of plates as it comes, and forgets it: of a series it
// keeps only how far it has come, so that it can follow a million samples a
// second. It takes a series' samples in their order: what comes after a gap is
// not looked for again, and found missing. It is safe for concurrent use.
type tally struct {
	plates []plateTally
	size   int // series on each plate

	mu      sync.Mutex
	scanner scanner
	weight  weight
	account account
	arrived int // samples, each once
}

// plateTally is what has come of one target.
type plateTally struct {
	instance string
	times    []int64 // that the agent gave to each page, the one with number 1 first; 0 if that has not come
	came     []int32 // number of the last page that came of each series
	scrapes  scrapes
}

// newTally makes a tally of plates for so many targets, each with so many series;
// the first plate begins with series 0, each other one where the one before ends.
func newTally(targets, series int) *tally {
	t := &tally{size: series}
	for i := range targets {
		t.plates = append(t.plates, plateTally{instance: instance(i), came: make([]int32, series)})
	}
	return t
}

// take checks a message.
func (t *tally) take(m message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := weight{messages: 1, bytes: len(m.body), protocol: m.protocol(), encoding: m.encoding}
	err := t.scanner.scan(m, func() {
		w.entries++
		w.samples += len(t.scanner.samples)
		t.enter(seriesOf(t.scanner.labels), t.scanner.samples)
	})
	t.weight = t.weight.plus(w)
	if err != nil {
		t.account.unreadable++
	}
}

// heading is what labels tell of a series.
type heading struct {
	name, instance []byte
	number         int // of a series on a plate, else -1
}

func seriesOf(labels [][]byte) heading {
	h := heading{number: -1}
	for pair := range slices.Chunk(labels, 2) {
		switch string(pair[0]) {
		case model.MetricNameLabel:
			h.name = pair[1]
		case instanceLabel:
			h.instance = pair[1]
		case seriesLabel:
			if n, err := strconv.Atoi(string(pair[1])); err == nil {
				h.number = n
			}
		}
	}
	return h
}

func (t *tally) enter(h heading, samples []sample) {
	p, series := t.find(h)
	switch {
	case p == nil:
		t.account.extra++
	case h.number >= 0:
		t.check(p, series, h.number, samples)
	case string(h.name) == scrapeNumber:
		t.number(p, samples)
	case string(h.name) == upName:
		p.scrapes.up = append(p.scrapes.up, samples...)
	case string(h.name) == tookName:
		p.scrapes.took = append(p.scrapes.took, samples...)
	case !ownName(string(h.name)):
		t.account.extra++
	}
}

// find returns the target of a series, and which of its plate it is; none if the
// series is another's.
func (t *tally) find(h heading) (*plateTally, int) {
	for i := range t.plates {
		p := &t.plates[i]
		if p.instance != string(h.instance) {
			continue
		}
		if h.number >= 0 && h.number/t.size != i {
			return nil, 0
		}
		return p, h.number % t.size
	}
	return nil, 0
}

// number learns from the number on a page which time the page has. It stands
// first on the page, and so comes before the page's series.
func (t *tally) number(p *plateTally, samples []sample) {
	for _, s := range samples {
		number := math.Float64frombits(s.bits)
		switch n := int(number); {
		case s.bits == value.StaleNaN:
			t.account.stale++
		case float64(n) != number || n < 1 || n > len(p.times)+maxGap:
			t.account.wrong++
		case n <= len(p.times):
			t.again(p.times[n-1] == s.time)
		default:
			p.times = append(p.times, make([]int64, n-len(p.times))...)
			p.times[n-1] = s.time
			t.arrived++
		}
	}
}

// maxGap is how many pages may be missing before a number is taken for wrong.
const maxGap = 10_000

// check checks samples of one series, which has a number on all plates.
func (t *tally) check(p *plateTally, series, number int, samples []sample) {
	for _, s := range samples {
		if s.bits == value.StaleNaN {
			t.account.stale++
			continue
		}
		last := int(p.came[series])
		n := p.page(s.time, last+1)
		right := n > 0 && s.bits == bitsOf(widened(number, n).value())
		switch {
		case n > 0 && n <= last:
			t.again(right)
		case !right:
			t.account.wrong++
		default:
			p.came[series] = int32(n)
			t.arrived++
		}
	}
}

func (t *tally) again(same bool) {
	if same {
		t.account.identical++
	} else {
		t.account.different++
	}
}

// page is the number of the page of a time, 0 if there is none. It is likely the
// one given.
func (p *plateTally) page(time int64, likely int) int {
	if likely <= len(p.times) && p.times[likely-1] == time {
		return likely
	}
	return slices.Index(p.times, time) + 1
}

// result is what became of everything that was handed out, by the sources of the
// plates.
func (t *tally) result(sources []source) (account, weight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.account
	for i, s := range sources {
		p := &t.plates[i]
		a.pages += len(s.handed)
		a.givenUp += len(s.givenUp(p.arrived, p.scrapes))
	}
	page := t.size + 1
	a.samples = a.pages * page
	a.missing = a.samples - a.givenUp*page - t.arrived
	return a, t.weight
}

// arrived tells whether the page of a number has come.
func (p *plateTally) arrived(number int) bool {
	return number <= len(p.times) && p.times[number-1] != 0
}
