package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/golang/snappy"
)

// sink is a receiver of remote write that can be taken away and brought back at
// the same address. It accepts everything that is remote write 1.0 in snappy;
// who sends another encoding is told so, as Prometheus does. It is safe for
// concurrent use.
type sink struct {
	address string

	// take is called with each body, one at a time, in the order in which they
	// came. It keeps the body. If it is nil, bodies are counted only.
	take func(body []byte) error

	mu      sync.Mutex
	server  *server
	traffic traffic
	bodies  sync.Pool
}

// traffic is what came to a sink.
type traffic struct {
	requests      int
	bytes         int // compressed
	decoded       int // as the bodies' own length says
	refused       int // requests that could not be read
	refusal       error
	wrongEncoding int // requests in another encoding than snappy
	first, last   time.Time
}

// newSink makes a sink that is away.
func newSink(take func([]byte) error) (*sink, error) {
	address, err := freeAddress()
	return &sink{address: address, take: take}, err
}

func (s *sink) url() string { return "http://" + s.address + "/api/v1/write" }

// up brings the sink back.
func (s *sink) up() (err error) {
	s.server, err = startServer(s.address, s)
	return err
}

// down takes the sink away: connections are broken off, requests or not, and
// new ones refused.
func (s *sink) down() {
	s.server.stop()
	s.server = nil
}

// seen tells what has come so far.
func (s *sink) seen() traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.traffic
}

// restart makes first the time of the next request.
func (s *sink) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic.first = time.Time{}
}

// ServeHTTP takes one request.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e := r.Header.Get("Content-Encoding"); e != "snappy" {
		s.mu.Lock()
		s.traffic.wrongEncoding++
		s.mu.Unlock()
		http.Error(w, fmt.Sprintf("Content-Encoding is %q, want snappy", e), http.StatusUnsupportedMediaType)
		return
	}
	body, err := s.read(r)
	if err == nil {
		err = s.accept(body.Bytes())
	}
	if s.take == nil {
		s.bodies.Put(body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// read reads a body, into memory used before unless it is to be kept.
func (s *sink) read(r *http.Request) (*bytes.Buffer, error) {
	b, _ := s.bodies.Get().(*bytes.Buffer)
	if b == nil {
		b = new(bytes.Buffer)
	}
	b.Reset()
	_, err := b.ReadFrom(r.Body)
	return b, err
}

func (s *sink) accept(body []byte) error {
	n, err := snappy.DecodedLen(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.take != nil {
		err = s.take(body)
	}
	if err != nil {
		s.traffic.refused++
		s.traffic.refusal = err
		return err
	}
	s.traffic.requests++
	s.traffic.bytes += len(body)
	s.traffic.decoded += n
	s.traffic.last = time.Now()
	if s.traffic.first.IsZero() {
		s.traffic.first = s.traffic.last
	}
	return nil
}

// freeAddress finds an address on loopback for who listens later, or again. Its
// port is below those the system gives to outgoing connections, so that none of
// them takes it meanwhile.
func freeAddress() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.N(12000))
		if l, err := net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", fmt.Errorf("no free port on loopback from 20000 to 31999")
}
