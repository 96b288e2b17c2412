package receiver_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

const at = "1435781451.781" // t0 as a parameter

// openExample holds the series of the examples in Prometheus's documentation,
// and some awkward ones.
func openExample(t *testing.T) *receiver.Receiver {
	r := open(t, receiver.Config{})
	native := series([]string{"__name__", "native"})
	native.Histograms = []prompb.Histogram{prompb.FromIntHistogram(t0, &histogram.Histogram{
		Count: 4, Sum: 2.5, ZeroCount: 1, ZeroThreshold: 0.001,
		PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{1, 1},
	})}
	mustPush(t, r,
		series([]string{"__name__", "up", "instance", "localhost:9090", "job", "prometheus"}, sample(t0, 1), sample(t0+15000, 1)),
		series([]string{"__name__", "up", "instance", "localhost:9091", "job", "node"}, sample(t0, 0), sample(t0+15000, 0)),
		series([]string{"__name__", "pos"}, sample(t0, math.Inf(1))),
		series([]string{"__name__", "neg"}, sample(t0, math.Inf(-1))),
		series([]string{"__name__", "not_a_number"}, sample(t0, math.NaN())),
		series([]string{"__name__", "zero"}, sample(t0, math.Copysign(0, -1))),
		series([]string{"__name__", "tiny"}, sample(t0, 1e-9)),
		series([]string{"__name__", "gone"}, sample(t0-1000, 1), sample(t0, math.Float64frombits(0x7ff0000000000002))),
		series([]string{"__name__", "text", "v", "a\"\\\n<ü>"}, sample(t0, 1)),
		native,
	)
	return r
}

func TestAPI_Answers(t *testing.T) {
	h := openExample(t).Handler()
	for _, c := range []struct {
		name, path string
		params     []string
		want       string
	}{
		{"vector", "query", []string{"query", "sort_desc(up)", "time", "2015-07-01T20:10:51.781Z"}, `{"status":"success","data":{"resultType":"vector","result":[` +
			`{"metric":{"__name__":"up","instance":"localhost:9090","job":"prometheus"},"value":[1435781451.781,"1"]},` +
			`{"metric":{"__name__":"up","instance":"localhost:9091","job":"node"},"value":[1435781451.781,"0"]}]}}`},
		{"empty vector", "query", []string{"query", "absent_metric", "time", at}, `{"status":"success","data":{"resultType":"vector","result":[]}}`},
		{"stale", "query", []string{"query", "gone", "time", at}, `{"status":"success","data":{"resultType":"vector","result":[]}}`},
		{"scalar", "query", []string{"query", "1.5", "time", at}, `{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1.5"]}}`},
		{"string", "query", []string{"query", `"x"`, "time", at}, `{"status":"success","data":{"resultType":"string","result":[1435781451.781,"x"]}}`},
		{"+Inf", "query", []string{"query", "pos", "time", at}, vectorOf("pos", `"+Inf"`)},
		{"-Inf", "query", []string{"query", "neg", "time", at}, vectorOf("neg", `"-Inf"`)},
		{"NaN", "query", []string{"query", "not_a_number", "time", at}, vectorOf("not_a_number", `"NaN"`)},
		{"-0", "query", []string{"query", "zero", "time", at}, vectorOf("zero", `"-0"`)},
		{"exponent", "query", []string{"query", "tiny", "time", at}, vectorOf("tiny", `"1e-09"`)},
		{"escapes", "query", []string{"query", "text", "time", at}, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"text","v":"a\"\\\n<ü>"},"value":[1435781451.781,"1"]}]}}`},
		{"histogram", "query", []string{"query", "native", "time", at}, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"native"},"histogram":[1435781451.781,` +
			`{"count":"4","sum":"2.5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"]]}]}]}}`},
		{"matrix", "query", []string{"query", `up{job="node"}[1m]`, "time", "1435781470"}, `{"status":"success","data":{"resultType":"matrix","result":[` +
			`{"metric":{"__name__":"up","instance":"localhost:9091","job":"node"},"values":[[1435781451.781,"0"],[1435781466.781,"0"]]}]}}`},
		{"range", "query_range", []string{"query", `up{job="node"}`, "start", at, "end", "1435781481.781", "step", "15s"}, `{"status":"success","data":{"resultType":"matrix","result":[` +
			`{"metric":{"__name__":"up","instance":"localhost:9091","job":"node"},"values":[[1435781451.781,"0"],[1435781466.781,"0"],[1435781481.781,"0"]]}]}}`},
		{"range of histograms", "query_range", []string{"query", `native`, "start", at, "end", at, "step", "1"}, `{"status":"success","data":{"resultType":"matrix","result":[` +
			`{"metric":{"__name__":"native"},"histograms":[[1435781451.781,{"count":"4","sum":"2.5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"]]}]]}]}}`},
		{"info", "query", []string{"query", `rate(up{job="none"}[1m]) or rate(up{job="node"}[1m])`, "time", "1435781470"}, `{"status":"success","data":{"resultType":"vector","result":[` +
			`{"metric":{"instance":"localhost:9091","job":"node"},"value":[1435781470,"0"]}]},` +
			`"infos":["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"up\" (1:34)"]}`},
		{"warning", "query", []string{"query", `quantile(2, up)`, "time", at}, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1435781451.781,"+Inf"]}]},` +
			`"warnings":["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]}`},
		{"labels", "labels", nil, `{"status":"success","data":["__name__","instance","job","v"]}`},
		{"labels of several", "labels", []string{"match[]", "text", "match[]", `up{job="node"}`}, `{"status":"success","data":["__name__","instance","job","v"]}`},
		{"values", "label/job/values", nil, `{"status":"success","data":["node","prometheus"]}`},
		{"values of one", "label/job/values", []string{"match[]", `up{instance="localhost:9091"}`}, `{"status":"success","data":["node"]}`},
		{"values in a time without", "label/job/values", []string{"start", "1", "end", "2"}, `{"status":"success","data":[]}`},
		{"values of none", "label/nothing/values", nil, `{"status":"success","data":[]}`},
		{"series", "series", []string{"match[]", "pos", "match[]", `{__name__=~"pos|neg"}`}, `{"status":"success","data":[{"__name__":"neg"},{"__name__":"pos"}]}`},
		{"no series", "series", []string{"match[]", "none"}, `{"status":"success","data":[]}`},
		{"metadata", "metadata", nil, `{"status":"success","data":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, body := get(t, h, "/api/v1/"+c.path, c.params...)
			if code != http.StatusOK || body != c.want {
				t.Errorf("answered %d\n got %s\nwant %s", code, body, c.want)
			}
		})
	}
}

func vectorOf(name, value string) string {
	return `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"` + name + `"},"value":[1435781451.781,` + value + `]}]}}`
}

func TestAPI_Errors(t *testing.T) {
	h := openExample(t).Handler()
	for _, c := range []struct {
		name, path string
		params     []string
		code       int
		kind, want string
	}{
		{"no query", "query", nil, 400, "bad_data", `invalid parameter \"query\": unknown position: parse error: no expression found in input`},
		{"syntax", "query", []string{"query", "up{"}, 400, "bad_data", `invalid parameter \"query\": 1:4: parse error`},
		{"time", "query", []string{"query", "up", "time", "noon"}, 400, "bad_data", `invalid parameter \"time\": invalid time value for 'time': cannot parse \"noon\" to a valid timestamp`},
		{"timeout", "query", []string{"query", "up", "timeout", "soon"}, 400, "bad_data", `invalid parameter \"timeout\"`},
		{"timed out", "query", []string{"query", "up", "timeout", "-1"}, 503, "timeout", `query timed out`},
		{"many to many", "query", []string{"query", `up * on() up`, "time", at}, 422, "execution", `many-to-many matching not allowed`},
		{"start", "query_range", []string{"query", "up", "end", "1", "step", "1"}, 400, "bad_data", `invalid parameter \"start\": cannot parse \"\" to a valid timestamp`},
		{"end", "query_range", []string{"query", "up", "start", "2", "end", "1", "step", "1"}, 400, "bad_data", `invalid parameter \"end\": end timestamp must not be before start time`},
		{"step", "query_range", []string{"query", "up", "start", "1", "end", "1", "step", "0"}, 400, "bad_data", `invalid parameter \"step\": zero or negative`},
		{"long step", "query_range", []string{"query", "up", "start", "1", "end", "1", "step", "1e300"}, 400, "bad_data", `It overflows int64`},
		{"points", "query_range", []string{"query", "up", "start", "0", "end", "11002", "step", "1"}, 400, "bad_data", `exceeded maximum resolution of 11,000 points`},
		{"range of a range", "query_range", []string{"query", "up[1m]", "start", "0", "end", "1", "step", "1"}, 400, "bad_data", `invalid parameter \"query\": invalid expression type \"range vector\" for range query`},
		{"label name", "label/%FF/values", nil, 400, "bad_data", `invalid label name: `},
		{"no match", "series", nil, 400, "bad_data", `no match[] parameter provided`},
		{"empty match", "series", []string{"match[]", `{job=""}`}, 400, "bad_data", `match[] must contain at least one non-empty matcher`},
		{"bad match", "labels", []string{"match[]", `{`}, 400, "bad_data", `parse error`},
		{"bad end", "labels", []string{"end", `x`}, 400, "bad_data", `invalid parameter \"end\"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, body := get(t, h, "/api/v1/"+c.path, c.params...)
			if code != c.code || !strings.Contains(body, c.want) {
				t.Fatalf("answered %d %s\nwant %d with %s", code, body, c.code, c.want)
			}
			if prefix := `{"status":"error","errorType":"` + c.kind + `","error":"`; !strings.HasPrefix(body, prefix) {
				t.Errorf("answered %s, want it to begin with %s", body, prefix)
			}
		})
	}
}

func TestAPI_PostedForm(t *testing.T) {
	h := openExample(t).Handler()
	form := url.Values{"query": {"pos"}, "time": {at}}
	req := httptest.NewRequest(http.MethodPost, "/api/v1/query", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if got, want := rec.Body.String(), vectorOf("pos", `"+Inf"`); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := rec.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestHandler_OtherRoutes(t *testing.T) {
	h := openExample(t).Handler()
	for path, want := range map[string]string{
		"/-/healthy": "healthy",
		"/-/ready":   "ready",
		"/metrics":   "prometheus_tsdb_head_series 10\n",
	} {
		if code, body := get(t, h, path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answered %d without %q", path, code, want)
		}
	}
	_, body := get(t, h, "/metrics")
	for _, want := range []string{"go_goroutines ", "process_cpu_seconds_total ", "prometheus_engine_queries "} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestReceiver_Query(t *testing.T) {
	r := openExample(t)
	ctx, ts := context.Background(), time.UnixMilli(t0)
	for expr, want := range map[string]float64{"count(up)": 2, "3": 3} {
		v, err := r.Query(ctx, expr, ts)
		if err != nil || len(v) != 1 || v[0].F != want {
			t.Errorf("%s = %v, %v; want %v", expr, v, err, want)
		}
	}
	for expr, want := range map[string]string{
		"up{":         `parse "up{"`,
		"up[1m]":      "the result is a matrix",
		"up*on()up":   `evaluate "up*on()up"`,
		"scalar(up)+": "parse",
	} {
		if _, err := r.Query(ctx, expr, ts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", expr, err, want)
		}
	}
	m, err := r.QueryRange(ctx, "sum(up)", ts, ts.Add(15*time.Second), 15*time.Second)
	if err != nil || len(m) != 1 || len(m[0].Floats) != 2 {
		t.Errorf("range: %v, %v", m, err)
	}
}
