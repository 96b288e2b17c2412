package proto_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/edgetick/edgetick/proto"
)

// The bytes are those of the reference, symbols in the order of their use, but
// for the empty metadata that it writes where there are none.
func TestEncoderV2_IsTheReferencesEncoding(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		all := plainSeries(r)
		table := writev2.NewSymbolTable()
		req := writev2.Request{}
		for i := range all {
			if all[i].Metadata == nil {
				all[i].Metadata = &proto.Metadata{Type: 2}
			}
			req.Timeseries = append(req.Timeseries, writev2Series(&table, all[i]))
		}
		req.Symbols = table.Symbols()
		want, err := req.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got := message(new(proto.EncoderV2), all...); string(got) != string(want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
}

func writev2Series(table *writev2.SymbolsTable, ts proto.TimeSeries) writev2.TimeSeries {
	refs := func(enc string) (refs []uint32) {
		for name, value := range proto.Labels(enc) {
			refs = append(refs, table.Symbolize(name), table.Symbolize(value))
		}
		return refs
	}
	w := writev2.TimeSeries{LabelsRefs: refs(ts.Labels)}
	for _, s := range ts.Samples {
		w.Samples = append(w.Samples, writev2.Sample{Timestamp: s.Time, Value: s.Value})
	}
	for _, x := range ts.Exemplars {
		w.Exemplars = append(w.Exemplars, writev2.Exemplar{LabelsRefs: refs(x.Labels), Timestamp: x.Time, Value: x.Value})
	}
	w.Metadata.Type = writev2.Metadata_MetricType(ts.Metadata.Type)
	if ts.Describe {
		w.Metadata.HelpRef = table.Symbolize(ts.Metadata.Help)
	}
	w.Metadata.UnitRef = table.Symbolize(ts.Metadata.Unit)
	return w
}

func TestEncoderV2_EmptyMessageHasTheEmptySymbol(t *testing.T) {
	if got := readV2(t, message(new(proto.EncoderV2))); len(got.Symbols) != 1 || got.Symbols[0] != "" || len(got.Timeseries) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestEncoderV2_UnknownMetadataTakesNoBytes(t *testing.T) {
	ts := proto.TimeSeries{Labels: encodeLabels(label{"a", "b"})}
	want := len(message(new(proto.EncoderV2), ts))
	ts.Metadata, ts.Describe = &proto.Metadata{Family: "a"}, true
	if got := len(message(new(proto.EncoderV2), ts)); got != want {
		t.Errorf("message has %d bytes, without metadata %d", got, want)
	}
}

// A string is in a message once, whichever way it comes, and in whichever order.
func TestEncoderV2_SymbolsAreUnique(t *testing.T) {
	labels := encodeLabels(label{"seconds", "trace_id"}, label{"trace_id", "seconds"})
	plain := proto.TimeSeries{Labels: labels}
	passing := proto.TimeSeries{
		Exemplars: []proto.Exemplar{{Labels: labels}, {Labels: labels}},
		Metadata:  &proto.Metadata{Help: "trace_id", Unit: "seconds"}, Describe: true,
	}
	for name, all := range map[string][]proto.TimeSeries{
		"plain first":   {plain, passing, plain},
		"passing first": {passing, plain, passing},
	} {
		t.Run(name, func(t *testing.T) {
			var enc proto.EncoderV2
			for range 3 { // the dictionary knows them from the second message on
				got := readV2(t, message(&enc, all...)).Symbols
				slices.Sort(got)
				if want := []string{"", "seconds", "trace_id"}; !slices.Equal(got, want) {
					t.Errorf("symbols are %q, want %q", got, want)
				}
			}
		})
	}
}

// Empty strings should not be in labels; if they are, they are symbol 0.
func TestEncoderV2_EmptyStringIsSymbolZero(t *testing.T) {
	ts := proto.TimeSeries{Labels: encodeLabels(label{"", "a"}, label{"b", ""}), Exemplars: []proto.Exemplar{{Labels: encodeLabels(label{"", ""})}}}
	var enc proto.EncoderV2
	for range 2 {
		sameSeries(t, readSeriesV2(t, message(&enc, ts)), wanted("2.0", []proto.TimeSeries{ts}))
	}
}

func TestEncoderV2_StartTimestamps(t *testing.T) {
	histo := string(proto.AppendHistogram(nil, &histogram.Histogram{Count: 1, Sum: 1}))
	stale := staleHistograms()
	for name, c := range map[string]struct {
		start, time int64
		value       float64
		data        string
		want        int64
	}{
		"unknown":            {0, 5, 1, histo, 0},
		"earlier":            {3, 5, 1, histo, 3},
		"at the same time":   {5, 5, 1, histo, 5},
		"later":              {6, 5, 1, histo, 0},
		"before the epoch":   {-7, 5, 1, histo, -7},
		"stale marker":       {3, 5, staleMarker, stale[0], 0},
		"stale float marker": {3, 5, staleMarker, stale[1], 0},
		"another NaN":        {3, 5, oddNaN, string(proto.AppendHistogram(nil, &histogram.Histogram{Sum: oddNaN})), 3},
		"no sum":             {3, 5, 0, string(proto.AppendHistogram(nil, &histogram.Histogram{ZeroThreshold: staleMarker})), 3},
	} {
		t.Run(name, func(t *testing.T) {
			got := readV2(t, message(new(proto.EncoderV2),
				proto.TimeSeries{Start: c.start, Samples: []proto.Sample{{Time: c.time, Value: c.value}}},
				proto.TimeSeries{Start: c.start, Histograms: []proto.Histogram{{Time: c.time, Data: c.data}}},
			)).Timeseries
			if start := got[0].Samples[0].StartTimestamp; start != c.want {
				t.Errorf("the sample's start is %d, want %d", start, c.want)
			}
			if start := got[1].Histograms[0].StartTimestamp; start != c.want {
				t.Errorf("the histogram's start is %d, want %d", start, c.want)
			}
		})
	}
}

// The dictionary grows with labels, and with nothing that passes by.
func TestEncoderV2_Size(t *testing.T) {
	var enc proto.EncoderV2
	ts := proto.TimeSeries{Labels: encodeLabels(label{"__name__", "up"})}
	message(&enc, ts)
	size := enc.Size()
	if size < len("__name__")+len("up") {
		t.Errorf("size is %d, less than the text", size)
	}
	for i := range 100 {
		id := fmt.Sprint("id", i)
		ts.Exemplars = []proto.Exemplar{{Labels: encodeLabels(label{"trace_id", id})}}
		ts.Metadata = &proto.Metadata{Help: "help " + id, Unit: "unit " + id}
		ts.Describe = true
		message(&enc, ts)
	}
	if enc.Size() != size {
		t.Errorf("size went from %d to %d without a new label", size, enc.Size())
	}
	enc.Intern(nil, encodeLabels(label{"__name__", "other"}))
	if enc.Size() <= size+len("other") {
		t.Errorf("size is %d after a new value, was %d", enc.Size(), size)
	}
	enc.Forget()
	if enc.Size() != 0 {
		t.Errorf("size is %d after Forget", enc.Size())
	}
}

// Forget begins a new message: refs into what is forgotten would be wrong.
func TestEncoderV2_ForgetBeginsAMessage(t *testing.T) {
	var enc proto.EncoderV2
	a, b := proto.TimeSeries{Labels: encodeLabels(label{"a", "1"})}, proto.TimeSeries{Labels: encodeLabels(label{"b", "2"})}
	enc.Add(&a)
	enc.Forget()
	enc.Add(&b)
	sameSeries(t, readSeriesV2(t, enc.Message()), wanted("2.0", []proto.TimeSeries{b}))
}

// FuzzEncoderV2 makes messages of random series and of the strings given.
func FuzzEncoderV2(f *testing.F) {
	f.Add(uint64(0), "", "")
	f.Add(uint64(1), "__name__", "up")
	f.Add(uint64(2), "\xff", string(make([]byte, 300)))
	f.Fuzz(func(t *testing.T, seed uint64, one, other string) {
		r := rand.New(rand.NewPCG(seed, 0))
		var enc proto.EncoderV2
		for range 3 {
			all := append(randomSeries(r), proto.TimeSeries{
				Labels:    encodeLabels(label{one, other}, label{other, one}),
				Exemplars: []proto.Exemplar{{Labels: encodeLabels(label{other, one + other})}},
				Metadata:  &proto.Metadata{Type: uint8(seed), Help: one, Unit: other},
				Describe:  seed%2 == 0,
			})
			internSome(r, &enc, all)
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			sameSeries(t, readSeriesV2(t, message(&enc, all...)), wanted("2.0", all))
		}
	})
}
