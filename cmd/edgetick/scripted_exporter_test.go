package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
)

// Media types of pages.
const (
	asText        = "text/plain; version=0.0.4"
	asOpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	asProtobuf    = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)

// servedPage is one answer of an exporter.
type servedPage struct {
	status int // 0 for 200
	body   string
}

// exporter serves page after page, and the last one again and again.
type exporter struct {
	*testing.T
	*httptest.Server
	contentType string
	page        func(n int) servedPage // n counts from 1
	news        news

	mu     sync.Mutex
	served int
}

func startExporter(t *testing.T, contentType string, page func(n int) servedPage) *exporter {
	t.Helper()
	e := &exporter{T: t, contentType: contentType, page: page}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

// ServeHTTP serves the next page.
func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	e.served++
	page := e.page(e.served)
	e.mu.Unlock()
	defer e.news.happened()
	w.Header().Set("Content-Type", e.contentType)
	if page.status != 0 {
		w.WriteHeader(page.status)
	}
	fmt.Fprint(w, page.body)
}

func (e *exporter) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.served
}

// until waits until the exporter has served n pages.
func (e *exporter) until(n int) {
	e.Helper()
	e.news.until(e.T, fmt.Sprintf("page %d has been served", n), func() bool { return e.count() >= n })
}

// target is the flag by which edgetick scrapes it, with keys such as
// "histograms=native" besides.
func (e *exporter) target(job string, more ...string) string {
	spec := "--scrape.target=job=" + job + ",url=" + e.URL
	for _, key := range more {
		spec += "," + key
	}
	return spec
}

// delimited is a page of the protobuf format. The format's strings need not be
// UTF-8.
func delimited(families ...*dto.MetricFamily) string {
	var b bytes.Buffer
	for _, f := range families {
		if _, err := protodelim.MarshalTo(&b, f); err != nil {
			panic(err)
		}
	}
	return b.String()
}
