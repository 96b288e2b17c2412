package agent_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// latencies is a family with one native histogram of n observations, all in one
// bucket.
func latencies(n int) []*dto.MetricFamily {
	name, sum := "latency_seconds", float64(n)
	count, schema, zero, offset, length := uint64(n), int32(3), uint64(0), int32(1), uint32(1)
	h := &dto.Histogram{SampleCount: &count, SampleSum: &sum, Schema: &schema, ZeroCount: &zero,
		PositiveSpan: []*dto.BucketSpan{{Offset: &offset, Length: &length}}, PositiveDelta: []int64{int64(n)}}
	return []*dto.MetricFamily{{Name: &name, Type: dto.MetricType_HISTOGRAM.Enum(), Metric: []*dto.Metric{{Histogram: h}}}}
}

// histograms reads the one series of native histograms of that name.
func (w *world) histograms(name string) []receiver.HistogramPoint {
	w.Helper()
	all, err := w.db.Samples(context.Background(), labels.MustNewMatcher(labels.MatchEqual, "__name__", name))
	if err != nil || len(all) != 1 {
		w.Fatalf("%d series named %s, %v", len(all), name, err)
	}
	return all[0].Histograms
}

// Native histograms are delivered in both versions, packed over several ticks,
// through the log, and end as histograms: when their target fails, and when it
// has gone with the last life.
func TestAgent_NativeHistograms(t *testing.T) {
	for _, p := range []remote.Protocol{remote.Protocol1, remote.Protocol2} {
		t.Run(string(p), func(t *testing.T) {
			inWorld(t, func(w *world) {
				native := collector.Native
				s := w.numbered(func(n int) ([]*dto.MetricFamily, error) {
					if n == 7 {
						return nil, nil // it vanishes for one scrape
					}
					return latencies(n), nil
				})
				w.cfg.Targets[0].Histograms = &native
				w.cfg.Remotes[0].Protocol = p
				w.run(12*time.Second + 500*time.Millisecond)
				w.cfg.Targets = []agent.Target{{Job: "other", Gather: (&scrapes{}).gather}}
				a := w.run(5 * time.Second)
				w.balanced(a)
				var counts string
				for _, h := range w.histograms("latency_seconds") {
					if math.Float64bits(h.Int.Sum) == value.StaleNaN {
						counts += "stale "
					} else {
						counts += fmt.Sprint(h.Int.Count, " ")
					}
				}
				want := ""
				for n := 1; n <= s.n; n++ {
					if n == 7 {
						want += "stale "
					} else {
						want += fmt.Sprint(n, " ")
					}
				}
				if want += "stale "; counts != want {
					t.Errorf("got %s, want %s", counts, want)
				}
			})
		})
	}
}
