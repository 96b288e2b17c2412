package proto_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	gogo "github.com/gogo/protobuf/proto"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/proto"
)

// entry is what goes into one TimeSeries.
type entry struct {
	labels  []label
	samples []proto.Sample
}

func (e entry) append(dst []byte) []byte {
	return proto.AppendTimeSeries(dst, encodeLabels(e.labels...), e.samples)
}

// same fails the test unless ts holds what went in, bit for bit.
func (e entry) same(t *testing.T, ts prompb.TimeSeries) {
	t.Helper()
	if len(ts.Labels) != len(e.labels) || len(ts.Samples) != len(e.samples) {
		t.Fatalf("decoded %d labels and %d samples, want %d and %d", len(ts.Labels), len(ts.Samples), len(e.labels), len(e.samples))
	}
	for i, l := range e.labels {
		if ts.Labels[i].Name != l.name || ts.Labels[i].Value != l.value {
			t.Errorf("label %d is %q, want %q", i, ts.Labels[i], l)
		}
	}
	for i, s := range e.samples {
		if got, want := math.Float64bits(ts.Samples[i].Value), math.Float64bits(s.Value); got != want {
			t.Errorf("value %d has the bits %x, want %x", i, got, want)
		}
		if got := ts.Samples[i].Timestamp; got != s.Time {
			t.Errorf("timestamp %d is %d, want %d", i, got, s.Time)
		}
	}
	if len(ts.Exemplars)+len(ts.Histograms) > 0 {
		t.Errorf("decoded %d exemplars and %d histograms from nothing", len(ts.Exemplars), len(ts.Histograms))
	}
}

// oddEntries are series of all kinds, alone and in one request.
func oddEntries() map[string]entry {
	up := []label{{"__name__", "up"}, {"job", "node"}}
	all := map[string]entry{
		"nothing":     {},
		"no labels":   {samples: []proto.Sample{{Time: 1, Value: 2}}},
		"no samples":  {labels: up},
		"long labels": {labels: []label{{"__name__", strings.Repeat("a", 1<<10)}, {"b", strings.Repeat("é", 1<<14)}}, samples: []proto.Sample{{Time: 1, Value: 1}}},
		"many samples": {labels: up, samples: func() (s []proto.Sample) {
			for i := range 5000 {
				s = append(s, proto.Sample{Time: 1435781451781 + int64(i)*15000, Value: float64(i) / 3})
			}
			return s
		}()},
	}
	for _, v := range oddValues {
		all[fmt.Sprintf("value %x", math.Float64bits(v))] = entry{up, []proto.Sample{{Time: 1435781451781, Value: v}}}
	}
	for _, at := range oddTimes {
		all[fmt.Sprintf("time %d", at)] = entry{up, []proto.Sample{{Time: at, Value: 1}, {Time: at}}}
	}
	return all
}

func TestAppendTimeSeries_DecodesToWhatWentIn(t *testing.T) {
	var request []byte
	var order []entry
	for name, e := range oddEntries() {
		t.Run(name, func(t *testing.T) {
			enc := e.append(nil)
			if got := proto.TimeSeriesLen(encodeLabels(e.labels...), e.samples); got != len(enc) {
				t.Errorf("TimeSeriesLen is %d, appended are %d", got, len(enc))
			}
			var req prompb.WriteRequest
			if err := gogo.Unmarshal(enc, &req); err != nil {
				t.Fatal(err)
			}
			if len(req.Timeseries) != 1 || len(req.Metadata) != 0 {
				t.Fatalf("decoded %d series and %d metadata, want one series", len(req.Timeseries), len(req.Metadata))
			}
			e.same(t, req.Timeseries[0])
		})
		request, order = e.append(request), append(order, e)
	}
	var req prompb.WriteRequest
	if err := gogo.Unmarshal(request, &req); err != nil {
		t.Fatal(err)
	}
	if len(req.Timeseries) != len(order) {
		t.Fatalf("decoded %d series, want %d", len(req.Timeseries), len(order))
	}
	for i, e := range order {
		e.same(t, req.Timeseries[i])
	}
}

// The bytes are those that prompb writes itself, but for -0, which prompb takes
// for 0 and leaves out.
func TestAppendTimeSeries_IsPrompbsEncoding(t *testing.T) {
	for name, e := range oddEntries() {
		t.Run(name, func(t *testing.T) {
			ts := prompb.TimeSeries{}
			for _, l := range e.labels {
				ts.Labels = append(ts.Labels, prompb.Label{Name: l.name, Value: l.value})
			}
			for _, s := range e.samples {
				ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: s.Time, Value: s.Value})
			}
			want, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{ts}}).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			differs := string(e.append(nil)) != string(want)
			minus := len(e.samples) == 1 && math.Float64bits(e.samples[0].Value) == 1<<63
			if differs != minus {
				t.Errorf("got  %x\nwant %x", e.append(nil), want)
			}
		})
	}
}

func TestAppendTimeSeries_KeepsWhatIsThere(t *testing.T) {
	e := entry{[]label{{"a", "b"}}, []proto.Sample{{Time: 1, Value: 1}}}
	if got := string(e.append([]byte("before"))); got != "before"+string(e.append(nil)) {
		t.Errorf("got %q", got)
	}
}

func TestAppendTimeSeries_AllocatesNothing(t *testing.T) {
	labels := encodeLabels(label{"__name__", "up"}, label{"job", "node"})
	samples := make([]proto.Sample, 20)
	for i := range samples {
		samples[i] = proto.Sample{Time: 1435781451781 + int64(i), Value: float64(i)}
	}
	dst := make([]byte, 0, proto.TimeSeriesLen(labels, samples))
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		dst = proto.AppendTimeSeries(dst[:0], labels, samples)
		dst = proto.AppendLabel(dst[:0], "job", "node")
		for name, value := range proto.Labels(labels) {
			sum += len(name) + len(value)
		}
		if proto.CheckLabels(labels) != nil {
			t.Fail()
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// FuzzAppendTimeSeries builds a series from raw bytes: 16 of them are a sample.
func FuzzAppendTimeSeries(f *testing.F) {
	add := func(name, value string, at int64, v float64) {
		raw := binary.LittleEndian.AppendUint64(nil, uint64(at))
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		f.Add(name, value, append(raw, raw...))
	}
	f.Add("", "", []byte{})
	for i, v := range oddValues {
		add("__name__", "up", oddTimes[i%len(oddTimes)], v)
	}
	for _, at := range oddTimes {
		add("", strings.Repeat("x", 130), at, 1)
	}
	f.Fuzz(func(t *testing.T, name, value string, raw []byte) {
		e := entry{labels: []label{{name, value}, {value, name}}}
		for ; len(raw) >= 16; raw = raw[16:] {
			e.samples = append(e.samples, proto.Sample{
				Time:  int64(binary.LittleEndian.Uint64(raw)),
				Value: math.Float64frombits(binary.LittleEndian.Uint64(raw[8:])),
			})
		}
		one := e.append(nil)
		if n := proto.TimeSeriesLen(encodeLabels(e.labels...), e.samples); n != len(one) {
			t.Fatalf("TimeSeriesLen is %d, appended are %d", n, len(one))
		}
		var req prompb.WriteRequest
		if err := gogo.Unmarshal(e.append(one), &req); err != nil {
			t.Fatal(err)
		}
		if len(req.Timeseries) != 2 {
			t.Fatalf("decoded %d series, want 2", len(req.Timeseries))
		}
		e.same(t, req.Timeseries[0])
		e.same(t, req.Timeseries[1])
	})
}
