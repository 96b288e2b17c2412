package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

func TestReporter_Lines(t *testing.T) {
	recv, err := receiver.Open(receiver.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer recv.Close()
	now := time.Date(2026, 3, 1, 12, 0, 5, 0, time.UTC)
	var out strings.Builder
	r := &reporter{out: &out, recv: recv, queries: []string{"x", "native", "x*on()x"}, logger: promslog.NewNopLogger()}

	r.line(context.Background(), now)
	push(t, recv, now, "x", "up", "up2", "x")
	push(t, recv, now.Add(-time.Second), "x") // out of order: refused
	r.line(context.Background(), now)
	r.line(context.Background(), now)
	r.summary(context.Background(), now)
	const want = `12:00:05  series      0  samples      +0 (total 0)  requests  +0  wire     - B/sample  up 0/0  x -  native -  x*on()x -
12:00:05  series      5  samples      +5 (total 5)  requests  +1  wire  22.0 B/sample  refused +1  up 0/1  x 0 (first of 2)  native {count:0, sum:0}  x*on()x -
12:00:05  series      5  samples      +0 (total 5)  requests  +0  wire     - B/sample  up 0/1  x 0 (first of 2)  native {count:0, sum:0}  x*on()x -
12:00:05  in all  series 5  samples 5  requests 1  wire 22.0 B/sample  refused 1  up 0/1  x 0 (first of 2)  native {count:0, sum:0}  x*on()x -
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

// push sends a sample 0 for each name, made distinct by a label, and an empty
// native histogram.
func push(t *testing.T, recv *receiver.Receiver, at time.Time, names ...string) {
	t.Helper()
	m := prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:     []prompb.Label{{Name: "__name__", Value: "native"}},
		Histograms: []prompb.Histogram{prompb.FromIntHistogram(at.UnixMilli(), &histogram.Histogram{})},
	}}}
	for i, name := range names {
		m.Timeseries = append(m.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "i", Value: string(rune('0' + i))}},
			Samples: []prompb.Sample{{Timestamp: at.UnixMilli()}},
		})
	}
	plain, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, "/api/v1/write", bytes.NewReader(snappy.Encode(nil, plain)))
	recv.Handler().ServeHTTP(httptest.NewRecorder(), req)
}
