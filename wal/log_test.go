package wal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestLog_ReadsWhatWasAppended(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 600})
	appendSeqs(t, l, 1, 50)
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, seqRange(1, 50)) || got.lost != 0 {
		t.Errorf("got %+v", got)
	}
	if want := (Position{50, sumItems(0, 50)}); l.End() != want || l.LastSeq() != 50 || l.LastTime() != 50_000 {
		t.Errorf("end %+v, want %+v", l.End(), want)
	}
	if s := l.Stats(); s.Appends != 50 || s.Segments < 5 || s.Failures != 0 {
		t.Errorf("stats %+v", s)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, rep := open(t, m, Options{SegmentBytes: 600})
	if !rep.Clean() {
		t.Errorf("report %v", rep)
	}
	appendSeqs(t, l, 51, 60)
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, seqRange(1, 60)) || got.lost != 0 {
		t.Errorf("after reopening: %+v", got)
	}
}

func TestLog_OneWriteAndOneSyncPerAppend(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{})
	appendSeqs(t, l, 1, 1)
	before := l.Stats()
	appendSeqs(t, l, 2, 11)
	after := l.Stats()
	if w, s, d := after.Writes-before.Writes, after.Syncs-before.Syncs, after.DirSyncs-before.DirSyncs; w != 10 || s != 10 || d != 0 {
		t.Errorf("10 appends: %d writes, %d syncs, %d directory syncs", w, s, d)
	}
}

func TestLog_SyncInterval(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{SyncInterval: time.Minute})
	now := time.Unix(1000, 0)
	steps := []struct {
		after time.Duration
		syncs uint64
	}{{0, 1}, {time.Second, 0}, {58 * time.Second, 0}, {time.Second, 1}, {59 * time.Second, 0}}
	for i, step := range steps {
		now = now.Add(step.after)
		appendSeqs(t, l, uint64(i+1), uint64(i+1))
		before := l.Stats().Syncs
		if err := l.Sync(now); err != nil {
			t.Fatal(err)
		}
		if got := l.Stats().Syncs - before; got != step.syncs {
			t.Errorf("step %d: %d syncs, want %d", i, got, step.syncs)
		}
	}
	if got := readAll(t, l.NewReader(Position{})); len(got.seqs) != len(steps) {
		t.Errorf("read %v before the sync", got.seqs)
	}
}

func TestLog_RefusesBadAppends(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{MaxBytes: 1 << 20})
	appendSeqs(t, l, 1, 5)
	notKey := func(dst []byte, key bool) ([]byte, bool) { return append(dst, 'x'), false }
	tests := []struct {
		name string
		seq  uint64
		enc  Encode
		want error
	}{
		{"same seq", 5, encodeOf(5), ErrOrder},
		{"seq too high", MaxSeq + 1, encodeOf(6), ErrOrder},
		{"too large for the cap", 6, func(dst []byte, _ bool) ([]byte, bool) { return append(dst, make([]byte, 1<<20)...), true }, ErrTooLarge},
		{"not a key after a failure", 6, notKey, ErrEncode},
		{"not extended", 6, func([]byte, bool) ([]byte, bool) { return nil, true }, ErrEncode},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := l.Append(Header{Seq: tt.seq}, tt.enc); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	appendSeqs(t, l, 6, 7)
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, seqRange(1, 7)) {
		t.Errorf("read %v", got.seqs)
	}
}

func TestLog_LocksOutOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	l, _, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("second open: %v", err)
	} else {
		t.Log(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// A lock file alone, as kill -9 leaves it, locks nobody out.
	l, _, err = Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestLog_OptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{MaxBytes: 1}, {SegmentBytes: -1}, {SyncInterval: -1}} {
		if _, _, err := Open(t.TempDir(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestLog_RecreatesARemovedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l, _, err := Open(dir, Options{SegmentBytes: 600})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := l.OpenCursor("remote", Oldest)
	if err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 1, 20)
	if err := c.Set(Position{5, sumItems(0, 5)}, []byte("five")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 21, 25)
	got := readAll(t, l.NewReader(c.Position()))
	if !slices.Equal(got.seqs, seqRange(21, 25)) || got.by[Corrupt] != sumItems(5, 20) {
		t.Errorf("got %+v", got)
	}
	in, err := Inspect(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Cursors) != 1 || in.Cursors[0].Seq != 5 || string(in.Cursors[0].Blob) != "five" {
		t.Errorf("cursors %+v", in.Cursors)
	}
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("the new directory is not locked: %v", err)
	}
}

func TestLog_AppendAllocatesNothing(t *testing.T) {
	for _, interval := range []time.Duration{0, time.Hour} {
		l, _, err := Open(t.TempDir(), Options{SyncInterval: interval})
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.OpenCursor("remote", Oldest)
		if err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, 2000)
		encode := func(dst []byte, key bool) ([]byte, bool) { return append(dst, payload...), key }
		var seq uint64
		blob := make([]byte, 100)
		n := testing.AllocsPerRun(50, func() {
			seq++
			end, err := l.Append(Header{Seq: seq, Count: 1000, Time: 1}, encode)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Set(end, blob); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("interval=%v: %v allocations", interval, n)
		}
		l.Close()
	}
}
