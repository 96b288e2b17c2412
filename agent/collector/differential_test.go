package collector_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
	"github.com/edgetick/edgetick/proto"
)

// TestTarget_AgreesWithPrometheus scrapes the same pages twice: Prometheus does
// it into its database, and a Target does it, whose blocks are then pushed to a
// second database through Prometheus's write handler, tick by tick. The
// databases must be the same to the last bit, but for the differences that a
// case states.
func TestTarget_AgreesWithPrometheus(t *testing.T) {
	noNames(t)
	for _, c := range comparisons {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				theirs, ours := openReceiver(t), openReceiver(t)
				target := labels.FromMap(c.target)
				if target.IsEmpty() {
					target = labels.FromStrings("instance", "node:80", "job", "job")
				}
				x := scrapeWithPrometheus(t, theirs, target, c)
				replay(t, ours, target, c.form, x.took)
				if d := difference(x.stored, stored(t, ours, x.took)); !slices.Equal(d, c.differs) {
					t.Errorf("Prometheus alone has (-), a Target alone has (+):\n%s\nstated:\n%s",
						strings.Join(d, "\n"), strings.Join(c.differs, "\n"))
				}
				if want := accepts(t, c.form); x.asked[0] != want {
					t.Errorf("Prometheus accepts %q, a Target %q", x.asked[0], want)
				}
				if len(x.took) != len(c.pages) || (c.why == "") != (len(c.differs) == 0) {
					t.Errorf("%d of %d pages were scraped; why they differ: %q", len(x.took), len(c.pages), c.why)
				}
			})
		})
	}
}

func openReceiver(t *testing.T) *receiver.Receiver {
	t.Helper()
	r, err := receiver.Open(receiver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// replay gathers what Prometheus was served and pushes every block.
func replay(t *testing.T, db *receiver.Receiver, target labels.Labels, form collector.Histograms, took []scraped) {
	t.Helper()
	var next scraped
	tgt := collector.New(collector.Config{
		Labels:     target,
		Histograms: form,
		Timeout:    time.Second,
		Logger:     slog.New(slog.DiscardHandler),
		Source: sourceFunc(func(context.Context) (collector.Page, error) {
			if next.down {
				return collector.Page{}, errDown
			}
			return collector.Page{Body: []byte(next.body), ContentType: next.contentType}, nil
		}),
	})
	for _, next = range took {
		b, _ := tgt.Gather(t.Context(), next.at)
		push(t, db, b)
	}
}

// push sends a block as a remote write 2.0 request has it, and fails the test
// unless the receiver takes all of it.
func push(t *testing.T, db *receiver.Receiver, b buffer.Block) {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/api/v1/write", bytes.NewReader(snappy.Encode(nil, encode(b))))
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "2.0.0")
	w := httptest.NewRecorder()
	db.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusNoContent {
		t.Errorf("the receiver answers %d: %s", w.Code, w.Body)
	}
}

func encode(b buffer.Block) []byte {
	type key struct {
		labels     string
		histograms bool
	}
	var order []*proto.TimeSeries
	index := make(map[key]*proto.TimeSeries)
	at := func(s *buffer.Series, histograms bool) *proto.TimeSeries {
		k := key{s.Labels, histograms}
		if index[k] == nil {
			index[k] = &proto.TimeSeries{Labels: s.Labels, Start: s.Start}
			order = append(order, index[k])
		}
		return index[k]
	}
	eachSample(b, func(s buffer.Sample) {
		ts := at(s.Series, s.Histogram != "")
		if s.Histogram == "" {
			ts.Samples = append(ts.Samples, proto.Sample{Time: s.Time, Value: s.Value})
		} else {
			ts.Histograms = append(ts.Histograms, proto.Histogram{Time: s.Time, Data: s.Histogram})
		}
	})
	for _, x := range b.Exemplars {
		ts := at(x.Series, index[key{x.Series.Labels, true}] != nil)
		ts.Exemplars = append(ts.Exemplars, proto.Exemplar{Time: x.Time, Value: x.Value, Labels: x.Labels})
	}
	var enc proto.EncoderV2
	enc.Reset()
	for _, ts := range order {
		enc.Add(ts)
	}
	return enc.Message()
}

// eachSample visits the samples of a block in the order of their times, per
// series.
func eachSample(b buffer.Block, visit func(buffer.Sample)) {
	for _, s := range b.Extra {
		visit(s)
	}
	for i, v := range b.Values {
		visit(buffer.Sample{Series: b.Layout.Series[i], Time: b.Time, Value: v})
	}
}

// lines writes samples one a line, with the number of the scrape they are from
// or the time since the last scrape before them.
func lines(all []receiver.Series, took []scraped) []string {
	var out []string
	for _, s := range all {
		for _, h := range s.Histograms {
			out = append(out, fmt.Sprintf("%s %s %s", series(s.Labels), when(h.T, took), histogramText(h)))
		}
		for _, p := range s.Points {
			out = append(out, fmt.Sprintf("%s %s %s", series(s.Labels), when(p.T, took), bits(p.Bits)))
		}
	}
	return out
}

// series writes a label set without the labels that nearly all have, and
// scrape_series_added as added.
func series(ls labels.Labels) string {
	b := labels.NewBuilder(ls)
	for name, usual := range map[string]string{"job": "job", "instance": "node:80"} {
		if ls.Get(name) == usual {
			b.Del(name)
		} else if ls.Get(name) == "" {
			b.Set(name, "MISSING")
		}
	}
	b.Del(model.MetricNameLabel)
	name := ls.Get(model.MetricNameLabel)
	if name == "scrape_series_added" {
		name = "added"
	}
	if rest := b.Labels(); !rest.IsEmpty() {
		return name + rest.String()
	}
	return name
}

// histogramText writes what of a histogram a database keeps: not the hints about
// resets, which depend on how it cut its chunks.
func histogramText(h receiver.HistogramPoint) string {
	kind, f := "floats", h.Float
	if h.Int != nil {
		kind, f = "ints", h.Int.ToFloat(nil)
	}
	sum := bits(math.Float64bits(f.Sum))
	if sum == "stale" {
		return "stale histogram"
	}
	return fmt.Sprintf("%s schema=%d sum=%s bounds=%v zero=%v %s", kind, f.Schema, sum, f.CustomValues, f.ZeroThreshold, f)
}

func exemplarLines(all []receiver.SeriesExemplars, took []scraped) []string {
	var out []string
	for _, s := range all {
		for _, x := range s.Exemplars {
			out = append(out, fmt.Sprintf("%s exemplar %s %s %s", series(s.Labels), x.Labels, when(x.Ts, took), bits(math.Float64bits(x.Value))))
		}
	}
	return out
}

func when(at int64, took []scraped) string {
	n := 0
	for n < len(took)-1 && took[n+1].at <= at {
		n++
	}
	if at == took[n].at {
		return fmt.Sprintf("#%d", n+1)
	}
	return fmt.Sprintf("#%d%+dms", n+1, at-took[n].at)
}

func bits(b uint64) string {
	v := math.Float64frombits(b)
	switch {
	case b == value.StaleNaN:
		return "stale"
	case math.IsNaN(v):
		return fmt.Sprintf("NaN(%x)", b)
	default:
		return fmt.Sprint(v)
	}
}

// difference lists the lines of which only one side has one.
func difference(want, got []string) []string {
	var out []string
	for _, l := range want {
		if !slices.Contains(got, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			out = append(out, "+ "+l)
		}
	}
	return out
}
