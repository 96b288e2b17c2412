package wal

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// world is what a workload knows to have happened.
type world struct {
	tried   map[uint64]bool       // Seqs given to Append
	acked   map[uint64]bool       // Append returned nil
	durable uint64                // highest Seq acked and synced
	base    map[uint64]uint64     // of acked Seqs
	set     map[string][]Position // values given to each cursor, in order
}

var smallLog = Options{SegmentBytes: 500, MaxBytes: MinMaxBytes}

// smallFS is an empty file system but for someone else's file where a small log
// will be, which leaves it room for four segments.
func smallFS() *memFS {
	m := newMemFS()
	other := make([]byte, MinMaxBytes/2)
	m.names[testDir+"/other"] = &inode{data: other, durable: other, links: 1}
	m.durable = maps.Clone(m.names)
	return m
}

// workload appends over many segments with two cursors: one keeps up, the other
// stands still until the cap has taken from it, then catches up. It stops at
// the first error.
func (w *world) workload(fsys FS, opts Options) error {
	opts.FS = fsys
	seq := uint64(0)
	for life := range 2 {
		l, _, err := Open(testDir, opts)
		if err != nil {
			return err
		}
		fast, err := l.OpenCursor("fast", Oldest)
		if err != nil {
			return err
		}
		slow, err := l.OpenCursor("slow", Oldest)
		if err != nil {
			return err
		}
		for range 45 {
			seq++
			if err := w.append(l, seq); err != nil {
				return err
			}
			if seq%3 == 0 {
				if err := w.setCursor(fast, l.End()); err != nil {
					return err
				}
			}
			if seq%20 == 0 {
				if err := l.Flush(); err != nil {
					return err
				}
				w.durable = seq
			}
			if seq == 70 {
				if err := w.setCursor(slow, Position{60, w.base[60]}); err != nil {
					return err
				}
			}
		}
		if life == 1 {
			if err := l.RemoveCursor("fast"); err != nil {
				return err
			}
		}
		if err := l.Close(); err != nil {
			return err
		}
		w.durable = seq
	}
	return nil
}

func (w *world) append(l *Log, seq uint64) error {
	w.tried[seq] = true
	end, err := l.Append(header(seq), encodeOf(seq))
	if err != nil {
		return err
	}
	w.acked[seq] = true
	w.base[seq] = end.Base
	if l.opts.SyncInterval == 0 {
		w.durable = seq
	}
	return nil
}

func (w *world) setCursor(c *Cursor, pos Position) error {
	w.set[c.Name()] = append(w.set[c.Name()], pos)
	return c.Set(pos, blobOf(pos))
}

func blobOf(pos Position) []byte { return binary.BigEndian.AppendUint64(nil, pos.Seq*3+pos.Base) }

func newWorld() *world {
	return &world{tried: map[uint64]bool{}, acked: map[uint64]bool{}, base: map[uint64]uint64{}, set: map[string][]Position{}}
}

// check asserts that what is found after a crash is what may be found.
func (w *world) check(t *testing.T, after *memFS, opts Options) {
	t.Helper()
	if n := after.total(); n > opts.MaxBytes {
		t.Errorf("%d bytes used", n)
	}
	l, rep := open(t, after, opts)
	if len(rep.Problems) > 0 {
		t.Errorf("recovery: %v", rep)
	}
	for _, a := range rep.Aside {
		t.Errorf("set aside %+v", a)
	}
	whole := readAll(t, l.NewReader(l.Oldest()))
	if !slices.IsSorted(whole.seqs) {
		t.Errorf("order: %v", whole.seqs)
	}
	for _, seq := range whole.seqs {
		if !w.tried[seq] {
			t.Errorf("record %d was never appended", seq)
		}
	}
	for _, c := range l.Cursors() {
		w.checkCursor(t, l, c)
	}
	next := l.LastSeq() + 1
	appendSeqs(t, l, next, next+3)
	want := append(whole.seqs, seqRange(next, next+3)...)
	got := readAll(t, l.NewReader(l.Oldest()))
	if s := l.Stats(); s.Dropped+s.Released > 0 {
		want = want[len(want)-len(got.seqs):] // of the oldest
	}
	if !slices.Equal(got.seqs, want) {
		t.Errorf("before %v, after appending %v", whole.seqs, got.seqs)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func (w *world) checkCursor(t *testing.T, l *Log, c *Cursor) {
	t.Helper()
	pos, blob := c.Value()
	if set := w.set[c.Name()]; pos != (Position{}) {
		if !slices.Contains(set, pos) {
			t.Errorf("cursor %s at %v was never set", c.Name(), pos)
		}
		if string(blob) != string(blobOf(pos)) {
			t.Errorf("cursor %s at %v has a blob of another time", c.Name(), pos)
		}
	}
	got := readAll(t, l.NewReader(pos))
	if end := l.End(); got.last.Base != end.Base {
		t.Errorf("read up to %v of %v", got.last, end)
	}
	// Gaps by the cap, exact to the item; no others, but for what was not
	// synced and that another cursor remembers.
	inGap := func(seq uint64) bool {
		return slices.ContainsFunc(got.gaps, func(g Gap) bool { return g.Reason == Full && g.From.Seq < seq && seq <= g.To.Seq })
	}
	for _, g := range got.gaps {
		if g.Reason == Corrupt && g.From.Seq < w.durable {
			t.Errorf("cursor %s: gap %+v, synced up to %d", c.Name(), g, w.durable)
		}
		if g.Reason == Full && g.Items() != sumItems(g.From.Seq, g.To.Seq) {
			t.Errorf("cursor %s: gap %+v has %d items", c.Name(), g, sumItems(g.From.Seq, g.To.Seq))
		}
	}
	for seq := range w.acked {
		if seq > pos.Seq && seq <= w.durable && !slices.Contains(got.seqs, seq) && !inGap(seq) {
			t.Errorf("cursor %s at %d: synced record %d is lost", c.Name(), pos.Seq, seq)
		}
	}
}

func TestLog_CrashAfterEveryOperation(t *testing.T) {
	for _, interval := range []time.Duration{0, time.Hour} {
		opts := smallLog
		opts.SyncInterval = interval
		m := smallFS()
		w := newWorld()
		if err := w.workload(m, opts); err != nil {
			t.Fatal(err)
		}
		total := m.ops
		w.check(t, m, opts)
		for _, kind := range crashKinds {
			t.Run(fmt.Sprintf("interval=%v/left=%s", interval, kind), func(t *testing.T) {
				for n := 0; n < total; n += stride {
					crashAt(t, n, kind, opts)
					if t.Failed() {
						t.Fatalf("crash before operation %d of %d", n, total)
					}
				}
			})
		}
	}
}

// After kill -9 the next life may send what the kernel has not yet written.
// What it has read must survive a loss of power.
func TestLog_KilledAfterEveryOperation(t *testing.T) {
	for _, interval := range []time.Duration{0, time.Hour} {
		opts := smallLog
		opts.SyncInterval = interval
		for n := 0; ; n += stride {
			m, w := workUpTo(n, opts)
			if m == nil {
				break
			}
			m = m.kill()
			l, _ := open(t, m, opts)
			seen := readAll(t, l.NewReader(l.Oldest()))
			m = m.crash("lost", 0)
			l, _ = open(t, m, opts)
			if got := readAll(t, l.NewReader(l.Oldest())); !slices.Equal(got.seqs, seen.seqs) {
				t.Fatalf("killed before operation %d: read %v, after loss of power %v", n, seen.seqs, got.seqs)
			}
			l.Close()
			w.check(t, m, opts)
		}
	}
}

// workUpTo runs the workload and stops before operation n. It returns nil if
// there are not so many.
func workUpTo(n int, opts Options) (*memFS, *world) {
	m := smallFS()
	stopped := false
	m.before = func(o memOp) error {
		if stopped || o.changes && o.n == n {
			stopped = true
			return errCrashed
		}
		return nil
	}
	w := newWorld()
	if err := w.workload(m, opts); err == nil || !stopped {
		return nil, nil
	}
	return m, w
}

func crashAt(t *testing.T, n int, kind string, opts Options) {
	m, w := workUpTo(n, opts)
	if m == nil {
		t.Fatalf("operation %d did not crash", n)
	}
	w.check(t, m.crash(kind, uint64(n)), opts)
}

// The workload must do what its crashes are to test.
func TestLog_CrashWorkloadIsWorthIt(t *testing.T) {
	m := smallFS()
	done := map[string]int{}
	m.before = func(o memOp) error { done[o.kind]++; return nil }
	if err := newWorld().workload(m, smallLog); err != nil {
		t.Fatal(err)
	}
	t.Log(done)
	if done["remove"] < 10 || done["syncdir"] < 20 || done["sync"] < 90 {
		t.Errorf("operations: %v", done)
	}
}
