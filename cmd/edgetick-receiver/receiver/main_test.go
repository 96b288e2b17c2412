package receiver_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.uber.org/goleak"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// No exceptions: the database's goroutines must all have ended.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	typeV1 = "application/x-protobuf"
	typeV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"

	// t0 is the time in the examples of Prometheus's documentation.
	t0 = int64(1435781451781)
)

// protocols are the two ways a request can be put.
var protocols = map[string]func(testing.TB, http.Handler, ...prompb.TimeSeries) *httptest.ResponseRecorder{
	"1.0": pushV1,
	"2.0": pushV2,
}

func open(t testing.TB, cfg receiver.Config) *receiver.Receiver {
	t.Helper()
	if cfg.Dir == "" {
		t.Setenv("TMPDIR", t.TempDir())
	}
	r, err := receiver.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func series(nameValues []string, samples ...prompb.Sample) prompb.TimeSeries {
	ts := prompb.TimeSeries{Samples: samples}
	for i := 0; i < len(nameValues); i += 2 {
		ts.Labels = append(ts.Labels, prompb.Label{Name: nameValues[i], Value: nameValues[i+1]})
	}
	return ts
}

func sample(t int64, v float64) prompb.Sample {
	if v == 0 && math.Signbit(v) {
		v = math.Float64frombits(negativeZero)
	}
	return prompb.Sample{Timestamp: t, Value: v}
}

// negativeZero stands for -0 until the message is encoded: the generated
// encoders take -0 for the default value and leave it out, so that +0 would
// arrive. On the wire -0 is a value like any other.
const negativeZero = 0x4142434445464748

func compress(plain []byte) []byte {
	placeholder := binary.LittleEndian.AppendUint64(nil, negativeZero)
	value := binary.LittleEndian.AppendUint64(nil, 1<<63)
	return snappy.Encode(nil, bytes.ReplaceAll(plain, placeholder, value))
}

func pushV1(t testing.TB, h http.Handler, list ...prompb.TimeSeries) *httptest.ResponseRecorder {
	t.Helper()
	return post(t, h, typeV1, encodeV1(t, list...))
}

func encodeV1(t testing.TB, list ...prompb.TimeSeries) []byte {
	t.Helper()
	m := prompb.WriteRequest{Timeseries: list}
	plain, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return compress(plain)
}

func pushV2(t testing.TB, h http.Handler, list ...prompb.TimeSeries) *httptest.ResponseRecorder {
	t.Helper()
	symbols := writev2.NewSymbolTable()
	var m writev2.Request
	for _, s := range list {
		var to writev2.TimeSeries
		for _, l := range s.Labels {
			to.LabelsRefs = append(to.LabelsRefs, symbols.Symbolize(l.Name), symbols.Symbolize(l.Value))
		}
		for _, p := range s.Samples {
			to.Samples = append(to.Samples, writev2.Sample{Value: p.Value, Timestamp: p.Timestamp})
		}
		m.Timeseries = append(m.Timeseries, to)
	}
	m.Symbols = symbols.Symbols()
	plain, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return post(t, h, typeV2, compress(plain))
}

func post(t testing.TB, h http.Handler, contentType string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/api/v1/write", bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Content-Encoding", "snappy")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func mustPush(t testing.TB, r *receiver.Receiver, list ...prompb.TimeSeries) {
	t.Helper()
	if rec := pushV1(t, r.Handler(), list...); rec.Code != http.StatusNoContent {
		t.Fatalf("write answered %d: %s", rec.Code, rec.Body)
	}
}

// get asks with GET; the parameters are name, value, name, value...
func get(t testing.TB, h http.Handler, path string, params ...string) (int, string) {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(params); i += 2 {
		v.Add(params[i], params[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path+"?"+v.Encode(), nil))
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Code, string(body)
}

func samples(t testing.TB, r *receiver.Receiver) []receiver.Series {
	t.Helper()
	all, err := r.Samples(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}
