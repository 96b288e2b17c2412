package wal

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
)

// A record whose append failed may be on the disk all the same. It must never
// come between records that were appended after it, and if a crash comes before
// there are any, it may be there or not, but whole.
func TestLog_FailedAppendsDoNotComeBack(t *testing.T) {
	for _, more := range []uint64{0, 1, 6} {
		for _, length := range []int{1, 2, 4} {
			for _, kind := range crashKinds {
				t.Run(fmt.Sprintf("appends=%d/errors=%d/left=%s", more, length, kind), func(t *testing.T) {
					for n := range 60 {
						failThenCrash(t, n, length, more, kind)
						if t.Failed() {
							t.Fatalf("error at operation %d", n)
						}
					}
				})
			}
		}
	}
}

// failThenCrash makes length operations fail from the nth on, appends more
// records, and crashes.
func failThenCrash(t *testing.T, n, length int, more uint64, kind string) {
	t.Helper()
	m := smallFS()
	l, _ := open(t, m, smallLog)
	if _, err := l.OpenCursor("c", Oldest); err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 1, 5)
	acked := seqRange(1, 5)
	count, fired := 0, 0
	m.before = func(o memOp) error {
		if count++; count-1 >= n && count-1 < n+length {
			fired++
			return syscall.EIO
		}
		return nil
	}
	seq := uint64(5)
	var failed []uint64
	for seq < 60 && fired < length {
		seq++
		if _, err := l.Append(header(seq), encodeOf(seq)); err == nil {
			acked = append(acked, seq)
		} else {
			failed = append(failed, seq)
		}
	}
	if fired == 0 {
		t.Fatal("the fault did not fire")
	}
	m.before = nil
	for range more {
		seq++
		appendSeqs(t, l, seq, seq)
		acked = append(acked, seq)
	}
	after := m.crash(kind, uint64(n))
	if used := after.total(); used > smallLog.MaxBytes {
		t.Errorf("%d bytes used", used)
	}
	l, rep := open(t, after, smallLog)
	if len(rep.Problems) > 0 {
		t.Error(rep)
	}
	got := readAll(t, l.NewReader(Position{}))
	want := acked
	if last := got.seqs[len(got.seqs)-1]; last > acked[len(acked)-1] && slices.Contains(failed, last) {
		want = append(slices.Clone(acked), last)
	}
	if i := slices.Index(want, got.seqs[0]); i > 0 && got.by[Full] > 0 {
		want = want[i:]
	}
	if !slices.Equal(got.seqs, want) || got.by[Corrupt] != 0 {
		t.Errorf("appended %v, found %v, gaps %v; %v", acked, got.seqs, got.gaps, rep)
	}
}

// A remote may have sent from memory a record whose append failed, and set its
// cursor after it. If the record turns up all the same, nothing is missing.
func TestReader_PassesAGhostItHasSettled(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{})
	c, err := l.OpenCursor("c", Oldest)
	if err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 1, 5)
	m.before = func(o memOp) error {
		if o.kind == "sync" || o.kind == "truncate" {
			return syscall.EIO
		}
		return nil
	}
	end, err := l.Append(header(6), encodeOf(6))
	if err == nil {
		t.Fatal("the fault did not fire")
	}
	m.before = nil
	if err := c.Set(Position{6, end.Base}, nil); err != nil {
		t.Fatal(err)
	}
	l, _ = open(t, m.crash("kept", 0), Options{})
	if l.End() != (Position{6, sumItems(0, 6)}) {
		t.Fatalf("no ghost: the log ends at %v", l.End())
	}
	pos := l.Cursors()[0].Position()
	early := l.NewReader(pos)
	if got := readAll(t, early); len(got.seqs) != 0 || got.lost != 0 {
		t.Errorf("got %+v", got)
	}
	appendSeqs(t, l, 7, 8)
	for _, r := range []*Reader{early, l.NewReader(pos)} {
		if got := readAll(t, r); !slices.Equal(got.seqs, seqRange(7, 8)) || got.lost != 0 {
			t.Errorf("got %+v", got)
		}
	}
}
