package receiver_test

import (
	"context"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// oddBits are the floats that a careless copy damages.
var oddBits = []uint64{
	0x7ff0000000000002, // stale marker
	0x7ff8000000000001, // Prometheus's ordinary NaN
	0x7ff4000000000001, // a signalling NaN
	0x7ff80000deadbeef, // a NaN with a payload
	0xfff8000000000000, // NaN, sign set
	0x7ff0000000000000, // +Inf
	0xfff0000000000000, // -Inf
	0x8000000000000000, // -0
	0x0000000000000000,
	0x0000000000000001, // smallest subnormal
	0x7fefffffffffffff, // largest number
	math.Float64bits(0.1),
}

func TestReceiver_KeepsEveryBit(t *testing.T) {
	for name, push := range protocols {
		t.Run("protocol="+name, func(t *testing.T) {
			r := open(t, receiver.Config{})
			var in []prompb.Sample
			var want []receiver.Point
			for i, bits := range oddBits {
				ts := t0 + int64(i)*1000
				in = append(in, sample(ts, math.Float64frombits(bits)))
				want = append(want, receiver.Point{T: ts, Bits: bits})
			}
			rec := push(t, r.Handler(), series([]string{"__name__", "odd", "a", "b"}, in...))
			if rec.Code != http.StatusNoContent {
				t.Fatalf("write answered %d: %s", rec.Code, rec.Body)
			}
			all := samples(t, r)
			if len(all) != 1 {
				t.Fatalf("got %d series, want 1", len(all))
			}
			if got, want := all[0].Labels, labels.FromStrings("__name__", "odd", "a", "b"); !labels.Equal(got, want) {
				t.Errorf("labels %s, want %s", got, want)
			}
			if !reflect.DeepEqual(all[0].Points, want) {
				t.Errorf("points\n got %x\nwant %x", all[0].Points, want)
			}
		})
	}
}

func TestReceiver_SamplesSortedAndMatched(t *testing.T) {
	r := open(t, receiver.Config{})
	mustPush(t, r,
		series([]string{"__name__", "b"}, sample(t0, 1)),
		series([]string{"__name__", "a", "x", "2"}, sample(t0, 2)),
		series([]string{"__name__", "a", "x", "1"}, sample(t0, 3)),
	)
	var got []string
	for _, s := range samples(t, r) {
		got = append(got, s.Labels.String())
	}
	want := []string{`{__name__="a", x="1"}`, `{__name__="a", x="2"}`, `{__name__="b"}`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("series %q, want %q", got, want)
	}
	one, err := r.Samples(context.Background(), labels.MustNewMatcher(labels.MatchEqual, "x", "2"))
	if err != nil || len(one) != 1 || one[0].Points[0].Value() != 2 {
		t.Errorf("samples of x=2: %v, %v", one, err)
	}
	if r.HeadSeries() != 3 {
		t.Errorf("head has %d series, want 3", r.HeadSeries())
	}
}

func TestReceiver_HistogramsAndExemplars(t *testing.T) {
	r := open(t, receiver.Config{})
	h := &histogram.Histogram{
		Count: 3, Sum: 4.5, ZeroThreshold: 0.001, Schema: 0,
		PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{1, 1},
	}
	ts := series([]string{"__name__", "h"})
	ts.Histograms = []prompb.Histogram{
		prompb.FromIntHistogram(t0, h),
	}
	withExemplar := series([]string{"__name__", "c_total"}, sample(t0, 1))
	withExemplar.Exemplars = []prompb.Exemplar{{
		Labels: []prompb.Label{{Name: "trace_id", Value: "77"}}, Value: 0.5, Timestamp: t0,
	}}
	mustPush(t, r, ts, withExemplar)

	all := samples(t, r)
	if len(all) != 2 || len(all[1].Histograms) != 1 {
		t.Fatalf("got %v", all)
	}
	if p := all[1].Histograms[0]; p.T != t0 || p.Int == nil || !p.Int.Equals(h) {
		t.Errorf("histogram %+v, want %v", p, h)
	}
	ex, err := r.Exemplars(context.Background())
	if err != nil || len(ex) != 1 || len(ex[0].Exemplars) != 1 {
		t.Fatalf("exemplars %v, %v", ex, err)
	}
	if e := ex[0].Exemplars[0]; e.Value != 0.5 || e.Ts != t0 || e.Labels.Get("trace_id") != "77" {
		t.Errorf("exemplar %+v", e)
	}
}

func TestReceiver_IsAsStrictAsPrometheus(t *testing.T) {
	past := []prompb.TimeSeries{series([]string{"__name__", "a"}, sample(t0-1000, 1))}
	future := []prompb.TimeSeries{series([]string{"__name__", "f"}, sample(time.Now().Add(11*time.Minute).UnixMilli(), 1))}
	for _, c := range []struct {
		name   string
		window time.Duration
		push   []prompb.TimeSeries
		want   int
	}{
		{"late/window=0", 0, past, http.StatusBadRequest},
		{"late/window=1m", time.Minute, past, http.StatusNoContent},
		{"future", 0, future, http.StatusBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, receiver.Config{OutOfOrderWindow: c.window})
			mustPush(t, r, series([]string{"__name__", "a"}, sample(t0, 1)))
			if rec := pushV1(t, r.Handler(), c.push...); rec.Code != c.want {
				t.Errorf("write answered %d, want %d: %s", rec.Code, c.want, rec.Body)
			}
		})
	}
}

func TestReceiver_RemovesTemporaryDirectory(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	r, err := receiver.Open(receiver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(r.Dir()) != tmp {
		t.Fatalf("database in %s, want it below %s", r.Dir(), tmp)
	}
	mustPush(t, r, series([]string{"__name__", "a"}, sample(t0, 1)))
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestReceiver_KeepsGivenDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	r := open(t, receiver.Config{Dir: dir})
	mustPush(t, r, series([]string{"__name__", "a"}, sample(t0, 7)))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, receiver.Config{Dir: dir})
	if all := samples(t, again); len(all) != 1 || all[0].Points[0].Value() != 7 {
		t.Errorf("after reopening: %v", all)
	}
}

func TestOpen_Refuses(t *testing.T) {
	for _, c := range []struct {
		cfg  receiver.Config
		want string
	}{
		{receiver.Config{Retention: -time.Second}, "retention -1s is negative"},
		{receiver.Config{OutOfOrderWindow: -time.Second}, "out-of-order window -1s is negative"},
		{receiver.Config{MaxExemplars: -1}, "max exemplars -1 is negative"},
		{receiver.Config{Dir: "/dev/null/db"}, "open database /dev/null/db"},
	} {
		r, err := receiver.Open(c.cfg)
		if err == nil {
			t.Errorf("Open succeeded, want an error with %q", c.want)
			r.Close()
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %q, want %q in it", err, c.want)
		}
	}
}

func TestReceiver_ConcurrentUse(t *testing.T) {
	r := open(t, receiver.Config{})
	const writers, pushes = 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			name := string(rune('a' + w))
			for i := range pushes {
				pushV2(t, r.Handler(), series([]string{"__name__", name}, sample(t0+int64(i), 1)))
				get(t, r.Handler(), "/api/v1/query", "query", name)
				r.Arrivals().Stats()
			}
		})
	}
	wg.Wait()
	if got := r.Arrivals().Stats().V2.Samples; got != writers*pushes {
		t.Errorf("counted %d samples, want %d", got, writers*pushes)
	}
	for _, s := range samples(t, r) {
		if len(s.Points) != pushes {
			t.Errorf("%s has %d samples, want %d", s.Labels, len(s.Points), pushes)
		}
	}
}
