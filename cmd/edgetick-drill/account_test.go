package main

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
)

var epoch = time.Unix(1_800_000_000, 0)

// feed is a recorder and what was handed out, for one target.
type feed struct {
	*testing.T
	*recorder
	source source
	series []labels.Labels // on each page, the page's number first
	clock  time.Time
}

// newFeed hands out a number of pages, one each second.
func newFeed(t *testing.T, series, pages int) *feed {
	f := &feed{T: t, recorder: newRecorder(), source: source{instance: "target-0", interval: time.Second, book: simulated(series)}, clock: epoch}
	p, err := textparse.New(f.source.book.append(nil, 1), contentType, nil, textparse.ParserOptions{})
	for kind := textparse.EntryInvalid; err == nil; kind, err = p.Next() {
		if kind == textparse.EntrySeries {
			var set labels.Labels
			p.Labels(&set)
			f.series = append(f.series, set)
		}
	}
	for n := 1; n <= pages; n++ {
		f.source.handed = append(f.source.handed, handedAt(n))
	}
	return f
}

// on is the value of a series on the page of a number.
func (f *feed) on(series, number int) float64 {
	if series == 0 {
		return float64(number)
	}
	return new(page).value(series-1, number)
}

func handedAt(number int) time.Time { return epoch.Add(time.Duration(number) * time.Second) }

// point is a sample as tests write it: of a page, at that page's time.
type point struct {
	series, number int
}

// send sends points in one request, each as a series of its own.
func (f *feed) send(points ...point) {
	f.Helper()
	var req prompb.WriteRequest
	for _, p := range points {
		req.Timeseries = append(req.Timeseries, f.entry(p.series, handedAt(p.number), f.on(p.series, p.number)))
	}
	f.post(req)
}

// pages sends whole pages, packed by series.
func (f *feed) pages(numbers ...int) {
	f.Helper()
	var req prompb.WriteRequest
	for i := range f.series {
		e := f.entry(i, epoch, 0)
		e.Samples = nil
		for _, n := range numbers {
			e.Samples = append(e.Samples, prompb.Sample{Timestamp: handedAt(n).UnixMilli(), Value: f.on(i, n)})
		}
		req.Timeseries = append(req.Timeseries, e)
	}
	f.post(req)
}

// value sends one value at any time.
func (f *feed) value(series int, at time.Time, v float64) {
	f.Helper()
	f.post(prompb.WriteRequest{Timeseries: []prompb.TimeSeries{f.entry(series, at, v)}})
}

// own sends one value of a series that the agent adds.
func (f *feed) own(name string, at time.Time, v float64) {
	f.Helper()
	f.post(prompb.WriteRequest{Timeseries: []prompb.TimeSeries{proto(at, v, "__name__", name, "instance", "target-0")}})
}

// gaveUp has the agent say that the scrape of a page failed after a time.
func (f *feed) gaveUp(number int, after time.Duration) {
	f.Helper()
	f.own(upName, handedAt(number), 0)
	f.own(tookName, handedAt(number), after.Seconds())
}

func (f *feed) entry(series int, at time.Time, v float64) prompb.TimeSeries {
	list := []string{"instance", f.source.instance, "job", "drill"}
	f.series[series].Range(func(l labels.Label) { list = append(list, l.Name, l.Value) })
	return proto(at, v, list...)
}

// proto makes an entry of names and values of labels.
func proto(at time.Time, v float64, list ...string) prompb.TimeSeries {
	ts := prompb.TimeSeries{Samples: []prompb.Sample{{Timestamp: at.UnixMilli(), Value: v}}}
	for pair := range slices.Chunk(list, 2) {
		ts.Labels = append(ts.Labels, prompb.Label{Name: pair[0], Value: pair[1]})
	}
	return ts
}

func (f *feed) post(req prompb.WriteRequest) {
	f.Helper()
	plain, err := req.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.take(message{came: f.clock, encoding: snappyEncoding, body: snappy.Encode(nil, plain)})
}

// finds fails the test unless the account is exactly want, but for the pages and
// samples handed out.
func (f *feed) finds(want account) {
	f.Helper()
	got, err := f.account([]source{f.source})
	want.pages, want.samples = len(f.source.handed), len(f.source.handed)*len(f.series)
	if err != nil || !reflect.DeepEqual(got, want) {
		f.Errorf("account\n%+v, %v, want\n%+v", got, err, want)
	}
}

func lost(number, missing int) lostPage { return lostPage{number, handedAt(number), missing} }

func TestAccount_AllArrived(t *testing.T) {
	f := newFeed(t, 40, 5)
	f.pages(1, 2)
	f.pages(3, 4, 5)
	f.finds(account{complete: 5})
}

func TestAccount_NothingArrived(t *testing.T) {
	f := newFeed(t, 40, 2)
	f.finds(account{missing: 80, lost: []lostPage{lost(1, 40), lost(2, 40)}})
}

func TestAccount_PageMissing(t *testing.T) {
	f := newFeed(t, 40, 4)
	f.pages(1)
	f.pages(3, 4)
	f.finds(account{complete: 3, missing: 40, lost: []lostPage{lost(2, 40)}})
}

func TestAccount_SamplesMissing(t *testing.T) {
	f := newFeed(t, 3, 2)
	f.pages(1)
	f.send(point{0, 2}, point{2, 2})
	f.finds(account{complete: 1, missing: 1, lost: []lostPage{lost(2, 1)}})
}

func TestAccount_NumberMissingButOthersTell(t *testing.T) {
	f := newFeed(t, 40, 2)
	f.pages(1)
	for i := 1; i < 40; i++ {
		f.send(point{i, 2})
	}
	f.finds(account{complete: 1, missing: 1, lost: []lostPage{lost(2, 1)}})
}

func TestAccount_Duplicates(t *testing.T) {
	f := newFeed(t, 3, 3)
	f.pages(1, 2, 3)
	f.pages(2, 3)                       // sent again
	f.value(1, handedAt(3), 4711)       // the same time, another value
	f.value(2, handedAt(1), math.NaN()) // and a very other one
	f.finds(account{complete: 3, identical: 6, different: 2})
}

func TestAccount_Disorder(t *testing.T) {
	f := newFeed(t, 3, 4)
	f.pages(1)
	f.pages(4)
	f.pages(2, 3) // both come too late, in all three series
	f.finds(account{complete: 4, disorder: 6})
}

func TestAccount_DuplicateIsNotDisorder(t *testing.T) {
	f := newFeed(t, 3, 3)
	f.pages(1, 2, 3)
	f.pages(1)
	f.finds(account{complete: 3, identical: 3})
}

func TestAccount_WrongValue(t *testing.T) {
	f := newFeed(t, 3, 1)
	f.send(point{0, 1}, point{1, 1})
	f.value(2, handedAt(1), math.Nextafter(f.on(2, 1), 9e9))
	f.finds(account{wrong: 1, missing: 1, lost: []lostPage{lost(1, 1)}})
}

func TestAccount_PageNeverHandedOut(t *testing.T) {
	f := newFeed(t, 3, 1)
	f.pages(1)
	f.send(point{0, 2}, point{1, 2}, point{2, 2})
	f.finds(account{complete: 1, wrong: 3})
}

func TestAccount_PageAtTwoTimes(t *testing.T) {
	f := newFeed(t, 2, 1)
	f.pages(1)
	for i := range 2 {
		f.value(i, handedAt(7), f.on(i, 1))
	}
	f.finds(account{complete: 1, wrong: 2})
}

func TestAccount_StaleMarkers(t *testing.T) {
	f := newFeed(t, 2, 1)
	f.pages(1)
	stale := math.Float64frombits(value.StaleNaN)
	f.value(0, handedAt(2), stale)
	f.value(1, handedAt(2), stale)
	f.value(1, handedAt(2), stale)
	f.finds(account{complete: 1, stale: 2, identical: 1})
}

func TestAccount_OwnSeries(t *testing.T) {
	f := newFeed(t, 2, 1)
	f.pages(1)
	f.own("up", handedAt(1), 1)
	f.own("up", handedAt(3), 1)
	f.own("up", handedAt(2), 0)
	f.own("up", handedAt(2), 1)
	f.own("scrape_duration_seconds", handedAt(1), .5)
	f.own("scrape_duration_seconds", handedAt(1), .5)
	f.finds(account{complete: 1, up: 2, disorder: 1, different: 1, identical: 1})
}

func TestAccount_PagesGivenUp(t *testing.T) {
	f := newFeed(t, 40, 6)
	f.pages(2, 3, 5)
	f.gaveUp(1, time.Second)
	f.gaveUp(4, 1001*time.Millisecond)
	f.gaveUp(6, 999*time.Millisecond) // of this there was time to take the page
	f.finds(account{complete: 3, givenUp: 2, missing: 40, lost: []lostPage{lost(6, 40)}})
}

// TestAccount_PartOfAPageGivenUp: of a page that was given up nothing comes, so
// what does tells that the rest was lost.
func TestAccount_PartOfAPageGivenUp(t *testing.T) {
	f := newFeed(t, 40, 1)
	f.send(point{5, 1})
	f.gaveUp(1, time.Second)
	f.finds(account{missing: 39, lost: []lostPage{lost(1, 39)}})
}

func TestAccount_SeriesNotOnThePage(t *testing.T) {
	f := newFeed(t, 2, 1)
	f.pages(1)
	f.own("drill_other", handedAt(1), 1)
	f.finds(account{complete: 1, extra: 1})
}

func TestAccount_SeveralTargets(t *testing.T) {
	f := newFeed(t, 2, 1)
	f.pages(1)
	other := source{"target-1", time.Second, f.source.book, []time.Time{epoch}}
	got, err := f.account([]source{f.source, other})
	want := account{pages: 2, complete: 1, samples: 4, missing: 2, lost: []lostPage{{1, epoch, 2}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("account %+v, %v, want %+v", got, err, want)
	}
}

func TestAccount_MissingAtTheKill(t *testing.T) {
	a := account{lost: []lostPage{
		{1, epoch, 5},
		{2, epoch.Add(950 * time.Millisecond), 7},
		{3, epoch.Add(1004 * time.Millisecond), 11}, // while the process was ending
		{4, epoch.Add(1006 * time.Millisecond), 13},
	}}
	c := crash{sent: epoch.Add(time.Second), ended: epoch.Add(1005 * time.Millisecond)}
	if n := a.missingAt(c); n != 7+11 {
		t.Errorf("%d samples in progress, want 18", n)
	}
	if n := a.missingAt(crash{}); n != 0 {
		t.Errorf("%d samples in progress without a kill", n)
	}
}

func TestRecorder_Arrivals(t *testing.T) {
	f := newFeed(t, 2, 3)
	f.clock = epoch.Add(time.Minute)
	f.pages(3)
	f.clock = epoch.Add(time.Hour)
	f.pages(1, 3)
	want := []time.Time{epoch.Add(time.Hour), {}, epoch.Add(time.Minute)}
	if got := f.arrivals(f.source); !slices.Equal(got, want) {
		t.Errorf("arrivals %v, want %v", got, want)
	}
	if got := f.arrivals(source{"target-9", time.Second, f.source.book, f.source.handed[:1]}); !slices.Equal(got, []time.Time{{}}) {
		t.Errorf("arrivals of a target of which nothing came: %v", got)
	}
}

func TestRecorder_CountsWhatItCannotRead(t *testing.T) {
	f := newFeed(t, 2, 1)
	f.take(message{encoding: snappyEncoding, body: []byte("no request")})
	f.pages(1)
	f.finds(account{complete: 1, unreadable: 1})
}

// TestAccount_OfNoSource: what is not known is looked at for its order alone.
func TestAccount_OfNoSource(t *testing.T) {
	f := newFeed(t, 2, 0)
	f.value(1, handedAt(2), 5)
	f.value(1, handedAt(1), 5)
	f.value(1, handedAt(1), 6)
	got, err := f.account(nil)
	if want := (account{disorder: 1, different: 1}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("account %+v, %v, want %+v", got, err, want)
	}
}

func TestRecorder_WeighsWholeMessagesOfATime(t *testing.T) {
	f := newFeed(t, 3, 4)
	f.pages(1, 2)
	f.pages(3)
	f.pages(4)
	f.clock = handedAt(3)
	f.post(prompb.WriteRequest{}) // as one that holds metadata only
	at := func(n int) int64 { return handedAt(n).UnixMilli() }
	if f.newest() != at(4) {
		t.Errorf("newest %d, want %d", f.newest(), at(4))
	}
	w := f.weigh(at(2), at(3))
	bytes := w.bytes
	w.bytes = 0
	if want := (weight{messages: 2, entries: 3, samples: 3, protocol: "1.0", encoding: snappyEncoding}); w != want || bytes == 0 {
		t.Errorf("weight %+v of %d bytes, want %+v", w, bytes, want)
	}
	if all := f.weigh(0, at(9)); all.samples != 12 || all.entries != 9 || all.messages != 4 {
		t.Errorf("weight of all %+v", all)
	}
	if samples, ticks := f.between(at(2), at(3)); samples != 6 || ticks != 2 {
		t.Errorf("%d samples of %d ticks, want 6 of 2", samples, ticks)
	}
}
