package wal

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// faultRun appends 60 records and moves a cursor, with an error of the disk
// from operation n on for length operations. It goes on over errors, as an
// agent does.
func faultRun(t *testing.T, n, length int, cause error, interval time.Duration) (fired bool) {
	m := smallFS()
	count := 0
	m.before = func(o memOp) error {
		count++
		if count-1 >= n && count-1 < n+length {
			fired = true
			return cause
		}
		return nil
	}
	opts := smallLog
	opts.FS, opts.SyncInterval = m, interval
	where := func() string { return fmt.Sprintf("%v at operations %d to %d: ", cause, n, n+length) }

	var l *Log
	var err error
	for range length + 1 {
		if l, _, err = Open(testDir, opts); err == nil {
			break
		}
		if !errors.Is(err, cause) {
			t.Fatal(where(), err)
		}
	}
	if err != nil {
		t.Fatal(where(), "open: ", err)
	}
	var c *Cursor
	for range length + 1 {
		if c, err = l.OpenCursor("c", Oldest); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(where(), "cursor: ", err)
	}
	var acked []uint64
	for seq := uint64(1); seq <= 60; seq++ {
		end, err := l.Append(header(seq), encodeOf(seq))
		if err == nil {
			acked = append(acked, seq)
		} else if !errors.Is(err, cause) {
			t.Fatal(where(), err)
		}
		if seq == 10 {
			_ = c.Set(end, nil)
		}
	}
	m.before = nil
	if _, err := l.Append(header(61), encodeOf(61)); err != nil {
		t.Fatal(where(), "after the fault: ", err)
	}
	acked = append(acked, 61)
	checkAcked(t, l, acked, where()+"live")
	if got := l.used.Load(); got != m.total() {
		t.Errorf("%s%d bytes counted, %d used", where(), got, m.total())
	}
	_ = l.Close()
	l, rep := open(t, m, opts)
	if len(rep.Problems) > 0 {
		t.Errorf("%sreopened: %v", where(), rep)
	}
	checkAcked(t, l, acked, where()+"reopened")
	appendSeqs(t, l, 62, 63)
	l.Close()
	return fired
}

// checkAcked asserts that exactly the acknowledged records after the cursor
// are in the log, but
// for those that the cap took, and that these are counted to the item.
func checkAcked(t *testing.T, l *Log, acked []uint64, where string) {
	t.Helper()
	pos := l.Cursors()[0].Position()
	got := readAll(t, l.NewReader(pos))
	want := slices.DeleteFunc(slices.Clone(acked), func(seq uint64) bool { return seq <= pos.Seq })
	for _, g := range got.gaps {
		var items uint64
		want = slices.DeleteFunc(want, func(seq uint64) bool {
			in := g.From.Seq < seq && seq <= g.To.Seq
			if in {
				items += uint64(itemsOf(seq))
			}
			return in
		})
		if g.Reason != Full || g.Items() != items {
			t.Errorf("%s: gap %+v over %d items", where, g, items)
		}
	}
	if !slices.Equal(got.seqs, want) {
		t.Errorf("%s: acknowledged %v, read %v, gaps %v", where, acked, got.seqs, got.gaps)
	}
}

func TestLog_SurvivesAnErrorAtEveryOperation(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for _, interval := range []time.Duration{0, time.Hour} {
			for _, length := range []int{1, 2, 5, 40} {
				n := 0
				for ; faultRun(t, n, length, cause, interval); n += stride {
					if t.Failed() {
						t.FailNow()
					}
				}
				if n < 100 {
					t.Errorf("only %d operations", n)
				}
			}
		}
	}
}

func TestReader_GivesUpOnABadBlock(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 600})
	appendSeqs(t, l, 1, 30)
	bad := segmentName(l.cat.segs[2].first)
	want := l.cat.segs[3].prev.Base - l.cat.segs[2].prev.Base
	fails := 0
	m.before = func(o memOp) error {
		if o.kind == "read" && o.name == bad {
			fails++
			return syscall.EIO
		}
		return nil
	}
	r := l.NewReader(Position{})
	seen := 0
	for range 100 {
		_, err := r.Next()
		if errors.Is(err, syscall.EIO) {
			seen++
			continue
		}
		var gap *Gap
		if errors.As(err, &gap) {
			if gap.Reason != Corrupt || gap.Items() != want {
				t.Errorf("gap %+v, want %d items", gap, want)
			}
			break
		}
	}
	if seen != patience-1 || fails != patience {
		t.Errorf("%d errors seen, %d reads failed", seen, fails)
	}
	if got := readAll(t, l.NewReader(r.Position())); got.last != l.End() {
		t.Errorf("stopped at %v", got.last)
	}
}

func TestReader_PassingErrorsAreNotDamage(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{})
	appendSeqs(t, l, 1, 5)
	r := l.NewReader(Position{})
	m.before = func(o memOp) error { return syscall.EMFILE }
	for range 10 * patience {
		if _, err := r.Next(); !errors.Is(err, syscall.EMFILE) {
			t.Fatal(err)
		}
	}
	m.before = nil
	if got := readAll(t, r); len(got.seqs) != 5 {
		t.Errorf("got %+v", got)
	}
}

func TestLog_DirectoryRemovedAndNotWritable(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, smallLog)
	c, err := l.OpenCursor("c", Oldest)
	if err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 1, 12)
	if err := c.Set(Position{4, sumItems(0, 4)}, nil); err != nil {
		t.Fatal(err)
	}
	m.removeAll(testDir)
	m.before = func(o memOp) error {
		if o.kind == "mkdir" {
			return syscall.EROFS
		}
		return nil
	}
	for seq := uint64(13); seq <= 15; seq++ {
		if _, err := l.Append(header(seq), encodeOf(seq)); !errors.Is(err, syscall.EROFS) {
			t.Fatal(err)
		}
	}
	if err := c.Set(Position{5, sumItems(0, 5)}, nil); !errors.Is(err, syscall.ENOENT) {
		t.Fatal(err)
	}
	m.before = nil
	appendSeqs(t, l, 16, 20)
	got := readAll(t, l.NewReader(c.Position()))
	if !slices.Equal(got.seqs, seqRange(16, 20)) || got.by[Corrupt] != sumItems(5, 12) {
		t.Errorf("got %+v", got)
	}
	if l.used.Load() != m.total() {
		t.Errorf("%d bytes counted, %d used", l.used.Load(), m.total())
	}
	l, _ = open(t, m.crash("lost", 0), smallLog)
	if pos := l.Cursors()[0].Position(); pos.Seq != 5 {
		t.Errorf("cursor at %v", pos)
	}
}

func TestLog_FailedAppendEndsItsSegmentCleanly(t *testing.T) {
	for _, kind := range []string{"write", "sync"} {
		m := newMemFS()
		l, _ := open(t, m, Options{})
		appendSeqs(t, l, 1, 4)
		size := l.active.size
		fired := false
		m.before = func(o memOp) error {
			if o.kind == kind && !fired {
				fired = true
				return syscall.ENOSPC
			}
			return nil
		}
		if _, err := l.Append(header(5), encodeOf(5)); !errors.Is(err, syscall.ENOSPC) || !fired {
			t.Fatal(kind, err)
		}
		if got := int64(len(m.names[l.path(segmentName(1))].data)); got != size {
			t.Errorf("%s: the segment has %d bytes, want %d", kind, got, size)
		}
		appendSeqs(t, l, 6, 7)
		if l.active.first != 6 {
			t.Errorf("%s: went on writing to segment %d", kind, l.active.first)
		}
	}
}
