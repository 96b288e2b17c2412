package main

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// exporter serves the pages of one simulated target, the first with number 1,
// each number once. It is safe for concurrent use.
type exporter struct {
	page   *page
	server *server

	mu     sync.Mutex
	handed []time.Time // when each page was
	buf    []byte
	paused bool
}

func startExporter(p *page) (*exporter, error) {
	e := &exporter{page: p}
	var err error
	e.server, err = startServer("127.0.0.1:0", e)
	return e, err
}

func (e *exporter) url() string { return "http://" + e.server.address + "/metrics" }

func (e *exporter) close() { e.server.stop() }

// pause makes the exporter answer that it has no page.
func (e *exporter) pause() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.paused = true
}

// pages tells when each page was handed out, the one with number 1 first.
func (e *exporter) pages() []time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]time.Time(nil), e.handed...)
}

// ServeHTTP hands out the next page.
func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.paused {
		http.Error(w, "paused", http.StatusServiceUnavailable)
		return
	}
	e.handed = append(e.handed, time.Now())
	e.buf = e.page.append(e.buf[:0], len(e.handed))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	// Who does not read the page will be found to miss it.
	_, _ = w.Write(e.buf)
}

// server is an HTTP server on loopback.
type server struct {
	address string
	http    *http.Server
	done    chan struct{}
}

func startServer(address string, h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	s := &server{address: l.Addr().String(), done: make(chan struct{})}
	s.http = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: h}
	go func() {
		defer close(s.done)
		// It ends with stop, and then says so.
		_ = s.http.Serve(l)
	}()
	return s, nil
}

// stop breaks off all connections: from now on they are refused.
func (s *server) stop() {
	if s == nil {
		return
	}
	s.http.Close()
	<-s.done
}
