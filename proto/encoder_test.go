package proto_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/proto"
)

func encoders() map[string]proto.Encoder {
	return map[string]proto.Encoder{"1.0": new(proto.EncoderV1), "2.0": new(proto.EncoderV2)}
}

// message is the message of the series, which may be of any kind.
func message(enc proto.Encoder, all ...proto.TimeSeries) []byte {
	enc.Reset()
	for i := range all {
		enc.Add(&all[i])
	}
	return bytes.Clone(enc.Message())
}

// One encoder makes message after message; all of them say what went in.
func TestEncoder_DecodesToWhatWentIn(t *testing.T) {
	for version, enc := range encoders() {
		t.Run("version="+version, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for range 300 {
				all := randomSeries(r)
				if v2, ok := enc.(*proto.EncoderV2); ok {
					internSome(r, v2, all)
				}
				sameSeries(t, read(t, version, message(enc, all...)), wanted(version, all))
			}
		})
	}
}

// internSome gives some of the series their symbols, sometimes from a new start.
func internSome(r *rand.Rand, enc *proto.EncoderV2, all []proto.TimeSeries) {
	if r.IntN(10) == 0 {
		enc.Forget()
	}
	for i := range all {
		if r.IntN(2) == 0 {
			all[i].Symbols = enc.Intern(nil, all[i].Labels)
		}
	}
}

func TestEncoder_ZeroValueIsReady(t *testing.T) {
	ts := proto.TimeSeries{Labels: encodeLabels(label{"__name__", "up"}), Samples: []proto.Sample{{Time: 1, Value: 1}}}
	for version, enc := range encoders() {
		enc.Add(&ts)
		got := string(enc.Message())
		if want := string(message(enc, ts)); got != want {
			t.Errorf("version %s: got %q, want %q", version, got, want)
		}
	}
}

func TestEncoder_AllocatesNothing(t *testing.T) {
	for version, enc := range encoders() {
		all := randomSeries(rand.New(rand.NewPCG(3, 4)))
		for i := range all {
			if i%2 == 0 {
				all[i].Symbols = internFor(enc, all[i].Labels)
			}
		}
		message(enc, all...)
		if n := testing.AllocsPerRun(100, func() {
			enc.Reset()
			for i := range all {
				enc.Add(&all[i])
				all[i].SizeBound()
			}
			enc.Message()
		}); n != 0 {
			t.Errorf("version %s: %v allocations, want none", version, n)
		}
	}
}

func internFor(enc proto.Encoder, labels string) []byte {
	if v2, ok := enc.(*proto.EncoderV2); ok {
		return v2.Intern(nil, labels)
	}
	return nil
}

// A caller may put its strings over memory that it uses for others next.
func TestEncoder_RetainsNothing(t *testing.T) {
	described := func() proto.TimeSeries {
		return proto.TimeSeries{
			Labels:    encodeLabels(label{"__name__", "requests_total"}),
			Exemplars: []proto.Exemplar{{Labels: encodeLabels(label{"trace_id", "0123"}), Value: 1}},
			Metadata:  &proto.Metadata{Family: "requests", Type: 1, Help: "Requests.", Unit: "count"},
			Describe:  true,
		}
	}
	for version, enc := range encoders() {
		want := message(enc, described(), described())
		borrowed := described()
		m := borrowed.Metadata
		var memory [][]byte
		for _, s := range []*string{&borrowed.Labels, &borrowed.Exemplars[0].Labels, &m.Family, &m.Help, &m.Unit} {
			b := []byte(*s)
			*s = unsafe.String(&b[0], len(b))
			memory = append(memory, b)
		}
		fresh, again := encoders()[version], described()
		fresh.Add(&borrowed)
		for _, b := range memory {
			clear(b)
		}
		fresh.Add(&again)
		if got := fresh.Message(); string(got) != string(want) {
			t.Errorf("version %s:\ngot  %q\nwant %q", version, got, want)
		}
	}
}

// The bytes are those of the reference: with the families' metadata behind the series.
func TestEncoderV1_IsPrompbsEncoding(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		all := plainSeries(r)
		req := prompb.WriteRequest{}
		for _, ts := range all {
			req.Timeseries = append(req.Timeseries, prompbSeries(ts))
			if m := ts.Metadata; m != nil && ts.Describe {
				req.Metadata = append(req.Metadata, prompb.MetricMetadata{
					Type: prompb.MetricMetadata_MetricType(m.Type), MetricFamilyName: m.Family, Help: m.Help, Unit: m.Unit,
				})
			}
		}
		want, err := req.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got := message(new(proto.EncoderV1), all...); string(got) != string(want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
}

func prompbSeries(ts proto.TimeSeries) prompb.TimeSeries {
	var p prompb.TimeSeries
	p.Labels = prompbLabels(ts.Labels)
	for _, s := range ts.Samples {
		p.Samples = append(p.Samples, prompb.Sample{Timestamp: s.Time, Value: s.Value})
	}
	for _, x := range ts.Exemplars {
		p.Exemplars = append(p.Exemplars, prompb.Exemplar{Labels: prompbLabels(x.Labels), Timestamp: x.Time, Value: x.Value})
	}
	return p
}

func prompbLabels(enc string) []prompb.Label {
	var ls []prompb.Label
	for name, value := range proto.Labels(enc) {
		ls = append(ls, prompb.Label{Name: name, Value: value})
	}
	return ls
}

func TestEncoderV1_DescribesAFamilyOnce(t *testing.T) {
	series := func(family string, describe bool) proto.TimeSeries {
		return proto.TimeSeries{Metadata: &proto.Metadata{Family: family, Type: 1, Help: "Help of " + family}, Describe: describe}
	}
	var enc proto.EncoderV1
	for again := range 2 { // the second describes all again
		got := []string{}
		for _, m := range readV1(t, message(&enc,
			series("a", true), series("a", true), series("b", false), series("b", true),
			series("b", true), series("", true), series("c.d", true), series("c.d", true), proto.TimeSeries{Describe: true}, series("a", true),
		)).Metadata {
			got = append(got, m.MetricFamilyName+": "+m.Help)
		}
		if want := []string{"a: Help of a", "b: Help of b", "c_d: Help of c.d", "a: Help of a"}; !reflect.DeepEqual(got, want) {
			t.Errorf("message %d: got %q, want %q", again, got, want)
		}
	}
}

// wide values are those that make fields of all lengths.
var wide = []uint64{0, 1, 127, 128, 1<<14 - 1, 1 << 14, 1<<28 - 1, 1 << 28, 1<<42 + 1, 1<<49 - 1, 1<<56 - 1, 1 << 56, 1<<63 - 1, 1 << 63, math.MaxUint64}

func TestEncoder_TimesOfAllLengths(t *testing.T) {
	for version, enc := range encoders() {
		for _, v := range wide {
			ts := proto.TimeSeries{
				Samples:   []proto.Sample{{Time: int64(v), Value: 1}, {Time: int64(v)}},
				Exemplars: []proto.Exemplar{{Time: int64(v)}},
				Start:     int64(v),
			}
			sameSeries(t, read(t, version, message(enc, ts)), wanted(version, []proto.TimeSeries{ts}))
		}
	}
}

func readV1(t *testing.T, msg []byte) *prompb.WriteRequest {
	t.Helper()
	req, err := proto.DecodeV1(snappy.Encode(nil, msg))
	if err != nil {
		t.Fatal(err)
	}
	if len(req.XXX_unrecognized) > 0 {
		t.Fatalf("decoded with unknown bytes %q", req.XXX_unrecognized)
	}
	return req
}

// sameSeries fails the test unless what was read is what is wanted.
func sameSeries(t *testing.T, got, want []series) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("read %d series, want %d", len(got), len(want))
	}
	for i := range got {
		if g, w := fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", want[i]); g != w {
			t.Fatalf("series %d is\n%s\nwant\n%s", i, g, w)
		}
	}
}
