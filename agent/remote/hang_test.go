package remote

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// hangFS is the real file system, in which at times no segment can be opened.
type hangFS struct {
	wal.FS
	on   atomic.Bool
	gate chan struct{}
}

func (f *hangFS) OpenFile(name string, flag int) (wal.File, error) {
	if f.on.Load() && strings.HasSuffix(name, ".seg") {
		<-f.gate
	}
	return f.FS.OpenFile(name, flag)
}

// A disk that hangs while the log is read from does not keep a remote from
// stopping.
func TestRemote_StopsThoughReadingHangs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	synctest.Test(t, func(t *testing.T) { stopWhileReadingHangs(t, dir) })
}

func stopWhileReadingHangs(t *testing.T, dir string) {
	disk := &hangFS{FS: wal.RealFS(), gate: make(chan struct{})}
	ring := buffer.NewRing(1, 1)
	j := journal.New(journal.Config{Dir: dir, Options: wal.Options{FS: disk}, Ring: ring,
		Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
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
	cfg := Config{URL: "http://r.test/", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
	})}.WithDefaults()
	r, err := New(cfg, ring, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r.Begin(j, start)
	r.Ledger.Commit(base)
	disk.on.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { r.Run(ctx); close(ended) }()
	synctest.Wait()
	cancel() // as at the flush deadline
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("Run has not ended 5 s after its context: agent.Run waits for it for ever")
	}
	disk.on.Store(false)
	close(disk.gate)
	<-ended
	j.Close()
	<-written
	if err := j.CloseLog(); err != nil {
		t.Error(err)
	}
}
