package remote

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

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

// A log that cannot be read for a while is waited for. Nothing in it is passed
// over, and nobody spins.
func TestRemote_WaitsForALogThatCannotBeRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	synctest.Test(t, func(t *testing.T) {
		disk := &noFiles{FS: wal.RealFS()}
		b := newStand(t, dir, disk, 1) // the ring holds one tick
		for _, tick := range steadyWindow(5, 30) {
			b.commit(tick)
		}
		synctest.Wait()

		got := 0
		r := b.remote(Config{}, func(req *http.Request) (*http.Response, error) {
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
			return taken()
		})
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
		b.close()
		<-ended
		cancel()
		if b := r.Ledger.Books(); got != 150 || b.Acknowledged != 150 || b.Pending != 0 || b.Imbalance != 0 {
			t.Errorf("%d samples arrived; the books are %+v", got, b)
		}
		b.closeLog()
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
		b := newStand(t, dir, disk, 20) // the ring holds the newest 20 ticks
		for i, tick := range steadyWindow(1, 40) {
			disk.broken.Store(i >= 10 && i < 30) // ticks 11 to 30 are in the ring alone
			b.commit(tick)
			synctest.Wait()
		}
		r := b.remote(Config{PackTicks: 10}, func(*http.Request) (*http.Response, error) { return taken() })
		b.close()
		s := b.ring.State(0)
		r.Run(context.Background())
		if b := r.Ledger.Books(); b.Dropped[DroppedBufferFull] != s.Base-10 || b.Pending != 0 || b.Imbalance != 0 {
			t.Errorf("books %+v, want %d samples dropped that were in neither", b, s.Base-10)
		}
		b.closeLog()
	})
}

// A remote reads at the edge of the ring while that moves.
func TestRemote_ReadsAtTheEdgeOfTheRing(t *testing.T) {
	b := newStand(t, filepath.Join(t.TempDir(), "wal"), wal.RealFS(), 2, time.Hour)
	r := b.remote(Config{PackTicks: 1}, func(*http.Request) (*http.Response, error) {
		for begin := time.Now(); time.Since(begin) < time.Duration(rand.IntN(8000)); {
		}
		return taken()
	})
	ended := make(chan struct{})
	go func() { r.Run(context.Background()); close(ended) }()
	for _, tick := range steadyWindow(1, 20000) {
		r.Ledger.Commit(b.end + uint64(tick.Samples()))
		b.commit(tick)
		for b.ring.State(0).End+1 < b.end {
			time.Sleep(time.Microsecond)
		}
	}
	b.close()
	<-ended
	if n := r.Ledger.Books().Dropped[DroppedBufferFull]; n != 0 {
		t.Errorf("%d samples were dropped that are in the log", n)
	}
	b.closeLog()
}
