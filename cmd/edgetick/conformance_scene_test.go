package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	promvalue "github.com/prometheus/prometheus/model/value"
)

// scene is one receiver and what is to come of its answers.
type scene struct {
	rule   string
	keys   string // of the remote
	answer script
	slams  int32                  // requests that are broken off before the script begins
	until  func([]delivery) bool  // then it is over
	check  func(*testing.T, *act) // beside what goes for all scenes
}

// act is what became of a scene.
type act struct {
	name       string // of the remote
	deliveries []delivery
	books      books
}

// play runs the program with a remote for each scene, and checks what came of
// each: in all of them what was accepted is in order, nothing of a series is
// missing that was not refused, and the ledger balances.
func play(t *testing.T, scenes []scene, args ...string) {
	t.Helper()
	source := startExporter(t, asText, numberedPage)
	args = append(append(slices.Clone(quiet), "--tick.interval=200ms", "--remote-write.pack-ticks=2", "--remote-write.timeout=500ms",
		"--remote-write.min-backoff="+leastBackoff.String(), "--remote-write.max-backoff=100ms", "--remote-write.max-retry-after=1s",
		"--wal.sync-interval=1s", source.target("numbered")), args...)
	receivers := make([]*scripted, len(scenes))
	for i, sc := range scenes {
		receivers[i] = startScripted(t, sc.answer)
		receivers[i].slams.Store(sc.slams)
		args = append(args, fmt.Sprintf("--remote-write.url=name=%s,url=%s/api/v1/push,%s", sc.remote(), receivers[i].URL, sc.keys))
	}
	p := edgetick(t, args...)
	for i, sc := range scenes {
		receivers[i].until(sc.rule+" has come to its end", sc.until)
	}
	b := p.books()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for i, sc := range scenes {
		t.Run(sc.rule, func(t *testing.T) {
			a := &act{sc.remote(), receivers[i].deliveries(), b}
			a.inOrder(t, source.count())
			sc.check(t, a)
		})
	}
}

// leastBackoff is the wait before a second attempt.
const leastBackoff = 20 * time.Millisecond

// remote is the name of the scene's remote.
func (sc scene) remote() string { return strings.ReplaceAll(sc.rule, "/", "_") }

// numberedPage is a page on which every value follows from its number.
func numberedPage(n int) servedPage {
	var b strings.Builder
	fmt.Fprintf(&b, "# TYPE scrape_number gauge\nscrape_number %d\n# TYPE many gauge\n", n)
	for i := range numberedWidth {
		fmt.Fprintf(&b, "many{i=\"%d\"} %d\n", i, 10*n+i)
	}
	return servedPage{body: b.String()}
}

const numberedWidth = 8

// poison is the one sample that some receivers refuse.
const poison = 10*poisonedPage + 3

const poisonedPage = 5

// poisoned tells whether a request holds the sample that is refused.
func poisoned(d *delivery) bool {
	for _, s := range d.message.series {
		for _, x := range s.samples {
			if s.get("i") == "3" && x.bits == math.Float64bits(poison) {
				return true
			}
		}
	}
	return false
}

// inOrder fails the test unless the accepted samples of each series follow one
// another in time and, if none were refused, all pages have arrived.
func (a *act) inOrder(t *testing.T, pages int) {
	t.Helper()
	r := arrivals(t, a.deliveries)
	missing := pages - len(r.numbers()) - r.failures()
	if missing > 1 && a.books.rejected(a.name) == 0 { // the last page may have been cut off by the end
		t.Errorf("%d of %d pages have not arrived", missing, pages)
	}
	if d := a.books.dropped(a.name); d != 0 {
		t.Errorf("%v samples were dropped", d)
	}
}

// arrivals are what was accepted. It fails the test unless all samples of a series
// came in the order of their times, but for those that were sent again unchanged.
func arrivals(t *testing.T, deliveries []delivery) *recorder {
	t.Helper()
	r := newRecorder()
	for _, d := range deliveries {
		if !d.accepted() {
			continue
		}
		for _, s := range d.message.series {
			for _, x := range s.samples {
				r.store(s.key(), x.t, x.bits)
			}
			for _, x := range s.histograms {
				r.store(s.key(), x.t, math.Float64bits(x.float.Sum))
			}
		}
	}
	for _, problem := range r.problems {
		t.Error(problem)
	}
	return r
}

// numbers are the numbers of the pages that have arrived.
func (r *recorder) numbers() map[int]bool {
	arrived := make(map[int]bool)
	r.values("scrape_number", func(bits uint64) {
		if bits != promvalue.StaleNaN {
			arrived[int(math.Float64frombits(bits))] = true
		}
	})
	return arrived
}

// failures is how many scrapes have failed, by what has arrived.
func (r *recorder) failures() int {
	n := 0
	r.values("up", func(bits uint64) {
		if bits == 0 {
			n++
		}
	})
	return n
}

// values calls f for each value of the job "numbered" under a name.
func (r *recorder) values(name string, f func(bits uint64)) {
	for key, points := range r.first {
		if strings.Contains(key, "{__name__ "+name+"}") && strings.Contains(key, "{job numbered}") {
			for _, bits := range points {
				f(bits)
			}
		}
	}
}

// refuses fails the test unless so many samples were rejected for a reason, and
// no others.
func (a *act) refuses(t *testing.T, n float64, reason string) {
	t.Helper()
	if all, got := a.books.rejected(a.name), a.books.rejected(a.name, reason); all != n || got != n {
		t.Errorf("%v samples were rejected, %v of them as %s, want %v", all, got, reason, n)
	}
}

// retries fails the test unless the first requests are the same one, with the
// attempts counted in a header, and nothing is rejected.
func (a *act) retries(t *testing.T, attempts int) {
	t.Helper()
	a.refuses(t, 0, "other")
	for i, d := range a.deliveries[:attempts] {
		want := ""
		if i > 0 {
			want = fmt.Sprint(i)
		}
		if string(d.body) != string(a.deliveries[0].body) || d.header.Get("Retry-Attempt") != want {
			t.Errorf("request %d is not attempt %d of the first: Retry-Attempt %q", i, i, d.header.Get("Retry-Attempt"))
		}
		if i > 0 && d.at.Sub(a.deliveries[i-1].at) < leastBackoff/2 { // jitter takes off half at most
			t.Errorf("attempt %d came at once", i)
		}
	}
	if string(a.deliveries[attempts].body) == string(a.deliveries[0].body) {
		t.Errorf("the first request was accepted and sent again")
	}
}

// once fails the test unless no request was sent twice.
func (a *act) once(t *testing.T) {
	t.Helper()
	for i := 1; i < len(a.deliveries); i++ {
		for j := range i {
			if string(a.deliveries[i].body) == string(a.deliveries[j].body) {
				t.Errorf("request %d is request %d again, which was answered %d", i, j, a.deliveries[j].status)
			}
		}
	}
}

// accepts is over when n requests have been accepted.
func accepts(n int) func([]delivery) bool {
	return func(all []delivery) bool {
		for i := range all {
			if all[i].accepted() && all[i].message.count().samples > 0 {
				n--
			}
		}
		return n <= 0
	}
}
