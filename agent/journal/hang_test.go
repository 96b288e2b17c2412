package journal

import (
	"testing"
	"testing/synctest"
)

// A disk that hangs is trouble like any other, and is told.
func TestJournal_SaysThatTheDiskHangs(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		wait := make(chan struct{})
		b.disk.set(nil, wait)
		for range 100 {
			b.commit()
		}
		if b.Trouble() == nil {
			t.Errorf("%d ticks are in the ring and not in the log, dropped from the queue; no trouble is told; logs: %q", len(b.ring.After(0, 1000, nil)), b.logs.String())
		}
		b.disk.set(nil, nil)
		close(wait)
		b.finish()
	})
}
