package receiver

import (
	"encoding/json"
	"fmt"

	jsoniter "github.com/json-iterator/go"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/jsonutil"
)

// maxAnnotations bounds the warnings and the infos in an answer, as Prometheus
// does.
const maxAnnotations = 10

// writeSuccess writes {"status":"success","data":...}.
func writeSuccess(s *jsoniter.Stream, ans answer) {
	s.WriteObjectStart()
	s.WriteObjectField("status")
	s.WriteString("success")
	s.WriteMore()
	s.WriteObjectField("data")
	ans.write(s)
	warnings, infos := ans.warnings.AsStrings(ans.query, maxAnnotations, maxAnnotations)
	writeStrings(s, "warnings", warnings)
	writeStrings(s, "infos", infos)
	s.WriteObjectEnd()
}

func writeStrings(s *jsoniter.Stream, field string, list []string) {
	if len(list) == 0 {
		return
	}
	s.WriteMore()
	s.WriteObjectField(field)
	s.WriteVal(list)
}

// writeError writes {"status":"error","errorType":"...","error":"..."}.
func writeError(s *jsoniter.Stream, e *apiError) {
	s.WriteVal(struct {
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
	}{"error", e.kind, e.err.Error()})
}

// writeQueryData writes {"resultType":"vector","result":[...]}.
func writeQueryData(s *jsoniter.Stream, v parser.Value) {
	s.WriteObjectStart()
	s.WriteObjectField("resultType")
	s.WriteString(string(v.Type()))
	s.WriteMore()
	s.WriteObjectField("result")
	writeValue(s, v)
	s.WriteObjectEnd()
}

func writeValue(s *jsoniter.Stream, v parser.Value) {
	switch v := v.(type) {
	case promql.Vector:
		writeList(s, v, writeSample)
	case promql.Matrix:
		writeList(s, v, writeSeries)
	case json.Marshaler: // promql.Scalar, promql.String
		b, err := v.MarshalJSON()
		if err != nil {
			s.Error = err
			return
		}
		s.WriteRaw(string(b))
	default:
		s.Error = fmt.Errorf("no encoding for a result of type %T", v)
	}
}

func writeList[T any](s *jsoniter.Stream, list []T, write func(*jsoniter.Stream, T)) {
	s.WriteArrayStart()
	for i, v := range list {
		if i > 0 {
			s.WriteMore()
		}
		write(s, v)
	}
	s.WriteArrayEnd()
}

// writeSample writes {"metric":{...},"value":[1435781451.781,"1"]}.
func writeSample(s *jsoniter.Stream, v promql.Sample) {
	s.WriteObjectStart()
	s.WriteObjectField("metric")
	writeLabels(s, v.Metric)
	s.WriteMore()
	if v.H == nil {
		s.WriteObjectField("value")
		writeFloatPoint(s, promql.FPoint{T: v.T, F: v.F})
	} else {
		s.WriteObjectField("histogram")
		writeHistogramPoint(s, promql.HPoint{T: v.T, H: v.H})
	}
	s.WriteObjectEnd()
}

// writeSeries writes {"metric":{...},"values":[[1435781451.781,"1"],...]}.
func writeSeries(s *jsoniter.Stream, v promql.Series) {
	s.WriteObjectStart()
	s.WriteObjectField("metric")
	writeLabels(s, v.Metric)
	if len(v.Floats) > 0 {
		s.WriteMore()
		s.WriteObjectField("values")
		writeList(s, v.Floats, writeFloatPoint)
	}
	if len(v.Histograms) > 0 {
		s.WriteMore()
		s.WriteObjectField("histograms")
		writeList(s, v.Histograms, writeHistogramPoint)
	}
	s.WriteObjectEnd()
}

func writeFloatPoint(s *jsoniter.Stream, p promql.FPoint) {
	s.WriteArrayStart()
	jsonutil.MarshalTimestamp(p.T, s)
	s.WriteMore()
	jsonutil.MarshalFloat(p.F, s)
	s.WriteArrayEnd()
}

func writeHistogramPoint(s *jsoniter.Stream, p promql.HPoint) {
	s.WriteArrayStart()
	jsonutil.MarshalTimestamp(p.T, s)
	s.WriteMore()
	jsonutil.MarshalHistogram(p.H, s)
	s.WriteArrayEnd()
}

func writeMetrics(s *jsoniter.Stream, list []labels.Labels) { writeList(s, list, writeLabels) }

func writeLabels(s *jsoniter.Stream, ls labels.Labels) {
	s.WriteObjectStart()
	first := true
	ls.Range(func(l labels.Label) {
		if !first {
			s.WriteMore()
		}
		first = false
		s.WriteObjectField(l.Name)
		s.WriteString(l.Value)
	})
	s.WriteObjectEnd()
}
