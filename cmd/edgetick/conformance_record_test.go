package main

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// recording is all that a receiver got from one run of the program, in which
// everything happens that the specifications of remote write speak of on the
// sender's side.
type recording struct {
	version    string
	began      time.Time
	deliveries []delivery
	books      books
}

// Pages at which something happens.
const (
	lastPage   = 4 // of what is vanished, failed or redescribed on the next
	returnPage = 8 // of what had vanished
	enough     = 14
)

// started is when series say that they began to count.
const started = 1_600_000_000

// record runs the program, again if the machine was too busy for the script to
// be kept: a scrape that takes too long fails.
func record(t *testing.T, protocol string) *recording {
	t.Helper()
	for range 5 {
		if r := recordOnce(t, protocol); r.undisturbed(t) {
			return r
		}
	}
	t.Fatal("scrapes fail that should not")
	return nil
}

// undisturbed tells whether only those scrapes failed that were to.
func (r *recording) undisturbed(t *testing.T) bool {
	t.Helper()
	for _, job := range []string{"rich", "native", "custom", "broken"} {
		for i, s := range r.of(t, job, "up").samples {
			if s.bits == 0 && (job != "broken" || i < lastPage) {
				return false
			}
		}
	}
	return true
}

func recordOnce(t *testing.T, protocol string) *recording {
	t.Helper()
	r := &recording{version: version1, began: time.Now()}
	if protocol == "2.0" {
		r.version = version2
	}
	s := startScripted(t, takes)
	rich := startExporter(t, asOpenMetrics, richPage)
	p := edgetick(t, append(quiet, "--tick.interval=100ms", "--remote-write.pack-ticks=2", "--label=site=lab",
		"--remote-write.header=X-Scope-OrgID:shop", "--remote-write.protocol="+protocol, "--remote-write.url="+s.URL+"/api/v1/push",
		rich.target("rich"),
		startExporter(t, asProtobuf, nativePage).target("native", "histograms=native"),
		startExporter(t, asText, customPage).target("custom", "histograms=custom"),
		startExporter(t, asText, brokenPage).target("broken"))...)
	rich.until(enough)
	r.books = p.books()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	r.deliveries = s.deliveries()
	return r
}

// all calls f for all that was told, in order of arrival.
func (r *recording) all(f func(d *delivery, s *told)) {
	for i := range r.deliveries {
		for j := range r.deliveries[i].message.series {
			f(&r.deliveries[i], &r.deliveries[i].message.series[j])
		}
	}
}

// of is all that was told about the series of a job that have a name and labels,
// in one piece.
func (r *recording) of(t *testing.T, job, name string, with ...string) told {
	t.Helper()
	var all told
	r.all(func(_ *delivery, s *told) {
		for i := 0; i < len(with); i += 2 {
			if s.get(with[i]) != with[i+1] {
				return
			}
		}
		if s.get("__name__") == name && s.get("job") == job {
			all.labels = s.labels
			all.samples = append(all.samples, s.samples...)
			all.histograms = append(all.histograms, s.histograms...)
			all.exemplars = append(all.exemplars, s.exemplars...)
		}
	})
	if all.labels == nil {
		t.Fatalf("%s%v of job %s was not sent", name, with, job)
	}
	return all
}

// richPage has what text can have.
func richPage(n int) servedPage {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	now := float64(time.Now().UnixMilli()) / 1000

	line("# HELP requests Requests handled.\n# TYPE requests counter")
	const requests = `{zone="b",Zone="B",_x="1",code="200",empty=""}`
	line(`requests_total%s %d # {trace_id="r%d"} 0.5`, requests, n, n)
	line(`requests_created%s %d`, requests, started)

	line("# HELP latency_seconds Time taken.\n# TYPE latency_seconds histogram\n# UNIT latency_seconds seconds")
	line(`latency_seconds_bucket{le="0.1"} %d # {trace_id="l%d"} 0.05 %.3f`, n, n, now)
	line(`latency_seconds_bucket{le="+Inf"} %d`, 2*n)
	line("latency_seconds_count %d\nlatency_seconds_sum %d\nlatency_seconds_created %d", 2*n, 3*n, started)

	line("# TYPE odd gauge")
	for i, value := range []string{"NaN", "+Inf", "-Inf", "-0.0", "1e-320", "0.1"} {
		line(`odd{kind="%d",place="Küche ☃"} %s`, i, value)
	}
	if n <= lastPage || n >= returnPage {
		line("# TYPE ghost gauge\nghost %d", n)
	}
	if n <= lastPage {
		line("# TYPE dated gauge\ndated %d %.3f", n, now)
		line("# TYPE changing_bytes gauge\n# HELP changing_bytes Old.")
	} else {
		line("# TYPE changing_bytes unknown\n# HELP changing_bytes New.\n# UNIT changing_bytes bytes")
	}
	line("changing_bytes %d", n)
	line("# TYPE \"http.req\" gauge\n{\"http.req\",\"my.label\"=\"x\"} %d", n)
	line("# TYPE build info\nbuild_info{job=\"theirs\"} 1\n# EOF")
	return servedPage{body: b.String()}
}

// nativePage has what only protobuf can have: native histograms, of integers and
// of floats, and text that is not UTF-8.
func nativePage(n int) servedPage {
	count := uint64(n)
	ints := &dto.Histogram{
		SampleCount: proto.Uint64(3*count + 1), SampleSum: proto.Float64(float64(n) * 10),
		Schema: proto.Int32(0), ZeroThreshold: proto.Float64(0.001), ZeroCount: proto.Uint64(1),
		PositiveSpan:  []*dto.BucketSpan{{Offset: proto.Int32(1), Length: proto.Uint32(2)}},
		PositiveDelta: []int64{int64(n), int64(n)}, CreatedTimestamp: &timestamppb.Timestamp{Seconds: started},
		Exemplars: []*dto.Exemplar{{Label: pairs("trace_id", fmt.Sprint("h", n)), Value: proto.Float64(1.5), Timestamp: timestamppb.Now()}},
	}
	floats := &dto.Histogram{
		SampleCountFloat: proto.Float64(float64(n) + .5), SampleSum: proto.Float64(2), Schema: proto.Int32(3),
		ZeroThreshold: proto.Float64(0.001), ZeroCountFloat: proto.Float64(.5),
		PositiveSpan: []*dto.BucketSpan{{Offset: proto.Int32(0), Length: proto.Uint32(1)}}, PositiveCount: []float64{float64(n)},
	}
	families := []*dto.MetricFamily{
		{Name: proto.String("floats"), Type: dto.MetricType_HISTOGRAM.Enum(), Metric: []*dto.Metric{{Histogram: floats}}},
		{Name: proto.String("sick"), Help: proto.String("no \xff text"), Type: dto.MetricType_GAUGE.Enum(),
			Metric: []*dto.Metric{{Label: pairs("v", "no \xfe text"), Gauge: &dto.Gauge{Value: proto.Float64(float64(n))}}}},
	}
	if n <= lastPage || n >= returnPage {
		families = append(families, &dto.MetricFamily{Name: proto.String("ints"), Help: proto.String("Native."),
			Type: dto.MetricType_HISTOGRAM.Enum(), Metric: []*dto.Metric{{Histogram: ints}}})
	}
	return servedPage{body: delimited(families...)}
}

func pairs(name, value string) []*dto.LabelPair {
	return []*dto.LabelPair{{Name: proto.String(name), Value: proto.String(value)}}
}

// customPage has a classic histogram, for custom buckets to be made of, and text
// that is not UTF-8.
func customPage(n int) servedPage {
	return servedPage{body: fmt.Sprintf("# HELP sick no \xff text\n# TYPE sick gauge\nsick{v=\"no \xfe text\"} %d\n"+
		"# TYPE size histogram\nsize_bucket{le=\"1\"} %d\nsize_bucket{le=\"+Inf\"} %d\nsize_sum %d\nsize_count %d\n", n, n, 2*n, 3*n, 2*n)}
}

// brokenPage fails from some time on.
func brokenPage(n int) servedPage {
	if n > lastPage {
		return servedPage{status: http.StatusInternalServerError}
	}
	return servedPage{body: fmt.Sprintf("# TYPE lost gauge\nlost %d\nlost_nan %v\n", n, math.NaN())}
}
