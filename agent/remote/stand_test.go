package remote

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// stand is what a remote stands between: a journal with a log and a ring, and a
// receiver that is a function.
type stand struct {
	*testing.T
	ring    *buffer.Ring
	journal *journal.Journal
	start   journal.Start
	written chan struct{} // closed when the journal has ended
	end     uint64        // samples committed
}

// newStand starts a journal whose ring holds so many ticks. Unless a sync
// interval is given, each tick is synced.
func newStand(t *testing.T, dir string, disk wal.FS, ticks int, sync ...time.Duration) *stand {
	t.Helper()
	s := &stand{T: t, ring: buffer.NewRing(1, ticks), written: make(chan struct{})}
	options := wal.Options{FS: disk}
	if len(sync) > 0 {
		options.SyncInterval = sync[0]
	}
	s.journal = journal.New(journal.Config{Dir: dir, Options: options, Ring: s.ring,
		Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
	var err error
	if s.start, err = s.journal.Open([]string{"default"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	go func() { s.journal.Run(); close(s.written) }()
	return s
}

// commit commits a tick after those before it.
func (s *stand) commit(t *buffer.Tick) {
	t.Base = s.end
	s.end = t.End()
	s.journal.Commit(t, time.Now())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// taken is the answer of a receiver of 1.0.
func taken() (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

// remote makes a remote that is about to run, for all that has been committed.
func (s *stand) remote(cfg Config, receiver roundTrip) *Remote {
	s.Helper()
	cfg.URL, cfg.Transport = "http://receiver.test/", receiver
	r, err := New(cfg.WithDefaults(), s.ring, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		s.Fatal(err)
	}
	r.Begin(s.journal, s.start)
	r.Ledger.Commit(s.end)
	return r
}

// close ends the journal. Its log stays open for the remote's cursor.
func (s *stand) close() {
	s.journal.Close()
	<-s.written
}

func (s *stand) closeLog() {
	s.Helper()
	if err := s.journal.CloseLog(); err != nil {
		s.Error(err)
	}
}
