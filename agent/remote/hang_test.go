package remote

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
	b := newStand(t, dir, disk, 1)
	for _, tick := range steadyWindow(5, 30) {
		b.commit(tick)
	}
	synctest.Wait()
	r := b.remote(Config{}, func(*http.Request) (*http.Response, error) { return taken() })
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
	b.close()
	b.closeLog()
}
