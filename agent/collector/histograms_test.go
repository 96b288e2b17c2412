package collector_test

import (
	"context"
	"encoding"
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/value"
	pb "google.golang.org/protobuf/proto"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

func TestHistograms_HaveATextForm(t *testing.T) {
	for _, want := range []collector.Histograms{collector.Classic, collector.Native, collector.Both, collector.Custom} {
		text, err := encoding.TextMarshaler(want).MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := collector.Custom + 1
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%s is read as %s, %v", want, got, err)
		}
	}
	const want = `"nativ" is no form of histograms, want one of classic, native, both, custom`
	var h collector.Histograms
	if err := h.UnmarshalText([]byte("nativ")); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A series of histograms ends with a histogram, and goes on as a series of
// numbers without an end.
func TestTarget_EndsSeriesOfHistograms(t *testing.T) {
	h := families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 sample_sum: 1.5 positive_span {length: 1} positive_delta: 3}}`)
	broken := families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 2 sample_sum: 1.5 positive_span {length: 1} positive_delta: 3}}`)
	blocks, tgt := gatherAll(t, collector.Native, h, text("b 1\n"), h, text("i 1\n"), h, text("i 1\n"), text("b 1\n"), h, broken)
	for i, want := range []string{"3", "stale", "3", "", "3", "", "stale number", "3", "stale"} {
		if got := ofI(t, blocks[i]); got != want {
			t.Errorf("page %d: i is beside the column as %q, want %q", i+1, got, want)
		}
	}
	if d := tgt.Discarded(); d != (collector.Discarded{Histograms: 1}) {
		t.Errorf("discarded %+v, want one histogram", d)
	}
}

// ofI tells what stands beside the column of the series i.
func ofI(t *testing.T, b buffer.Block) string {
	t.Helper()
	for _, s := range b.Extra {
		if shortName(s.Series) != "i" {
			continue
		}
		if s.Histogram == "" {
			return bits(math.Float64bits(s.Value)) + " number"
		}
		h, _, err := proto.DecodeHistogram(s.Histogram)
		if err != nil || h == nil || s.Value != 0 {
			t.Fatalf("%+v, %v beside the value %v", h, err, s.Value)
		}
		if value.IsStaleNaN(h.Sum) {
			return "stale"
		}
		return string('0' + rune(h.Count))
	}
	return ""
}

// Spans of a second histogram in a family that do not match its buckets do no
// more harm than those of the first.
func TestTarget_SurvivesHistogramsWithoutBuckets(t *testing.T) {
	_, tgt := gatherAll(t, collector.Both, families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 positive_span {length: 1} positive_delta: 3}} metric {label {name: "x" value: "1"} histogram {sample_count: 3 positive_span {length: 4000000000} positive_delta: 3}} metric {label {name: "x" value: "2"} histogram {sample_count_float: 3 positive_span {length: 1} negative_count: 3}} metric {label {name: "x" value: "3"} histogram {sample_count: 0 positive_span {length: 3} positive_delta: 0}} metric {label {name: "x" value: "4"} histogram {sample_count_float: 1 positive_span {length: 2} positive_count: 2 positive_count: -1}} metric {label {name: "x" value: "5"} histogram {positive_span {length: 3}}}`))
	if d := tgt.Discarded(); d != (collector.Discarded{Histograms: 5}) {
		t.Errorf("discarded %+v, want five histograms", d)
	}
}

// What is gathered in the process comes through bit by bit, with starts and in
// the form that is configured.
func TestGatherer_KeepsEveryBit(t *testing.T) {
	f := &dto.MetricFamily{Name: pb.String("a"), Type: dto.MetricType_GAUGE.Enum()}
	want := []uint64{math.Float64bits(math.Copysign(0, -1)), value.NormalNaN, 0x7ff8_0000_dead_beef, 0xfff0_0000_0000_0001, math.Float64bits(math.Inf(-1)), 1}
	for i, b := range want {
		f.Metric = append(f.Metric, &dto.Metric{
			Label: []*dto.LabelPair{{Name: pb.String("i"), Value: pb.String(string('0' + rune(i)))}},
			Gauge: &dto.Gauge{Value: pb.Float64(math.Float64frombits(b))},
		})
	}
	tgt := newTarget(collector.Config{Source: collector.FromFunc(func(context.Context) ([]*dto.MetricFamily, error) { return []*dto.MetricFamily{f}, nil }, nil)})
	b, err := tgt.Gather(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		if got := math.Float64bits(b.Values[i]); got != w {
			t.Errorf("got %x, want %x", got, w)
		}
	}
}

// The families stay the source's, as they were.
func TestGatherer_LeavesFamiliesAlone(t *testing.T) {
	families := decodeFamilies(t, delimited(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 positive_span {length: 4} positive_delta: 0 positive_delta: 3 positive_delta: -3 positive_delta: 0}} metric {label {name: "x" value: "1"} histogram {sample_count_float: 3 positive_span {length: 3} positive_count: 0 positive_count: 3 positive_count: 0}}`))
	before := []*dto.MetricFamily{pb.Clone(families[0]).(*dto.MetricFamily)}
	tgt := newTarget(collector.Config{Histograms: collector.Native, Source: sourceFunc(func(context.Context) (collector.Page, error) { return collector.Page{Families: families}, nil })})
	if b, err := tgt.Gather(t.Context(), 1000); err != nil || len(b.Extra) != 2 {
		t.Fatalf("%d histograms, %v", len(b.Extra), err)
	}
	if !pb.Equal(families[0], before[0]) {
		t.Errorf("the family has become %v", families[0])
	}
}

func TestGatherer_YieldsHistogramsAsConfigured(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Buckets: []float64{1}, NativeHistogramBucketFactor: 1.1})
	reg.MustRegister(h)
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(0.5, prometheus.Labels{"id": "1"})
	for form, want := range map[collector.Histograms]struct{ column, beside, exemplars int }{
		collector.Classic: {4, 0, 1},
		collector.Native:  {0, 1, 1},
		collector.Both:    {4, 1, 2},
		collector.Custom:  {0, 1, 1},
	} {
		tgt := newTarget(collector.Config{Histograms: form, Source: collector.FromGatherer(reg, nil)})
		at := int64(4_000_000_000_000) // later than now, when the histogram began
		b, err := tgt.Gather(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(b.Values) - reports; n != want.column || len(b.Extra) != want.beside || len(b.Exemplars) != want.exemplars {
			t.Errorf("%s: %d samples, %d histograms and %d exemplars, want %+v", form, n, len(b.Extra), len(b.Exemplars), want)
		}
		if got := starts(b); len(got) != want.column+want.beside {
			t.Errorf("%s: starts %v", form, got)
		}
	}
}
