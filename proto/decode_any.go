package proto

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// Decode unpacks the body of a request of either version, as its Content-Type
// says, into what 1.0 knows of it: without start timestamps and metadata of 2.0.
// It is meant for tools and tests.
func Decode(contentType string, body []byte) (*prompb.WriteRequest, error) {
	if contentType != ContentTypeV2 {
		return DecodeV1(body)
	}
	req, err := DecodeV2(body)
	if err != nil {
		return nil, err
	}
	out := &prompb.WriteRequest{}
	for i := range req.Timeseries {
		ts, err := asV1(&req.Timeseries[i], req.Symbols)
		if err != nil {
			return nil, fmt.Errorf("series %d: %w", i, err)
		}
		out.Timeseries = append(out.Timeseries, ts)
	}
	return out, nil
}

func asV1(ts *writev2.TimeSeries, symbols []string) (prompb.TimeSeries, error) {
	var out prompb.TimeSeries
	b := labels.NewScratchBuilder(0)
	ls, err := ts.ToLabels(&b, symbols)
	if err != nil {
		return out, err
	}
	out.Labels = prompb.FromLabels(ls, nil)
	for _, s := range ts.Samples {
		out.Samples = append(out.Samples, prompb.Sample{Value: s.Value, Timestamp: s.Timestamp})
	}
	for _, h := range ts.Histograms {
		raw, err := h.Marshal()
		if err != nil {
			return out, err
		}
		var v1 prompb.Histogram // has the same fields, but for the last
		if err := v1.Unmarshal(raw); err != nil {
			return out, err
		}
		out.Histograms = append(out.Histograms, v1)
	}
	for _, x := range ts.Exemplars {
		e, err := x.ToExemplar(&b, symbols)
		if err != nil {
			return out, err
		}
		out.Exemplars = append(out.Exemplars, prompb.Exemplar{Labels: prompb.FromLabels(e.Labels, nil), Value: e.Value, Timestamp: e.Ts})
	}
	return out, nil
}
