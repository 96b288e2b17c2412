package remote

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
	"github.com/edgetick/edgetick/wal"
)

// noFiles is the real file system, in which for some time no file can be opened
// to read.
type noFiles struct {
	wal.FS
	broken atomic.Bool
	hits   atomic.Int64
}

func (f *noFiles) OpenFile(name string, flag int) (wal.File, error) {
	if f.broken.Load() && strings.HasSuffix(name, ".seg") {
		f.hits.Add(1)
		return nil, &errNoFiles{name}
	}
	return f.FS.OpenFile(name, flag)
}

type errNoFiles struct{ name string }

func (e *errNoFiles) Error() string { return "open " + e.name + ": too many open files" }
func (e *errNoFiles) Unwrap() error { return syscall.EMFILE }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A log that cannot be read for a while is waited for. Nothing in it is passed
// over, and nobody spins.
func TestRemote_WaitsForALogThatCannotBeRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	synctest.Test(t, func(t *testing.T) {
		disk := &noFiles{FS: wal.RealFS()}
		ring := buffer.NewRing(1, 1) // holds one tick
		j := journal.New(journal.Config{
			Dir: dir, Options: wal.Options{FS: disk}, Ring: ring,
			Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
		})
		start, err := j.Open([]string{"default"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		written := make(chan struct{})
		go func() { j.Run(); close(written) }()
		base := uint64(0)
		for _, tick := range steadyWindow(5, 30) {
			tick.Base = base
			base = tick.End()
			j.Commit(tick, time.Now())
		}
		synctest.Wait()

		got := 0
		cfg := Config{URL: "http://receiver.test/", Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			r, err := proto.DecodeV1(body)
			if err != nil {
				return nil, err
			}
			for _, ts := range r.Timeseries {
				got += len(ts.Samples)
			}
			return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
		})}.WithDefaults()
		r, err := New(cfg, ring, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r.Begin(j, start)
		r.Ledger.Commit(base)
		disk.broken.Store(true)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { r.Run(ctx); close(ended) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := disk.hits.Load(); n == 0 || n > 100 {
			t.Errorf("%d attempts to read in a minute", n)
		}
		if got != 0 {
			t.Errorf("%d samples were sent past those that cannot be read", got)
		}
		disk.broken.Store(false)
		j.Close()
		<-written
		<-ended
		cancel()
		if b := r.Ledger.Books(); got != 150 || b.Acknowledged != 150 || b.Pending != 0 || b.Imbalance != 0 {
			t.Errorf("%d samples arrived; the books are %+v", got, b)
		}
		if err := j.CloseLog(); err != nil {
			t.Error(err)
		}
	})
}

// failing is the real file system, which at times is full.
type failing struct {
	wal.FS
	broken atomic.Bool
}

type failingFile struct {
	wal.File
	fs *failing
}

func (f *failing) OpenFile(name string, flag int) (wal.File, error) {
	file, err := f.FS.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	return failingFile{file, f}, nil
}

func (f failingFile) WriteAt(p []byte, off int64) (int, error) {
	if f.fs.broken.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(p, off)
}

// The disk was full for a while, and the ring holds some of the ticks of that
// time: those are not to be dropped.
func TestRemote_TakesFromTheRingWhatTheLogLacks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	synctest.Test(t, func(t *testing.T) {
		disk := &failing{FS: wal.RealFS()}
		ring := buffer.NewRing(1, 20) // the newest 20 ticks
		j := journal.New(journal.Config{Dir: dir, Options: wal.Options{FS: disk}, Ring: ring,
			Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
		start, err := j.Open([]string{"default"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		written := make(chan struct{})
		go func() { j.Run(); close(written) }()
		base := uint64(0)
		for i, tick := range steadyWindow(1, 40) {
			disk.broken.Store(i >= 10 && i < 30) // ticks 11 to 30 are in the ring alone
			tick.Base = base
			base = tick.End()
			j.Commit(tick, time.Now())
			synctest.Wait()
		}
		cfg := Config{URL: "http://receiver.test/", PackTicks: 10, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
		})}.WithDefaults()
		r, err := New(cfg, ring, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r.Begin(j, start)
		r.Ledger.Commit(base)
		j.Close()
		<-written
		s := ring.State(0)
		r.Run(context.Background())
		if b := r.Ledger.Books(); b.Dropped[DroppedBufferFull] != s.Base-10 || b.Pending != 0 || b.Imbalance != 0 {
			t.Errorf("books %+v, want %d samples dropped that were in neither", b, s.Base-10)
		}
		j.CloseLog()
	})
}

// A remote reads at the edge of the ring while that moves.
func TestRemote_ReadsAtTheEdgeOfTheRing(t *testing.T) {
	ring := buffer.NewRing(1, 2)
	j := journal.New(journal.Config{Dir: filepath.Join(t.TempDir(), "wal"), Options: wal.Options{SyncInterval: time.Hour}, Ring: ring,
		Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
	start, err := j.Open([]string{"default"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() { j.Run(); close(written) }()
	cfg := Config{URL: "http://receiver.test/", PackTicks: 1, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		for begin := time.Now(); time.Since(begin) < time.Duration(rand.IntN(8000)); {
		}
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
	})}.WithDefaults()
	r, err := New(cfg, ring, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r.Begin(j, start)
	ended := make(chan struct{})
	go func() { r.Run(context.Background()); close(ended) }()
	base := uint64(0)
	for _, tick := range steadyWindow(1, 20000) {
		tick.Base = base
		base = tick.End()
		r.Ledger.Commit(base)
		j.Commit(tick, time.Now())
		for i := 0; ring.State(0).End+1 < base; i++ {
			time.Sleep(time.Microsecond)
		}
	}
	j.Close()
	<-written
	<-ended
	if n := r.Ledger.Books().Dropped[DroppedBufferFull]; n != 0 {
		t.Errorf("%d samples were dropped that are in the log", n)
	}
	j.CloseLog()
}
