package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// standIn stores each sample by itself in a real database, as receivers do that
// keep the rest of a request of which they refuse some. What it will never take
// is the business of refuse.
type standIn struct {
	*testing.T
	*receiver.Receiver
	refuse func(told, toldSample) string // what is wrong with a sample, or nothing

	mu      sync.Mutex
	refused map[string]bool // samples that refuse has refused, each once
}

func newStandIn(t *testing.T, refuse func(told, toldSample) string) *standIn {
	t.Helper()
	r, err := receiver.Open(receiver.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return &standIn{T: t, Receiver: r, refuse: refuse, refused: make(map[string]bool)}
}

// store stores what can be stored of a message, and returns how much that is,
// and what is wrong with the rest.
func (s *standIn) store(m message) (written counted, complaint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	complain := func(words string) { complaint = words }
	for _, ts := range m.series {
		ls := labels.New(ts.labels...)
		for _, x := range ts.samples {
			if words := s.refuse(ts, x); words != "" {
				s.refused[fmt.Sprint(ts.key(), x.t)] = true
				complain(words)
				continue
			}
			if words := s.append(func(a storage.Appender) error {
				_, err := a.Append(0, ls, x.t, math.Float64frombits(x.bits))
				return err
			}); words != "" {
				complain(words)
				continue
			}
			written.samples++
		}
		for _, h := range ts.histograms {
			if words := s.append(func(a storage.Appender) error {
				if h.integer != nil {
					_, err := a.AppendHistogram(0, ls, h.t, h.integer, nil)
					return err
				}
				_, err := a.AppendHistogram(0, ls, h.t, nil, h.float)
				return err
			}); words != "" {
				complain(words)
				continue
			}
			written.histograms++
		}
	}
	return written, complaint
}

// append stores one sample, and returns what is wrong with it.
func (s *standIn) append(f func(storage.Appender) error) string {
	a := s.Storage().Appender(context.Background())
	err := f(a)
	if err != nil {
		a.Rollback()
	} else {
		err = a.Commit()
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrTooOldSample):
		return "out of order sample"
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		return "duplicate sample for timestamp"
	default:
		s.Errorf("store: %s", err)
		return err.Error()
	}
}

// read reads a request.
func (s *standIn) read(r *http.Request) (message, bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return message{}, false // the sender has gone
	}
	m, err := unpack(r.Header, body)
	if err != nil {
		s.Errorf("unpack: %s", err)
	}
	return m, err == nil
}

// thanos answers as Thanos Receive does: 409 for any sample it does not take, the
// rest being stored, and nothing of what was written but "all" on success. A 2.0
// message is seen only with exactly its own headers; otherwise it is read as an
// empty one of 1.0, which is fine.
func (s *standIn) thanos(w http.ResponseWriter, r *http.Request) {
	m, ok := s.read(r)
	if !ok {
		return
	}
	if m.version == version2 && r.Header.Get("X-Prometheus-Remote-Write-Version") != version2 {
		w.WriteHeader(http.StatusOK)
		return
	}
	if _, complaint := s.store(m); complaint != "" {
		http.Error(w, complaint, http.StatusConflict)
		return
	}
	tellWritten(w, m.version, m.count())
	w.WriteHeader(http.StatusOK)
}

// mimir answers as Grafana Mimir does: now and then 429 or 503, with a
// Retry-After that grows with the Retry-Attempt that it is told; 400 with an
// identifier for what it does not take, the rest being stored, with the counts of
// 2.0 if they are on.
func (s *standIn) mimir(random *rand.Rand, countsOnError bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, ok := s.read(r)
		if !ok {
			return
		}
		s.mu.Lock()
		busy := random.IntN(5) == 0
		s.mu.Unlock()
		if busy {
			attempt, _ := strconv.Atoi(r.Header.Get("Retry-Attempt"))
			w.Header().Set("Retry-After", strconv.Itoa(6<<min(attempt, 4)))
			http.Error(w, "the request has been rejected because the tenant exceeded the ingestion rate limit (err-mimir-tenant-max-ingestion-rate)", http.StatusTooManyRequests)
			return
		}
		written, complaint := s.store(m)
		if complaint != "" {
			if countsOnError {
				tellWritten(w, m.version, written)
			}
			http.Error(w, complaint+" (err-mimir-"+strings.ReplaceAll(complaint, " ", "-")+")", http.StatusBadRequest)
			return
		}
		tellWritten(w, m.version, written)
		w.WriteHeader(http.StatusOK)
	}
}
