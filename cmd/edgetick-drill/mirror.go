package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// mirror serves a real exporter's page to several agents: all get the same page
// until it is maxAge old, so that the exporter works once for all of them. Each
// agent has a door of its own, which counts. It is safe for concurrent use.
type mirror struct {
	url    string
	maxAge time.Duration
	client http.Client

	mu      sync.Mutex
	taken   time.Time
	page    []byte
	samples int
}

// get returns the page and the number of samples on it.
func (m *mirror) get() ([]byte, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.page != nil && time.Since(m.taken) < m.maxAge {
		return m.page, m.samples, nil
	}
	answer, err := m.client.Get(m.url)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", m.url, answer.Status)
	}
	if err != nil {
		return nil, 0, err
	}
	m.page, m.samples, m.taken = text, countSamples(text), time.Now()
	return m.page, m.samples, nil
}

func countSamples(text []byte) (n int) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			n++
		}
	}
	return n
}

// door is where one agent finds the page.
type door struct {
	mirror *mirror
	server *server

	mu      sync.Mutex
	samples int
}

func openDoor(m *mirror) (*door, error) {
	d := &door{mirror: m}
	var err error
	d.server, err = startServer("127.0.0.1:0", d, new(meter))
	return d, err
}

func (d *door) url() string { return "http://" + d.server.address + "/metrics" }

func (d *door) close() { d.server.stop() }

// served is the number of samples handed out.
func (d *door) served() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.samples
}

// ServeHTTP hands out the mirror's page.
func (d *door) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	text, samples, err := d.mirror.get()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	d.mu.Lock()
	d.samples += samples
	d.mu.Unlock()
	w.Header().Set("Content-Type", contentType)
	// Who does not read the page will be found to miss it.
	_, _ = w.Write(text)
}
