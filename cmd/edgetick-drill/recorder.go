package main

import (
	"math"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/value"
)

// recorder remembers every sample of every message, in the order in which they
// came. Messages are decoded only when somebody asks what was in them, so that
// the work does not fall into what is measured. It is safe for concurrent use.
type recorder struct {
	mu         sync.Mutex
	kept       []message                      // not decoded yet
	weights    []weight                       // of the messages decoded, in order
	unreadable int                            // messages that could not be
	targets    map[string]map[string]*history // by instance and key of the series
	key        []byte
}

// history is one series as it came.
type history struct {
	name    string
	samples []sample
	came    []time.Time // when each did
}

func newRecorder() *recorder {
	return &recorder{targets: make(map[string]map[string]*history)}
}

// take keeps a message.
func (r *recorder) take(m message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, m)
}

// read decodes what has been kept. The caller holds the lock.
func (r *recorder) read() {
	for _, m := range r.kept {
		list, err := m.entries()
		if err != nil {
			r.unreadable++
			continue
		}
		r.weights = append(r.weights, weigh(m, list))
		for _, e := range list {
			r.enter(e, m.came)
		}
	}
	r.kept = nil
}

func (r *recorder) enter(e entry, came time.Time) {
	t := r.target(e.labels.Get(instanceLabel))
	r.key = appendKey(r.key[:0], e.labels)
	h := t[string(r.key)]
	if h == nil {
		h = &history{name: e.labels.Get(model.MetricNameLabel)}
		t[string(r.key)] = h
	}
	for _, s := range e.samples {
		h.samples = append(h.samples, s)
		h.came = append(h.came, came)
	}
}

func (r *recorder) target(instance string) map[string]*history {
	t := r.targets[instance]
	if t == nil {
		t = make(map[string]*history)
		r.targets[instance] = t
	}
	return t
}

// weight is what a message took on the wire, for how much. Weights add up.
type weight struct {
	messages int
	bytes    int // of bodies
	entries  int // TimeSeries
	samples  int
	protocol string // 1.0 or 2.0; mixed if there are both
	encoding string
	first    int64 // timestamps of samples, in milliseconds; of the arrival if there are none
	last     int64
}

func weigh(m message, list []entry) weight {
	w := weight{messages: 1, bytes: len(m.body), entries: len(list), protocol: m.protocol(), encoding: m.encoding, first: math.MaxInt64, last: math.MinInt64}
	for _, e := range list {
		for _, s := range e.samples {
			w.samples++
			w.first, w.last = min(w.first, s.time), max(w.last, s.time)
		}
	}
	if w.samples == 0 {
		w.first = m.came.UnixMilli()
		w.last = w.first
	}
	return w
}

// weigh adds the weights of all messages whose samples are from a time on, up to
// another one.
func (r *recorder) weigh(from, to int64) (sum weight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read()
	for _, w := range r.weights {
		if w.first >= from && w.last <= to {
			sum = sum.plus(w)
		}
	}
	return sum
}

func (w weight) plus(o weight) weight {
	either := func(a, b string) string {
		if a == "" || a == b {
			return b
		}
		return "mixed"
	}
	return weight{
		messages: w.messages + o.messages, bytes: w.bytes + o.bytes, entries: w.entries + o.entries, samples: w.samples + o.samples,
		protocol: either(w.protocol, o.protocol), encoding: either(w.encoding, o.encoding),
	}
}

// newest is the time of the newest page of which the number came, in
// milliseconds.
func (r *recorder) newest() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read()
	newest := int64(math.MinInt64)
	for _, target := range r.targets {
		if h := target[numberKey()]; h != nil {
			for _, s := range h.samples {
				if s.bits != value.StaleNaN {
					newest = max(newest, s.time)
				}
			}
		}
	}
	return newest
}

// between counts the samples of a time that came, and the ticks that they are
// of: the most that any series has.
func (r *recorder) between(from, to int64) (samples, ticks int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read()
	for _, target := range r.targets {
		for _, h := range target {
			n := 0
			for _, s := range h.samples {
				if s.time >= from && s.time <= to {
					n++
				}
			}
			samples += n
			ticks = max(ticks, n)
		}
	}
	return samples, ticks
}
