package proto_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/histogram"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/edgetick/edgetick/proto"
)

// series is what a message says about one, with the bits of its values.
type series struct {
	labels     []label
	samples    []point
	histograms []point
	exemplars  []point
	metadata   string // type, help and unit
}

// point is a sample, an encoded histogram or an exemplar.
type point struct {
	bits        uint64
	data        string
	labels      []label
	time, start int64
}

func read(t *testing.T, version string, msg []byte) []series {
	t.Helper()
	if version == "1.0" {
		return readSeriesV1(t, msg)
	}
	return readSeriesV2(t, msg)
}

// readSeriesV1 leaves the metadata aside, which 1.0 does not have in the series.
func readSeriesV1(t *testing.T, msg []byte) []series {
	var all []series
	for _, ts := range readV1(t, msg).Timeseries {
		s := series{}
		for _, l := range ts.Labels {
			s.labels = append(s.labels, label{l.Name, l.Value})
		}
		for _, p := range ts.Samples {
			s.samples = append(s.samples, point{bits: math.Float64bits(p.Value), time: p.Timestamp})
		}
		for _, h := range ts.Histograms {
			s.histograms = append(s.histograms, point{data: reencode(h), time: h.Timestamp})
		}
		for _, x := range ts.Exemplars {
			p := point{bits: math.Float64bits(x.Value), time: x.Timestamp}
			for _, l := range x.Labels {
				p.labels = append(p.labels, label{l.Name, l.Value})
			}
			s.exemplars = append(s.exemplars, p)
		}
		all = append(all, s)
	}
	return all
}

func readV2(t *testing.T, msg []byte) *writev2.Request {
	t.Helper()
	req, err := proto.DecodeV2(snappy.Encode(nil, msg))
	if err != nil {
		t.Fatal(err)
	}
	if len(req.XXX_unrecognized) > 0 {
		t.Fatalf("decoded with unknown bytes %q", req.XXX_unrecognized)
	}
	return req
}

func readSeriesV2(t *testing.T, msg []byte) []series {
	var all []series
	req := readV2(t, msg)
	for _, ts := range req.Timeseries {
		s := series{labels: resolve(req, ts.LabelsRefs)}
		for _, p := range ts.Samples {
			s.samples = append(s.samples, point{bits: math.Float64bits(p.Value), time: p.Timestamp, start: p.StartTimestamp})
		}
		for _, h := range ts.Histograms {
			s.histograms = append(s.histograms, point{data: reencode(h), time: h.Timestamp, start: h.StartTimestamp})
		}
		for _, x := range ts.Exemplars {
			s.exemplars = append(s.exemplars, point{bits: math.Float64bits(x.Value), time: x.Timestamp, labels: resolve(req, x.LabelsRefs)})
		}
		m := ts.Metadata
		s.metadata = fmt.Sprintf("%d %q %q", m.Type, req.Symbols[m.HelpRef], req.Symbols[m.UnitRef])
		all = append(all, s)
	}
	return all
}

func resolve(req *writev2.Request, refs []uint32) []label {
	var ls []label
	for i := 0; i < len(refs); i += 2 {
		ls = append(ls, label{req.Symbols[refs[i]], req.Symbols[refs[i+1]]})
	}
	return ls
}

// reencode is the histogram as AppendHistogram has it.
func reencode(h interface {
	IsFloatHistogram() bool
	ToIntHistogram() *histogram.Histogram
	ToFloatHistogram() *histogram.FloatHistogram
}) string {
	if h.IsFloatHistogram() {
		return string(proto.AppendFloatHistogram(nil, h.ToFloatHistogram()))
	}
	return string(proto.AppendHistogram(nil, h.ToIntHistogram()))
}

// wanted is what a message of that version has to say.
func wanted(version string, all []proto.TimeSeries) []series {
	var want []series
	for _, ts := range all {
		s := series{labels: decodeLabels(ts.Labels)}
		for _, p := range ts.Samples {
			w := point{bits: math.Float64bits(p.Value), time: p.Time}
			if w.bits != math.Float64bits(staleMarker) && ts.Start <= p.Time {
				w.start = ts.Start
			}
			s.samples = append(s.samples, w)
		}
		for _, h := range ts.Histograms {
			w := point{data: h.Data, time: h.Time}
			if !slices.Contains(staleHistograms(), h.Data) && ts.Start <= h.Time {
				w.start = ts.Start
			}
			s.histograms = append(s.histograms, w)
		}
		for _, x := range ts.Exemplars {
			s.exemplars = append(s.exemplars, point{bits: math.Float64bits(x.Value), time: x.Time, labels: decodeLabels(x.Labels)})
		}
		s.metadata = wantedMetadata(ts)
		if version == "1.0" {
			s.forgetV2()
		}
		want = append(want, s)
	}
	return want
}

func wantedMetadata(ts proto.TimeSeries) string {
	m := proto.Metadata{}
	if ts.Metadata != nil {
		m = *ts.Metadata
	}
	if !ts.Describe {
		m.Help = ""
	}
	return fmt.Sprintf("%d %q %q", m.Type, m.Help, m.Unit)
}

// forgetV2 takes away what a series in 1.0 cannot say.
func (s *series) forgetV2() {
	s.metadata = ""
	for i := range s.samples {
		s.samples[i].start = 0
	}
	for i := range s.histograms {
		s.histograms[i].start = 0
	}
}

func decodeLabels(enc string) []label {
	var ls []label
	for name, value := range proto.Labels(enc) {
		ls = append(ls, label{name, value})
	}
	return ls
}

var words = []string{"__name__", "up", "job", "node", "le", "0.5", "trace_id", "seconds", "A text of help.", "µ\xff\n", strings.Repeat("w", 150)}

var families = []string{"up", "le", strings.Repeat("family_", 20)}

func staleHistograms() []string {
	return []string{
		string(proto.AppendHistogram(nil, oddHistograms()["stale"])),
		string(proto.AppendFloatHistogram(nil, oddFloatHistograms()["stale"])),
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// word is a string that came before or, one in four times, may be a new one.
func word(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return fmt.Sprint("w", r.IntN(1000))
	}
	return pick(r, words)
}

func randomLabels(r *rand.Rand) string {
	ls := make([]label, r.IntN(6))
	for i := range ls {
		ls[i] = label{word(r), word(r)}
	}
	return encodeLabels(ls...)
}

// randomSeries are series of all kinds, for a message.
func randomSeries(r *rand.Rand) []proto.TimeSeries {
	all := make([]proto.TimeSeries, r.IntN(30))
	for i := range all {
		ts := &all[i]
		ts.Labels = randomLabels(r)
		if r.IntN(4) == 0 {
			ts.Histograms = randomHistograms(r)
		} else {
			ts.Samples = randomSamples(r)
		}
		for range r.IntN(3) {
			ts.Exemplars = append(ts.Exemplars, proto.Exemplar{Labels: randomLabels(r), Time: pick(r, oddTimes), Value: pick(r, oddValues)})
		}
		if r.IntN(3) == 0 {
			ts.Start = pick(r, oddTimes)
		}
		if r.IntN(3) > 0 {
			ts.Metadata = &proto.Metadata{Family: pick(r, families), Type: uint8(r.IntN(8)), Help: pick(r, append(words, "")), Unit: pick(r, append(words, ""))}
		}
		ts.Describe = r.IntN(2) == 0
	}
	return all
}

func randomSamples(r *rand.Rand) []proto.Sample {
	var samples []proto.Sample
	for range r.IntN(30) {
		samples = append(samples, proto.Sample{Time: pick(r, oddTimes), Value: pick(r, oddValues)})
	}
	return samples
}

// histogramData are encoded histograms of all kinds.
var histogramData = func() (all []string) {
	for _, h := range oddHistograms() {
		all = append(all, string(proto.AppendHistogram(nil, h)))
	}
	for _, h := range oddFloatHistograms() {
		all = append(all, string(proto.AppendFloatHistogram(nil, h)))
	}
	slices.Sort(all)
	return all
}()

func randomHistograms(r *rand.Rand) []proto.Histogram {
	all := make([]proto.Histogram, r.IntN(8))
	for i := range all {
		all[i] = proto.Histogram{Time: pick(r, oddTimes), Data: pick(r, histogramData)}
	}
	return all
}

// plainSeries are series without what the reference has in another order or,
// like -0, loses.
func plainSeries(r *rand.Rand) []proto.TimeSeries {
	all := randomSeries(r)
	for i := range all {
		ts := &all[i]
		ts.Histograms, ts.Start = nil, 0
		for j := range ts.Samples {
			ts.Samples[j].Value += 1
		}
		for j := range ts.Exemplars {
			ts.Exemplars[j].Value += 1
		}
		if ts.Metadata != nil {
			ts.Metadata.Family = fmt.Sprint("family", i)
			ts.Metadata.Type = 1
		}
	}
	return all
}
