package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// news wakes those who wait whenever something has happened.
type news struct {
	mu   sync.Mutex
	next chan struct{}
}

func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

func (n *news) happened() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}

// until waits until cond holds, looking whenever something has happened.
func (n *news) until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		next := n.wait()
		if cond() {
			return
		}
		select {
		case <-next:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// delivery is one request to a [scripted] receiver.
type delivery struct {
	n            int // from 0
	at           time.Time
	method, path string
	header       http.Header
	length       int64 // that the sender announced
	body         []byte
	message      message
	status       int             // of the answer; 0 for none
	gone         <-chan struct{} // closed when the sender gives up
}

// accepted tells whether the sender has learned that the receiver has it all.
func (d *delivery) accepted() bool { return d.status/100 == 2 }

// A script answers a request. It may look at what has come before.
type script func(w http.ResponseWriter, d *delivery)

// scripted is a receiver that stores nothing, remembers each request whole and
// answers by a script.
type scripted struct {
	*testing.T
	*httptest.Server
	slams atomic.Int32 // requests yet to be broken off before they are read; they are not remembered
	news  news

	mu     sync.Mutex
	answer script
	got    []*delivery
}

func startScripted(t *testing.T, answer script) *scripted {
	t.Helper()
	s := &scripted{T: t, answer: answer}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers requests one after the other, so that what is remembered has
// an order.
func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.slams.Add(-1) >= 0 {
		reset(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender has gone
	}
	d := &delivery{at: time.Now(), method: r.Method, path: r.URL.Path, header: r.Header.Clone(), length: r.ContentLength, body: body, gone: r.Context().Done()}
	if r.Method == http.MethodPost {
		if d.message, err = unpack(r.Header, body); err != nil {
			s.Errorf("request to %s: %s", r.URL.Path, err)
		}
	}
	s.mu.Lock()
	d.n = len(s.got)
	s.got = append(s.got, d)
	answer := s.answer
	s.mu.Unlock()
	defer s.news.happened()
	answer(&noting{ResponseWriter: w, d: d, s: s}, d)
}

// noting is a ResponseWriter that notes what the answer is.
type noting struct {
	http.ResponseWriter
	d *delivery
	s *scripted
}

func (n *noting) WriteHeader(status int) {
	n.s.mu.Lock()
	n.d.status = status
	n.s.mu.Unlock()
	n.ResponseWriter.WriteHeader(status)
}

// Hijack implements http.Hijacker.
func (n *noting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return n.ResponseWriter.(http.Hijacker).Hijack()
}

// turn sets the script for the requests that follow.
func (s *scripted) turn(answer script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// deliveries are the requests so far, as copies.
func (s *scripted) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]delivery, len(s.got))
	for i, d := range s.got {
		all[i] = *d
	}
	return all
}

// until waits until cond holds of the requests so far.
func (s *scripted) until(what string, cond func([]delivery) bool) []delivery {
	s.Helper()
	var all []delivery
	s.news.until(s.T, what, func() bool {
		all = s.deliveries()
		return cond(all)
	})
	return all
}

// takes accepts a request, and tells one of 2.0 what it has written.
func takes(w http.ResponseWriter, d *delivery) {
	tellWritten(w, d.message.version, d.message.count())
	w.WriteHeader(http.StatusNoContent)
}

// tellWritten sets the headers that the answer to a request of 2.0 must have.
func tellWritten(w http.ResponseWriter, version string, c counted) {
	if version != version2 {
		return
	}
	for name, n := range map[string]int{"Samples": c.samples, "Histograms": c.histograms, "Exemplars": c.exemplars} {
		w.Header().Set("X-Prometheus-Remote-Write-"+name+"-Written", strconv.Itoa(n))
	}
}

// says answers with a status, a text and headers, given as name and value.
func says(status int, text string, headers ...string) script {
	return func(w http.ResponseWriter, _ *delivery) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprintln(w, text)
	}
}

// inTurn answers the first requests by one script each and takes the others.
func inTurn(scripts ...script) script {
	return func(w http.ResponseWriter, d *delivery) {
		if d.n < len(scripts) {
			scripts[d.n](w, d)
			return
		}
		takes(w, d)
	}
}

// where answers the requests of which cond holds, and takes the others.
func where(cond func(*delivery) bool, then script) script {
	return func(w http.ResponseWriter, d *delivery) {
		if cond(d) {
			then(w, d)
			return
		}
		takes(w, d)
	}
}

// breaksOff resets the connection without an answer.
func breaksOff(w http.ResponseWriter, _ *delivery) { reset(w) }

// hangs does not answer for as long as the sender waits.
func hangs(_ http.ResponseWriter, d *delivery) { <-d.gone }
