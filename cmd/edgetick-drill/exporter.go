package main

import (
	"net/http"
	"sync"
	"time"
)

// exporter serves the pages of one target from a book, the first with number 1,
// each number once. It is safe for concurrent use.
type exporter struct {
	book   *book
	most   int // pages to hand out, 0 for any number
	server *server

	mu     sync.Mutex
	handed []time.Time // when each page was
	buf    []byte
	paused bool
}

func startExporter(b *book, most int) (*exporter, error) {
	e := &exporter{book: b, most: most}
	var err error
	e.server, err = startServer("127.0.0.1:0", e, new(meter))
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
	if e.paused || e.most > 0 && len(e.handed) == e.most {
		http.Error(w, "no more pages", http.StatusServiceUnavailable)
		return
	}
	e.handed = append(e.handed, time.Now())
	e.buf = e.book.append(e.buf[:0], len(e.handed))
	w.Header().Set("Content-Type", contentType)
	// Who does not read the page will be found to miss it.
	_, _ = w.Write(e.buf)
}
