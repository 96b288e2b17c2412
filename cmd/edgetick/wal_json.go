package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// appendJSON appends a sample as an object.
func appendJSON(b []byte, series string, x *buffer.Sample, seq uint64) []byte {
	b = append(append(b, `{"labels":`...), series...)
	if x.Histogram != "" {
		b = appendJSONHistogram(b, x.Histogram)
	} else {
		b = appendJSONValue(b, x.Value)
	}
	b = strconv.AppendInt(append(b, `,"timestamp":`...), x.Time, 10)
	b = strconv.AppendUint(append(b, `,"tick":`...), seq, 10)
	return append(b, "}\n"...)
}

// appendJSONValue appends a value as a string, since JSON has neither NaN nor
// Inf, and its bits, which tell one NaN from another.
func appendJSONValue(b []byte, v float64) []byte {
	b = strconv.AppendFloat(append(b, `,"value":"`...), v, 'g', -1, 64)
	b = fmt.Appendf(b, `","bits":"%016x"`, math.Float64bits(v))
	if isStale(v) {
		b = append(b, `,"stale":true`...)
	}
	return b
}

// appendJSONExemplar appends an exemplar as an object.
func appendJSONExemplar(b []byte, x *buffer.Exemplar, seq uint64) []byte {
	b = append(append(b, `{"labels":`...), jsonSeries(x.Series)...)
	b = append(append(b, `,"exemplar":{"labels":`...), jsonLabels(x.Labels)...)
	b = appendJSONValue(b, x.Value)
	b = strconv.AppendInt(append(b, `,"timestamp":`...), x.Time, 10)
	b = strconv.AppendUint(append(b, `},"tick":`...), seq, 10)
	return append(b, "}\n"...)
}

// jsonHistogram is a histogram as Prometheus's API has it, and its schema.
type jsonHistogram struct {
	Count   string   `json:"count"`
	Sum     string   `json:"sum"`
	Schema  int32    `json:"schema"`
	Buckets [][4]any `json:"buckets"` // which bounds are in it, lower, upper, count
}

// appendJSONHistogram appends a histogram and, since that tells all of it, the
// message that it was stored as.
func appendJSONHistogram(b []byte, data string) []byte {
	h, err := decodeHistogram(data)
	if err != nil {
		b = append(append(b, `,"error":`...), jsonText(err.Error())...)
	} else {
		text, _ := json.Marshal(newJSONHistogram(h)) // strings and numbers can always be encoded
		b = append(append(b, `,"histogram":`...), text...)
		if isStale(h.Sum) {
			b = append(b, `,"stale":true`...)
		}
	}
	b = append(b, `,"protobuf":"`...)
	b = base64.StdEncoding.AppendEncode(b, []byte(data))
	return append(b, '"')
}

func newJSONHistogram(h *histogram.FloatHistogram) jsonHistogram {
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	j := jsonHistogram{Count: text(h.Count), Sum: text(h.Sum), Schema: h.Schema, Buckets: [][4]any{}}
	for it := h.AllBucketIterator(); it.Next(); {
		if bucket := it.At(); bucket.Count != 0 {
			j.Buckets = append(j.Buckets, [4]any{bounds(bucket), text(bucket.Lower), text(bucket.Upper), text(bucket.Count)})
		}
	}
	return j
}

// bounds is how Prometheus's API says which bounds belong to a bucket: 0 the
// upper one, 1 the lower one, 2 none, 3 both.
func bounds(b histogram.Bucket[float64]) int {
	switch {
	case b.LowerInclusive && b.UpperInclusive:
		return 3
	case b.LowerInclusive:
		return 1
	case b.UpperInclusive:
		return 0
	}
	return 2
}

// jsonSeries is what the objects of a series have in common: its label set and,
// if it tells that, its start.
func jsonSeries(s *buffer.Series) string {
	text := jsonLabels(s.Labels)
	if s.Start != 0 {
		text += `,"start_timestamp":` + strconv.FormatInt(s.Start, 10)
	}
	return text
}

// jsonLabels writes a label set as a JSON object, in the set's order.
func jsonLabels(set string) string {
	var list []string
	for n, v := range proto.Labels(set) {
		list = append(list, jsonText(n)+":"+jsonText(v))
	}
	return "{" + strings.Join(list, ",") + "}"
}

func jsonText(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}
