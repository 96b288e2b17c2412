package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	stale "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// nativeTarget has what text of version 0.0.4 cannot say. It restarts at the
// third tick, and its histograms end at the fourth.
func nativeTarget() func(int) []buffer.Block {
	start := buildStart.UnixMilli() - 60_000
	since := func(s *buffer.Series, ms int64) *buffer.Series {
		return &buffer.Series{Labels: s.Labels, Family: s.Family, Start: ms}
	}
	up := testSeries("__name__", "up", "job", "shop")
	requests := since(testSeries("__name__", "requests_total", "job", "shop"), start)
	seconds := since(testSeries("__name__", "seconds", "job", "shop", "kind", "integer"), start)
	floats := testSeries("__name__", "seconds", "job", "shop", "kind", "float")
	layout := buffer.NewLayout([]*buffer.Series{requests, up})
	return func(n int) []buffer.Block {
		if n == 3 {
			requests, seconds = since(requests, start+90_000), since(seconds, start+90_000)
			layout = buffer.NewLayout([]*buffer.Series{requests, up})
		}
		at := buildStart.UnixMilli() + int64(n-1)*15_000
		h := proto.AppendHistogram(nil, nativeHistogram(n))
		f := proto.AppendFloatHistogram(nil, customHistogram(n))
		if n > 3 {
			h = proto.AppendHistogram(nil, &histogram.Histogram{Sum: math.Float64frombits(stale.StaleNaN)})
			f = []byte("no histogram")
		}
		return []buffer.Block{{
			Layout: layout, Values: []float64{float64(10 * n), 1},
			Extra: []buffer.Sample{
				{Series: seconds, Time: at, Histogram: string(h)},
				{Series: floats, Time: at - 7, Histogram: string(f)},
			},
			Exemplars: []buffer.Exemplar{
				{Series: requests, Time: at - 1000, Value: 0.25, Labels: string(proto.AppendLabel(nil, "trace_id", fmt.Sprintf("%08x", n)))},
				{Series: seconds, Time: at - 10, Value: math.Inf(1)},
			},
		}}
	}
}

func nativeHistogram(n int) *histogram.Histogram {
	return &histogram.Histogram{
		Schema: 1, Count: uint64(7 + n), Sum: 2.5 * float64(n), ZeroThreshold: 0.001, ZeroCount: 1,
		PositiveSpans:   []histogram.Span{{Offset: 0, Length: 2}, {Offset: 3, Length: 1}},
		PositiveBuckets: []int64{int64(n), 1, int64(1 - n)},
		NegativeSpans:   []histogram.Span{{Offset: 2, Length: 1}},
		NegativeBuckets: []int64{int64(3 - n)},
	}
}

func customHistogram(n int) *histogram.FloatHistogram {
	return &histogram.FloatHistogram{
		Schema: histogram.CustomBucketsSchema, Count: 4.5, Sum: float64(n),
		PositiveSpans: []histogram.Span{{Length: 3}}, PositiveBuckets: []float64{1, 0, 3.5}, CustomValues: []float64{0.1, 1},
	}
}

func buildNativeLog(t *testing.T) *built {
	b := &built{T: t, dir: filepath.Join(t.TempDir(), "log"), source: nativeTarget()}
	b.life(4, nil)
	return b
}

func TestWAL_DumpNative(t *testing.T) {
	b := buildNativeLog(t)
	for _, test := range []struct {
		golden string
		args   []string
	}{
		{"wal-dump-native.txt", nil},
		{"wal-dump-native.jsonl", []string{"--format=jsonl"}},
		{"wal-dump-native-match.txt", []string{"--match=seconds{kind='integer'}", "--start=2026-01-01T00:00:15Z", "--limit=2"}},
	} {
		stdout, stderr, code := inProcess(append([]string{"dump", b.dir}, test.args...)...)
		if code != 0 || stderr != "" {
			t.Errorf("%v: exit code %d: %s", test.args, code, stderr)
		}
		golden(t, test.golden, stdout)
	}
}

// Every histogram is there to the byte, and so is every bit of an exemplar.
func TestWAL_DumpNativeIsExact(t *testing.T) {
	b := buildNativeLog(t)
	var want []string
	for _, tick := range b.ticks {
		block := tick.Blocks[0]
		for _, x := range block.Extra {
			want = append(want, fmt.Sprintf("%d %d %s", x.Time, x.Series.Start, base64.StdEncoding.EncodeToString([]byte(x.Histogram))))
		}
		for _, x := range block.Exemplars {
			want = append(want, fmt.Sprintf("%d %d %016x", x.Time, x.Series.Start, math.Float64bits(x.Value)))
		}
	}
	stdout, _, _ := inProcess("dump", "--format=jsonl", b.dir)
	var got []string
	for line := range strings.Lines(stdout) {
		var s struct {
			Start     int64 `json:"start_timestamp"`
			Timestamp int64
			Protobuf  string
			Exemplar  struct {
				Timestamp int64
				Bits      string
			}
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%s: %s", line, err)
		}
		switch {
		case s.Protobuf != "":
			got = append(got, fmt.Sprintf("%d %d %s", s.Timestamp, s.Start, s.Protobuf))
		case s.Exemplar.Bits != "":
			got = append(got, fmt.Sprintf("%d %d %s", s.Exemplar.Timestamp, s.Start, s.Exemplar.Bits))
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// For Prometheus's own parser all that its format cannot say is a comment.
func TestWAL_DumpNativeIsExposition(t *testing.T) {
	b := buildNativeLog(t)
	stdout, _, _ := inProcess("dump", b.dir)
	p := textparse.NewPromParser([]byte(stdout), labels.NewSymbolTable(), false)
	found := make(map[textparse.Entry]int)
	for {
		e, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found[e]++
	}
	if found[textparse.EntrySeries] != 8 || found[textparse.EntryComment] != 20 || len(found) != 2 {
		t.Errorf("found %v, want 8 samples and 20 comments", found)
	}
}
