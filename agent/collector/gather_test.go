package collector_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

func gaugeFamily(name string, value float64) *dto.MetricFamily {
	return &dto.MetricFamily{
		Name: proto.String(name), Help: proto.String("About " + name + "."), Type: dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: proto.Float64(value)}}},
	}
}

// column maps series, without the usual labels, to values.
func column(b buffer.Block) map[string]float64 {
	m := make(map[string]float64)
	for i, v := range b.Values[:len(b.Values)-reports] {
		name := strings.ReplaceAll(names(b.Layout.Series[i]), `, instance="node:80", job="job"`, "")
		m[name] = v
	}
	return m
}

func TestGatherer_YieldsARegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "g", Help: "h"}, []string{"x"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Buckets: []float64{1, 2.5}})
	utf8 := prometheus.NewGauge(prometheus.GaugeOpts{Name: "a.b"})
	reg.MustRegister(gauge, histogram, utf8)
	values := map[string]float64{
		"tiny": math.SmallestNonzeroFloat64, "huge": math.MaxFloat64, "third": 1.0 / 3, "inf": math.Inf(1), "neg\n\"\\": -1e300,
	}
	for x, v := range values {
		gauge.WithLabelValues(x).Set(v)
	}
	histogram.Observe(2)

	tgt := newTarget(collector.Config{Source: collector.FromGatherer(reg, nil)})
	b, err := tgt.Gather(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := column(b)
	for x, v := range values {
		name := names(&buffer.Series{Labels: encodeLabels("__name__", "g", "x", x)})
		if got[name] != v {
			t.Errorf("%s is %v, want %v", name, got[name], v)
		}
	}
	for name, want := range map[string]float64{
		`{__name__="a.b"}`:                 0,
		`{__name__="h_count"}`:             1,
		`{__name__="h_sum"}`:               2,
		`{__name__="h_bucket", le="1.0"}`:  0,
		`{__name__="h_bucket", le="2.5"}`:  1,
		`{__name__="h_bucket", le="+Inf"}`: 1,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, %v, want %v in %v", name, v, ok, want, got)
		}
	}
}

func TestGatherer_UsesFamiliesBesideAnError(t *testing.T) {
	var families []*dto.MetricFamily
	var fails error
	var told []error
	tgt := newTarget(collector.Config{Source: collector.FromFunc(
		func(context.Context) ([]*dto.MetricFamily, error) { return families, fails },
		func(err error) { told = append(told, err) },
	)})
	errPart := errors.New("half of it failed")
	for i, c := range []struct {
		families []*dto.MetricFamily
		fails    error
		up       float64
		scraped  float64
	}{
		{[]*dto.MetricFamily{gaugeFamily("a", 1), gaugeFamily("b", 2)}, nil, 1, 2},
		{[]*dto.MetricFamily{gaugeFamily("a", 1)}, errPart, 1, 1},
		{nil, errPart, 0, 0},
		{nil, nil, 1, 0},
		{[]*dto.MetricFamily{gaugeFamily("a", 1), {Name: proto.String("a"), Type: dto.MetricType_COUNTER.Enum(), Metric: []*dto.Metric{{}}}}, nil, 0, 1},
		{[]*dto.MetricFamily{gaugeFamily("a", 1)}, nil, 1, 1},
	} {
		families, fails = c.families, c.fails
		b, err := tgt.Gather(t.Context(), int64(i))
		if (err == nil) != (c.up == 1) {
			t.Errorf("page %d: %v", i, err)
		}
		if up, _, scraped, _, _ := report(t, b); up != c.up || scraped != c.scraped {
			t.Errorf("page %d: up %v with %v samples, want %v with %v", i, up, scraped, c.up, c.scraped)
		}
	}
	if len(told) != 1 || told[0] != errPart {
		t.Errorf("told of %v, want once of the error that came with families", told)
	}
}

func TestGatherer_ToleratesNobodyToTell(t *testing.T) {
	s := collector.FromFunc(func(context.Context) ([]*dto.MetricFamily, error) {
		return []*dto.MetricFamily{gaugeFamily("a", 1)}, errDown
	}, nil)
	if p, err := s.Collect(t.Context()); err != nil || len(p.Families) != 1 {
		t.Errorf("got %v, %v", p.Families, err)
	}
}

// What a gatherer had when it was told to end is no page: the rest would be taken
// for gone. When it is only late, what it has is one.
func TestGatherer_IsCutShort(t *testing.T) {
	s := collector.FromFunc(func(ctx context.Context) ([]*dto.MetricFamily, error) {
		return []*dto.MetricFamily{gaugeFamily("a", 1)}, ctx.Err()
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p, err := s.Collect(ctx); !errors.Is(err, context.Canceled) || len(p.Families) != 0 {
		t.Errorf("at the end: %v, %v", p.Families, err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if p, err := s.Collect(ctx); err != nil || len(p.Families) != 1 {
		t.Errorf("late: %v, %v", p.Families, err)
	}
}

func TestGatherer_MayYieldNonsense(t *testing.T) {
	for _, c := range []struct {
		family *dto.MetricFamily
		want   string
	}{
		{nil, "the page made the parser panic: runtime error: invalid memory address or nil pointer dereference"},
		{&dto.MetricFamily{Name: proto.String("a"), Type: dto.MetricType(9).Enum(), Metric: []*dto.Metric{{}}}, `family "a" is of the unknown type 9`},
		{&dto.MetricFamily{Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{{Gauge: &dto.Gauge{}}}}, "sample without a metric name"},
	} {
		tgt := newTarget(collector.Config{Source: collector.FromFunc(func(context.Context) ([]*dto.MetricFamily, error) {
			return []*dto.MetricFamily{gaugeFamily("b", 1), c.family}, nil
		}, nil)})
		b, err := tgt.Gather(t.Context(), 1000)
		if up, _, _, _, _ := report(t, b); err == nil || err.Error() != c.want || up != 0 {
			t.Errorf("up %v with %v, want 0 with %s", up, err, c.want)
		}
	}
}

func TestGatherer_IsGivenTheContext(t *testing.T) {
	type key struct{}
	s := collector.FromFunc(func(ctx context.Context) ([]*dto.MetricFamily, error) {
		if ctx.Value(key{}) != "x" {
			t.Error("another context")
		}
		return nil, nil
	}, nil)
	s.Collect(context.WithValue(t.Context(), key{}, "x"))
}
