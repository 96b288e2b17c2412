package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
)

// sink is a receiver of remote write that can be taken away and brought back at
// the same address. Who sends what it does not accept is told so with 415, as
// Prometheus does. It is safe for concurrent use.
type sink struct {
	address string
	accepts accepts

	// take is called with each message, one at a time, in the order in which
	// they came. It keeps the body. If it is nil, messages are counted only.
	take func(message)

	meter   meter
	mu      sync.Mutex
	server  *server
	traffic traffic
	scanner scanner
	bodies  sync.Pool
}

// accepts is what a receiver understands besides remote write 1.0 in snappy.
type accepts struct {
	v2   bool
	zstd bool // for 1.0
}

func (a accepts) message(m message) bool {
	switch {
	case m.encoding == zstdEncoding:
		return a.zstd && m.kind == remoteapi.WriteV1MessageType
	case m.encoding != snappyEncoding:
		return false
	default:
		return m.kind == remoteapi.WriteV1MessageType || a.v2 && m.kind == remoteapi.WriteV2MessageType
	}
}

// traffic is what came to a sink.
type traffic struct {
	requests    int
	bytes       int // of bodies, as compressed by the sender
	refused     int // requests that could not be read
	refusal     error
	declined    int // requests of a kind, or in an encoding, that it does not accept
	wasted      int // bytes of bodies that were not taken
	first, last time.Time
}

// newSink makes a sink that is away.
func newSink(a accepts, take func(message)) (*sink, error) {
	address, err := freeAddress()
	return &sink{address: address, accepts: a, take: take}, err
}

func (s *sink) url() string { return "http://" + s.address + "/api/v1/write" }

// up brings the sink back.
func (s *sink) up() (err error) {
	s.server, err = startServer(s.address, s, &s.meter)
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

// envelope is what HTTP adds to each body, in bytes of both directions.
func (s *sink) envelope() float64 {
	t := s.seen()
	return float64(s.meter.bytes.Load()-int64(t.bytes+t.wasted)) / float64(max(t.requests+t.declined+t.refused, 1))
}

// restart makes first the time of the next request.
func (s *sink) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic.first = time.Time{}
}

// ServeHTTP takes one request.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	buf, err := s.read(r)
	m, known := newMessage(r.Header, time.Now())
	m.body = buf.Bytes()
	switch {
	case err != nil:
	case known != nil || !s.accepts.message(m):
		s.decline(w, m)
	default:
		err = s.answer(w, m)
	}
	if s.take == nil {
		s.bodies.Put(buf)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *sink) decline(w http.ResponseWriter, m message) {
	s.mu.Lock()
	s.traffic.declined++
	s.traffic.wasted += len(m.body)
	s.mu.Unlock()
	http.Error(w, fmt.Sprintf("%s in %q is not accepted here", m.kind, m.encoding), http.StatusUnsupportedMediaType)
}

// answer takes a message and says so.
func (s *sink) answer(w http.ResponseWriter, m message) error {
	samples, err := 0, m.check()
	if err == nil && m.kind == remoteapi.WriteV2MessageType {
		samples, err = s.samplesIn(m)
	}
	s.count(m, err)
	if err != nil {
		return err
	}
	if m.kind == remoteapi.WriteV2MessageType {
		w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(samples))
		w.Header().Set("X-Prometheus-Remote-Write-Histograms-Written", "0")
		w.Header().Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *sink) samplesIn(m message) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scanner.count(m)
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

// count enters a message, or why it is refused.
func (s *sink) count(m message, refusal error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal != nil {
		s.traffic.refused++
		s.traffic.refusal = refusal
		s.traffic.wasted += len(m.body)
		return
	}
	if s.take != nil {
		s.take(m)
	}
	s.traffic.requests++
	s.traffic.bytes += len(m.body)
	s.traffic.last = time.Now()
	if s.traffic.first.IsZero() {
		s.traffic.first = s.traffic.last
	}
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
