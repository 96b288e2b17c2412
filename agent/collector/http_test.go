package collector_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetick/edgetick/agent/collector"
)

// serve makes a source of an exporter that answers as handler does.
func serve(t *testing.T, handler http.HandlerFunc) collector.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return fromHTTP(t, collector.HTTPConfig{URL: server.URL + "/metrics"})
}

func fromHTTP(t *testing.T, cfg collector.HTTPConfig) collector.Source {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.MaxBodyBytes == 0 {
		cfg.MaxBodyBytes = 1000
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "tester"
	}
	s, err := collector.FromHTTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHTTP_Answers(t *testing.T) {
	exact := strings.Repeat("#", 999) + "\n"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		body    string
		wantErr string // "" if the page is good
	}{
		"page":            {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a 1\n") }, "a 1\n", ""},
		"empty page":      {func(http.ResponseWriter, *http.Request) {}, "", ""},
		"404":             {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "", "HTTP status 404 Not Found"},
		"500":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "", "HTTP status 500"},
		"204":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "", "HTTP status 204"},
		"at the limit":    {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, exact) }, exact, ""},
		"above the limit": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, exact+"#") }, "", "body size limit exceeded: more than 1000 bytes"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "a 1\n")
		}, "", "unexpected EOF"},
		"cut off in chunks": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "a 1\n")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "", "unexpected EOF"},
		"closed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", "EOF"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/metrics" {
				http.Redirect(w, r, "/there", http.StatusFound)
				return
			}
			io.WriteString(w, r.URL.Path+r.Header.Get("User-Agent"))
		}, "/theretester", ""},
		"redirect without end": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/metrics", http.StatusFound) }, "", "stopped after 10 redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.handler)
			for range 2 { // a failure leaves nothing behind
				p, err := s.Collect(t.Context())
				if c.wantErr != "" {
					if err == nil || !strings.Contains(err.Error(), c.wantErr) {
						t.Errorf("got %v, want %q", err, c.wantErr)
					}
				} else if err != nil || string(p.Body) != c.body {
					t.Errorf("got %q, %v, want %q", p.Body, err, c.body)
				}
			}
		})
	}
}

func TestHTTP_LimitIsAnErrorOfItsOwn(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1001)) })
	if _, err := s.Collect(t.Context()); !errors.Is(err, collector.ErrBodyTooLarge) {
		t.Errorf("got %v, want ErrBodyTooLarge", err)
	}
}

func TestHTTP_GivesTheContentTypeOn(t *testing.T) {
	const want = "application/openmetrics-text; version=1.0.0"
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", want) })
	if p, err := s.Collect(t.Context()); err != nil || p.ContentType != want {
		t.Errorf("got %q, %v, want %q", p.ContentType, err, want)
	}
}

func TestHTTP_Asks(t *testing.T) {
	var asked http.Header
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = r.Header
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
	})
	for rawURL, encoding := range map[string]string{
		"http://127.0.0.1:9100/metrics":  "identity",
		"http://[::1]:9100/metrics":      "identity",
		"http://localhost/metrics":       "identity",
		"http://192.0.2.1/metrics":       "gzip",
		"https://node.example/metrics":   "gzip",
		"http://localhost.example/":      "gzip",
		"http://127.0.0.1.example:9100/": "gzip",
	} {
		t.Run(rawURL, func(t *testing.T) {
			s := fromHTTP(t, collector.HTTPConfig{URL: rawURL, Timeout: 2500 * time.Millisecond, UserAgent: "edgetick/1", Transport: transport})
			if _, err := s.Collect(t.Context()); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"Accept-Encoding":                     encoding,
				"User-Agent":                          "edgetick/1",
				"X-Prometheus-Scrape-Timeout-Seconds": "2.5",
			} {
				if got := asked.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// accepts is what an exporter is asked for.
func accepts(t *testing.T, form collector.Histograms) (header string) {
	t.Helper()
	s := fromHTTP(t, collector.HTTPConfig{URL: "http://192.0.2.1/", Histograms: form, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		header = r.Header.Get("Accept")
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
	})})
	if _, err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return header
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

func TestHTTP_Unpacks(t *testing.T) {
	var body []byte
	s := fromHTTP(t, collector.HTTPConfig{URL: "http://192.0.2.1/", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Encoding": {"gzip"}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	})})
	large := gzipped(strings.Repeat("#", 1001))
	for _, c := range []struct {
		name    string
		body    []byte
		want    string
		wantErr error
	}{
		{"a page", gzipped("a 1\n"), "a 1\n", nil},
		{"cut off", gzipped("a 2\n")[:20], "", io.ErrUnexpectedEOF},
		{"not packed", []byte("a 3 and more\n"), "", gzip.ErrHeader},
		{"a page again", gzipped("a 4\n"), "a 4\n", nil},
		{"larger than the limit unpacked", large, "", collector.ErrBodyTooLarge},
		{"checksum", append(gzipped("a 5\n")[:20], make([]byte, 8)...), "", gzip.ErrChecksum},
		{"another page", gzipped("a 6\nb 7\n"), "a 6\nb 7\n", nil},
	} {
		body = c.body
		p, err := s.Collect(t.Context())
		if !errors.Is(err, c.wantErr) || string(p.Body) != c.want {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, p.Body, err, c.want, c.wantErr)
		}
	}
}

func TestHTTP_KeepsTheConnection(t *testing.T) {
	var conns, requests atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%2 == 0 {
			http.Error(w, strings.Repeat("not now ", 1000), http.StatusServiceUnavailable)
			return
		}
		w.Write(bytes.Repeat([]byte("#\n"), 20000))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := fromHTTP(t, collector.HTTPConfig{URL: server.URL, MaxBodyBytes: 1 << 20})
	for range 10 {
		s.Collect(t.Context())
	}
	if conns.Load() != 1 || requests.Load() != 10 {
		t.Errorf("%d connections for %d requests, want one for 10", conns.Load(), requests.Load())
	}
}

// Blocks stay as they are when the page's buffer is used again.
func TestHTTP_LeavesBlocksAlone(t *testing.T) {
	pages := []string{"first{x=\"1\"} 1\nsecond 2\n", "third{y=\"2\"} 3\nfourth 4\n", "}"}
	n := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, pages[n])
		n++
	})
	tgt := newTarget(collector.Config{Source: s, Timeout: 10 * time.Second})
	first, err := tgt.Gather(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var before []string
	for _, s := range first.Layout.Series {
		before = append(before, names(s)+s.Family.Name)
	}
	tgt.Gather(t.Context(), 2000)
	tgt.Gather(t.Context(), 3000)
	for i, s := range first.Layout.Series {
		if got := names(s) + s.Family.Name; got != before[i] {
			t.Errorf("%s has become %s", before[i], got)
		}
	}
	if first.Values[0] != 1 || first.Values[1] != 2 {
		t.Errorf("the values have become %v", first.Values[:2])
	}
}

func TestHTTP_EndsWithItsContext(t *testing.T) {
	entered := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	if _, err := s.Collect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestFromHTTP_RefusesABadURL(t *testing.T) {
	if _, err := collector.FromHTTP(collector.HTTPConfig{URL: "http://a b/"}); err == nil {
		t.Error("a bad URL was taken")
	}
}

func TestOnLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "a.localhost": true, "127.0.0.1": true, "127.1.2.3:80": true, "[::1]:80": true,
		"localhosts": false, "10.0.0.1": false, "[::2]": false, "node": false, "0.0.0.0": false,
	} {
		u, err := url.Parse("http://" + host + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		if got := collector.OnLoopback(u); got != want {
			t.Errorf("OnLoopback(%s) = %v", host, got)
		}
	}
}
