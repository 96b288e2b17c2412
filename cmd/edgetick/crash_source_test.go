package main

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	promvalue "github.com/prometheus/prometheus/model/value"
)

// numbered is an exporter whose every scrape is numbered, and on whose pages
// every bit follows from the number: an arrival can be checked without knowing
// anything of the program that sent it.
type numbered struct {
	*httptest.Server
	series atomic.Int64
	noise  atomic.Bool // every value is random: a page that takes much space in a log

	mu      sync.Mutex
	lives   []int     // which life asked for each scrape
	halfway func(int) // called in the middle of a page
}

func startNumbered(t *testing.T, series int) *numbered {
	n := &numbered{}
	n.series.Store(int64(series))
	n.Server = httptest.NewServer(n)
	t.Cleanup(n.Close)
	return n
}

// target is the flag that makes a life scrape it.
func (n *numbered) target(job string, life int) string {
	return fmt.Sprintf("--scrape.target=job=%s,url=%s/metrics?life=%d", job, n.URL, life)
}

// ServeHTTP writes the next page, in two halves.
func (n *numbered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	life, err := strconv.Atoi(r.FormValue("life"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	n.lives = append(n.lives, life)
	number, halfway := len(n.lives), n.halfway
	n.mu.Unlock()

	var page strings.Builder
	for _, v := range n.page(number) {
		fmt.Fprintf(&page, "%s %s\n", v.name, v.text)
	}
	text := page.String()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprint(w, text[:len(text)/2])
	if halfway != nil {
		w.(http.Flusher).Flush()
		halfway(number)
	}
	fmt.Fprint(w, text[len(text)/2:])
}

// atHalf sets what is called in the middle of each page, with its number.
func (n *numbered) atHalf(f func(int)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.halfway = f
}

// scraped tells how many scrapes there were, and which life asked for each.
func (n *numbered) scraped() []int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]int(nil), n.lives...)
}

// numberSeries is the series whose value is the number of the scrape.
const numberSeries = "scrape_number"

// entry is one sample of a page: the series as [seriesKey] writes it.
type entry struct {
	name, text string
	bits       uint64
}

// page is what scrape number n yields. A third of the series comes and goes.
func (n *numbered) page(number int) []entry {
	page := make([]entry, 0, n.series.Load()+1)
	add := func(name string, v float64) {
		bits := math.Float64bits(v)
		if v != v {
			bits = promvalue.NormalNaN // as every parser of the format reads it
		}
		page = append(page, entry{name, strconv.FormatFloat(v, 'g', -1, 64), bits})
	}
	add(numberSeries, float64(number))
	for i := range int(n.series.Load()) {
		if i%3 == 2 && mix(i, number/7)%3 == 0 {
			continue
		}
		add(fmt.Sprintf("values{i=\"%03d\"}", i), n.value(i, number))
	}
	return page
}

// value is what series i is worth in a scrape.
func (n *numbered) value(i, number int) float64 {
	random := mix(i, number)
	if n.noise.Load() {
		i = 4
	}
	switch i % 8 {
	case 0: // a counter
		return float64(number * (i + 1))
	case 1: // a counter that is often reset
		return float64((number + i) % 13)
	case 2: // a constant
		return float64(i) / 7
	case 3: // one of those that parsers and packers get wrong
		odd := [...]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, math.MaxFloat64, math.SmallestNonzeroFloat64, 1}
		return odd[random%uint64(len(odd))]
	case 4: // any bits that are a finite number
		return math.Float64frombits(random &^ (1 << 62))
	case 5: // a gauge of many digits
		return float64(random%1e9) / 3
	case 6: // bytes
		return float64(random % (16 << 30))
	default: // changes seldom
		return float64(mix(i, number/20) % 100)
	}
}

// mix is a hash of two numbers (splitmix64).
func mix(a, b int) uint64 {
	x := uint64(a)<<32 + uint64(b) + 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
