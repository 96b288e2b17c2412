package proto_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/edgetick/edgetick/proto"
)

func TestDecodeV1_ReadsARequest(t *testing.T) {
	e := entry{[]label{{"__name__", "up"}}, []proto.Sample{{Time: 1, Value: negativeZero}, {Time: 2, Value: staleMarker}}}
	req, err := proto.DecodeV1(snappy.Encode(nil, e.append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if len(req.Timeseries) != 1 {
		t.Fatalf("decoded %d series, want one", len(req.Timeseries))
	}
	e.same(t, req.Timeseries[0])
}

func TestDecodeV1_ReadsAnEmptyRequest(t *testing.T) {
	req, err := proto.DecodeV1(snappy.Encode(nil, nil))
	if err != nil || len(req.Timeseries) != 0 {
		t.Errorf("got %v, %v", req, err)
	}
}

func TestDecodeV1_SaysWhatIsWrong(t *testing.T) {
	good := snappy.Encode(nil, entry{[]label{{"a", "b"}}, []proto.Sample{{Time: 1, Value: 1}}}.append(nil))
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"empty":           {nil, "read snappy block"},
		"no snappy":       {[]byte("\xff\xff\xff\xff\xff\xff\xff"), "read snappy block"},
		"cut off":         {good[:len(good)-1], "read snappy block"},
		"stream format":   {append([]byte("\xff\x06\x00\x00sNaPpY"), good...), "read"},
		"too large":       {binary.AppendUvarint(nil, proto.MaxDecodedBytes+1), "above the limit of 33554432"},
		"no WriteRequest": {snappy.Encode(nil, []byte("\x0a\x05x")), "read WriteRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := proto.DecodeV1(c.body)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want an error with %q", req, err, c.want)
			}
		})
	}
}

func TestDecodeV2_ReadsARequest(t *testing.T) {
	ts := proto.TimeSeries{Labels: encodeLabels(label{"__name__", "up"}), Samples: []proto.Sample{{Time: 1, Value: negativeZero}, {Time: 2, Value: staleMarker}}}
	sameSeries(t, readSeriesV2(t, message(new(proto.EncoderV2), ts)), wanted("2.0", []proto.TimeSeries{ts}))
}

func TestDecodeV2_ReadsAnEmptyRequest(t *testing.T) {
	req, err := proto.DecodeV2(snappy.Encode(nil, nil))
	if err != nil || len(req.Timeseries) != 0 {
		t.Errorf("got %v, %v", req, err)
	}
}

func TestDecodeV2_SaysWhatIsWrong(t *testing.T) {
	symbols := []string{"", "a", "b"}
	series := func(ts writev2.TimeSeries) writev2.Request {
		return writev2.Request{Symbols: symbols, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{1, 2}}, ts}}
	}
	for want, req := range map[string]writev2.Request{
		"there are no symbols":                                    {Timeseries: make([]writev2.TimeSeries, 1)},
		`symbols[0] is "a", want the empty string`:                {Symbols: symbols[1:]},
		`symbols[3] is "a", as symbols[1] is already`:             {Symbols: append(symbols, "a")},
		"timeseries[1]: labels_refs are 3, want a name and":       series(writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 1}}),
		"timeseries[1]: labels_refs[3] is 3, want less than 3":    series(writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 1, 3}}),
		"labels_refs[0] is 4294967295":                            series(writev2.TimeSeries{LabelsRefs: []uint32{math.MaxUint32, 1}}),
		"exemplars[1]: labels_refs are 1":                         series(writev2.TimeSeries{Exemplars: []writev2.Exemplar{{}, {LabelsRefs: []uint32{1}}}}),
		"timeseries[1]: exemplars[0]: labels_refs[1] is 3":        series(writev2.TimeSeries{Exemplars: []writev2.Exemplar{{LabelsRefs: []uint32{1, 3}}}}),
		"timeseries[1]: metadata.help_ref is 3, want less than 3": series(writev2.TimeSeries{Metadata: writev2.Metadata{HelpRef: 3}}),
		"timeseries[1]: metadata.unit_ref is 4, want less than 3": series(writev2.TimeSeries{Metadata: writev2.Metadata{UnitRef: 4}}),
	} {
		raw, err := req.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		refusedV2(t, snappy.Encode(nil, raw), want)
	}
	v1 := entry{[]label{{"a", "b"}}, []proto.Sample{{Time: 1, Value: 1}}}.append(nil)
	refusedV2(t, snappy.Encode(nil, v1), "there are no symbols") // and it is not taken for an empty request
	refusedV2(t, nil, "read snappy block")
	refusedV2(t, binary.AppendUvarint(nil, proto.MaxDecodedBytes+1), "above the limit of 33554432")
	refusedV2(t, snappy.Encode(nil, []byte("\x22\x05x")), "read Request")
}

func refusedV2(t *testing.T, body []byte, want string) {
	t.Helper()
	if req, err := proto.DecodeV2(body); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, %v, want an error with %q", req, err, want)
	}
}

// entry is what goes into one TimeSeries.
type entry struct {
	labels  []label
	samples []proto.Sample
}

func (e entry) append(dst []byte) []byte {
	var enc proto.EncoderV1
	enc.Add(&proto.TimeSeries{Labels: encodeLabels(e.labels...), Samples: e.samples})
	return append(dst, enc.Message()...)
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
