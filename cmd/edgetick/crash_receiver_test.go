package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/edgetick/edgetick/proto"
)

// seriesKey names a series by three of its labels, in the way of the pages of
// [numbered] if the job is "numbered", too.
func seriesKey(name, i, job string) string {
	if i != "" {
		name = fmt.Sprintf("%s{i=%q}", name, i)
	}
	if job != "numbered" {
		name += " of " + job
	}
	return name
}

// samples are samples by series and time.
type samples map[string]map[int64]uint64

func (s samples) put(key string, t int64, bits uint64) {
	if s[key] == nil {
		s[key] = make(map[int64]uint64)
	}
	s[key][t] = bits
}

func (s samples) count() int {
	n := 0
	for _, points := range s {
		n += len(points)
	}
	return n
}

// recorder is a receiver that accepts everything, remembers every arrival, and
// what should not have happened.
type recorder struct {
	mu         sync.Mutex
	first      samples          // the first arrival of each sample
	newest     map[string]int64 // by series
	duplicates int
	problems   []string
	bodies     int
}

func newRecorder() *recorder {
	return &recorder{first: make(samples), newest: make(map[string]int64)}
}

// ServeHTTP stores a request.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender has gone
	}
	write, err := proto.Decode(req.Header.Get("Content-Type"), body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.problem("a request that cannot be decoded: %s", err)
		return
	}
	r.bodies++
	count := 0
	for _, ts := range write.Timeseries {
		var name, i, job string
		for _, l := range ts.Labels {
			switch l.Name {
			case "__name__":
				name = l.Value
			case "i":
				i = l.Value
			case "job":
				job = l.Value
			}
		}
		key := seriesKey(name, i, job)
		count += len(ts.Samples)
		for _, s := range ts.Samples {
			r.store(key, s.Timestamp, math.Float64bits(s.Value))
		}
	}
	w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(count))
	w.WriteHeader(http.StatusNoContent)
}

func (r *recorder) store(key string, t int64, bits uint64) {
	was, again := r.first[key][t]
	switch {
	case again && was == bits:
		r.duplicates++
		return
	case again:
		r.problem("%s at %d arrives as %x after %x", key, t, bits, was)
		return
	case t <= r.newest[key]:
		r.problem("%s at %d arrives after %d", key, t, r.newest[key])
	}
	r.newest[key] = t
	r.first.put(key, t, bits)
}

func (r *recorder) problem(format string, args ...any) {
	if len(r.problems) < 20 {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	}
}

// has tells whether a sample has arrived.
func (r *recorder) has(key string, t int64, bits uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, ok := r.first[key][t]
	return ok && was == bits
}

// A moment in the life of a request at which a test may act.
type moment string

const (
	asked    moment = "before a request is stored"
	stored   moment = "between storing and answering"
	answered moment = "after the answer"
)

// flaky stands before a receiver and makes it unreliable. It listens on an
// address of its own, to which it comes back after an absence.
type flaky struct {
	*testing.T
	store   http.Handler
	address string

	mu      sync.Mutex
	random  *rand.Rand
	trouble int   // per cent of requests
	deck    []int // of faults, shuffled, so that all of them come up
	hits    map[string]int
	at      func(moment)
	server  *http.Server // nil while away
}

// startFlaky starts a receiver in front of store. Nobody else uses addresses of
// the loopback network such as its own, so it finds its port free again.
func startFlaky(t *testing.T, store http.Handler, random *rand.Rand) *flaky {
	t.Helper()
	f := &flaky{T: t, store: store, random: random, hits: make(map[string]int)}
	for f.address == "" {
		l, err := net.Listen("tcp", fmt.Sprintf("127.77.%d.%d:0", random.IntN(250)+1, random.IntN(250)+1))
		if err != nil {
			t.Fatal(err)
		}
		f.address = l.Addr().String()
		l.Close()
	}
	f.comeBack()
	t.Cleanup(f.goAway)
	return f
}

func (f *flaky) url() string { return "http://" + f.address + "/api/v1/write" }

// goAway closes all connections: nobody listens any more.
func (f *flaky) goAway() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.server != nil {
		f.server.Close()
		f.server = nil
		f.hits["away"]++
	}
}

func (f *flaky) comeBack() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.server != nil {
		return
	}
	l, err := net.Listen("tcp", f.address)
	if err != nil {
		f.Errorf("the receiver cannot come back: %s", err)
		return
	}
	f.server = &http.Server{Handler: f}
	go f.server.Serve(l)
}

// mishaps is how many per cent of requests end badly from now on.
func (f *flaky) mishaps(percent int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trouble = percent
}

// when sets what is called at each moment of each request.
func (f *flaky) when(at func(moment)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = at
}

// faults are what may happen to a request instead of its being stored and
// acknowledged.
var faults = []struct {
	name   string
	stores bool
	answer func(http.ResponseWriter, *http.Request)
}{
	{"500", false, status(500)},
	{"503", false, status(503)},
	{"429", false, status(429)},
	{"reset", false, func(w http.ResponseWriter, _ *http.Request) { reset(w) }},
	{"stored, then reset", true, func(w http.ResponseWriter, _ *http.Request) { reset(w) }},
	{"stored, then 500", true, status(500)},
	{"stored, no answer", true, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// ServeHTTP lets a request through, or not.
func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	at, n := f.at, -1
	if f.random.IntN(100) < f.trouble {
		if len(f.deck) == 0 {
			f.deck = f.random.Perm(len(faults))
		}
		n, f.deck = f.deck[0], f.deck[1:]
		f.hits[faults[n].name]++
	}
	f.mu.Unlock()
	if at == nil {
		at = func(moment) {}
	}
	at(asked)
	if n >= 0 {
		if faults[n].stores {
			f.store.ServeHTTP(httptest.NewRecorder(), r)
		} else {
			io.Copy(io.Discard, r.Body) // or the server would not see the client go
		}
		faults[n].answer(w, r)
		return
	}
	f.store.ServeHTTP(w, r)
	at(stored)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	at(answered)
}

// wander makes the receiver come and go until ctx is done. It is there when
// wander returns.
func (f *flaky) wander(ctx context.Context, random *rand.Rand, there, away time.Duration) {
	defer f.comeBack()
	for ctx.Err() == nil {
		pause(ctx, about(random, there))
		f.goAway()
		pause(ctx, about(random, away))
		f.comeBack()
	}
}

// about is half of d to one and a half.
func about(random *rand.Rand, d time.Duration) time.Duration {
	return d/2 + time.Duration(random.Int64N(int64(d)+1))
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
