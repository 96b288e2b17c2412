package main

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/proto"
)

// recorder remembers every sample of every request, in the order in which they
// came. It is safe for concurrent use.
type recorder struct {
	now func() time.Time

	mu      sync.Mutex
	targets map[string]*recorded // by instance
	lookup  map[string]*history  // by label set
	key     strings.Builder
}

// recorded is what came of one target.
type recorded struct {
	pages map[int]*history // by series on the page
	up    *history         // nil if none came
	other []*history       // that agents add of their own
}

// history is one series as it came.
type history struct {
	name    string
	samples []sample
	came    []time.Time // when, for the series that holds the page's number
}

// sample is one that came. Values are compared as bits.
type sample struct {
	time int64
	bits uint64
}

func newRecorder(now func() time.Time) *recorder {
	return &recorder{now: now, targets: make(map[string]*recorded), lookup: make(map[string]*history)}
}

// take decodes a request and remembers what is in it.
func (r *recorder) take(body []byte) error {
	req, err := proto.DecodeV1(body)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for i := range req.Timeseries {
		ts := &req.Timeseries[i]
		h := r.history(ts.Labels)
		for _, s := range ts.Samples {
			h.samples = append(h.samples, sample{s.Timestamp, bitsOf(s.Value)})
			if h.name == scrapeNumber {
				h.came = append(h.came, now)
			}
		}
	}
	return nil
}

// history finds the series of a label set, or makes it.
func (r *recorder) history(set []prompb.Label) *history {
	var name, instance, series string
	r.key.Reset()
	for _, l := range set {
		r.key.WriteString(l.Name)
		r.key.WriteByte(0xff)
		r.key.WriteString(l.Value)
		r.key.WriteByte(0xff)
		switch l.Name {
		case "__name__":
			name = l.Value
		case "instance":
			instance = l.Value
		case seriesLabel:
			series = l.Value
		}
	}
	key := r.key.String()
	if h := r.lookup[key]; h != nil {
		return h
	}
	// Names are copied: they would keep the whole request.
	h := &history{name: strings.Clone(name)}
	r.lookup[key] = h
	r.target(strings.Clone(instance)).add(h, series)
	return h
}

func (r *recorder) target(instance string) *recorded {
	t := r.targets[instance]
	if t == nil {
		t = &recorded{pages: make(map[int]*history)}
		r.targets[instance] = t
	}
	return t
}

func (t *recorded) add(h *history, series string) {
	onPage := h.name == scrapeNumber || strings.HasPrefix(h.name, familyPrefix)
	i, err := strconv.Atoi(series)
	switch {
	case onPage && err == nil && t.pages[i] == nil:
		t.pages[i] = h
	case h.name == "up" && t.up == nil:
		t.up = h
	default:
		t.other = append(t.other, h)
	}
}
