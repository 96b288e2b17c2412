package main

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// Versions of the protocol as requests name them.
const (
	version1 = "0.1.0"
	version2 = "2.0.0"
)

// message is what a request says, in one form for both versions. It is read
// without edgetick's own decoders, and nothing of it is repaired.
type message struct {
	version  string
	series   []told
	symbols  []string                // of 2.0
	metadata []prompb.MetricMetadata // of 1.0, which tells it apart from the series
}

// told is what a message says about one series.
type told struct {
	labels     []labels.Label // in the message's order
	refs       []uint32       // of 2.0
	samples    []toldSample
	histograms []toldHistogram
	exemplars  []toldExemplar

	// Of 2.0.
	typ        string
	help, unit string
}

type toldSample struct {
	t, start int64
	bits     uint64
}

type toldHistogram struct {
	t, start int64
	custom   bool
	float    *histogram.FloatHistogram
	integer  *histogram.Histogram // nil if it came with float counts
}

type toldExemplar struct {
	labels []labels.Label
	t      int64
	value  float64
}

// counted is how much a message says.
type counted struct{ samples, histograms, exemplars int }

func (m message) count() counted {
	var c counted
	for _, s := range m.series {
		c.samples += len(s.samples)
		c.histograms += len(s.histograms)
		c.exemplars += len(s.exemplars)
	}
	return c
}

// get is the value of a label.
func (s told) get(name string) string {
	for _, l := range s.labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// key names the series.
func (s told) key() string { return fmt.Sprint(s.labels) }

// unpack reads a request as its headers say.
func unpack(h http.Header, body []byte) (message, error) {
	raw, err := decompress(h.Get("Content-Encoding"), body)
	if err != nil {
		return message{}, fmt.Errorf("decompress %d bytes of %s: %w", len(body), h.Get("Content-Encoding"), err)
	}
	if strings.HasSuffix(h.Get("Content-Type"), ".v2.Request") {
		return read2(raw)
	}
	return read1(raw)
}

func decompress(encoding string, body []byte) ([]byte, error) {
	if encoding == "snappy" {
		return snappy.Decode(nil, body)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(body, nil)
}

func read1(raw []byte) (message, error) {
	var from prompb.WriteRequest
	if err := from.Unmarshal(raw); err != nil {
		return message{}, err
	}
	m := message{version: version1, metadata: from.Metadata}
	for _, ts := range from.Timeseries {
		s := told{labels: labels1(ts.Labels)}
		for _, x := range ts.Samples {
			s.samples = append(s.samples, toldSample{t: x.Timestamp, bits: math.Float64bits(x.Value)})
		}
		for _, h := range ts.Histograms {
			to := toldHistogram{t: h.Timestamp, custom: h.Schema == histogram.CustomBucketsSchema, float: h.ToFloatHistogram()}
			if !h.IsFloatHistogram() {
				to.integer = h.ToIntHistogram()
			}
			s.histograms = append(s.histograms, to)
		}
		for _, e := range ts.Exemplars {
			s.exemplars = append(s.exemplars, toldExemplar{labels1(e.Labels), e.Timestamp, e.Value})
		}
		m.series = append(m.series, s)
	}
	return m, nil
}

func labels1(from []prompb.Label) []labels.Label {
	var to []labels.Label
	for _, l := range from {
		to = append(to, labels.Label{Name: l.Name, Value: l.Value})
	}
	return to
}

func read2(raw []byte) (message, error) {
	var from writev2.Request
	if err := from.Unmarshal(raw); err != nil {
		return message{}, err
	}
	m := message{version: version2, symbols: from.Symbols}
	for i, ts := range from.Timeseries {
		s, err := readSeries2(ts, from.Symbols)
		if err != nil {
			return m, fmt.Errorf("TimeSeries %d: %w", i, err)
		}
		m.series = append(m.series, s)
	}
	return m, nil
}

func readSeries2(ts writev2.TimeSeries, symbols []string) (s told, err error) {
	s.refs = ts.LabelsRefs
	if s.labels, err = labels2(ts.LabelsRefs, symbols); err != nil {
		return s, err
	}
	for _, x := range ts.Samples {
		s.samples = append(s.samples, toldSample{x.Timestamp, x.StartTimestamp, math.Float64bits(x.Value)})
	}
	for _, h := range ts.Histograms {
		to := toldHistogram{t: h.Timestamp, start: h.StartTimestamp, custom: h.Schema == histogram.CustomBucketsSchema, float: h.ToFloatHistogram()}
		if !h.IsFloatHistogram() {
			to.integer = h.ToIntHistogram()
		}
		s.histograms = append(s.histograms, to)
	}
	for _, e := range ts.Exemplars {
		ls, err := labels2(e.LabelsRefs, symbols)
		if err != nil {
			return s, fmt.Errorf("exemplar: %w", err)
		}
		s.exemplars = append(s.exemplars, toldExemplar{ls, e.Timestamp, e.Value})
	}
	help, unit := ts.Metadata.HelpRef, ts.Metadata.UnitRef
	if max(help, unit) >= uint32(max(len(symbols), 1)) {
		return s, fmt.Errorf("metadata refs %d and %d with %d symbols", help, unit, len(symbols))
	}
	s.typ = strings.TrimPrefix(ts.Metadata.Type.String(), "METRIC_TYPE_")
	s.help, s.unit = symbols[help], symbols[unit]
	return s, nil
}

func labels2(refs []uint32, symbols []string) ([]labels.Label, error) {
	if len(refs)%2 != 0 {
		return nil, fmt.Errorf("%d label refs, want an even number", len(refs))
	}
	var to []labels.Label
	for i := 0; i < len(refs); i += 2 {
		if n := max(refs[i], refs[i+1]); int(n) >= len(symbols) {
			return nil, fmt.Errorf("label ref %d with %d symbols", n, len(symbols))
		}
		to = append(to, labels.Label{Name: symbols[refs[i]], Value: symbols[refs[i+1]]})
	}
	return to, nil
}
