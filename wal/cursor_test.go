package wal

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestCursor_KeepsItsValue(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 600})
	appendSeqs(t, l, 1, 20)
	names := []string{"plain", "http://a.b/c?d=e", "..", "ünï", strings.Repeat("/", maxCursorName)}
	for i, name := range names {
		c, err := l.OpenCursor(name, Oldest)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Fresh() || c.Name() != name || c.Position() != (Position{}) {
			t.Errorf("new cursor %+v", c)
		}
		for seq := uint64(1); seq <= uint64(i+1); seq++ {
			if err := c.Set(Position{seq, sumItems(0, seq)}, []byte(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.Close()
	l, rep := open(t, m, Options{})
	if !rep.Clean() || len(l.Cursors()) != len(names) {
		t.Errorf("%d cursors; %v", len(l.Cursors()), rep)
	}
	for i, name := range names {
		c, err := l.OpenCursor(name, Newest)
		if err != nil {
			t.Fatal(err)
		}
		seq := uint64(i + 1)
		if pos, blob := c.Value(); c.Fresh() || pos != (Position{seq, sumItems(0, seq)}) || string(blob) != name {
			t.Errorf("%q: %v %q", name, pos, blob)
		}
	}
}

func TestCursor_NewestStartsAtTheEnd(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{})
	appendSeqs(t, l, 1, 20)
	c, err := l.OpenCursor("c", Newest)
	if err != nil || c.Position() != l.End() {
		t.Errorf("%v, %v", c.Position(), err)
	}
}

func TestCursor_Refuses(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{})
	for _, name := range []string{"", strings.Repeat("x", maxCursorName+1)} {
		if _, err := l.OpenCursor(name, Oldest); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	c, _ := l.OpenCursor("c", Oldest)
	if err := c.Set(Position{5, 5}, make([]byte, MaxBlob+1)); !errors.Is(err, ErrBlob) {
		t.Error(err)
	}
	if err := c.Set(Position{5, 5}, make([]byte, MaxBlob)); err != nil {
		t.Error(err)
	}
	if err := c.Set(Position{4, 5}, nil); !errors.Is(err, ErrBackwards) {
		t.Error(err)
	}
	if pos, blob := c.Value(); pos != (Position{5, 5}) || len(blob) != MaxBlob {
		t.Errorf("changed to %v", pos)
	}
	if err := l.RemoveCursor("c"); err != nil {
		t.Error(err)
	}
	if err := c.Set(Position{6, 6}, nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if len(l.Cursors()) != 0 || l.RemoveCursor("c") != nil {
		t.Error("still there")
	}
}

func TestCursor_SetIsOneWriteAndNoSync(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{})
	c, _ := l.OpenCursor("c", Oldest)
	before := l.Stats()
	for seq := uint64(1); seq <= 10; seq++ {
		if err := c.Set(Position{seq, seq}, nil); err != nil {
			t.Fatal(err)
		}
	}
	after := l.Stats()
	if after.Writes-before.Writes != 10 || after.Syncs != before.Syncs {
		t.Errorf("%+v, then %+v", before, after)
	}
}

func TestCursor_HoldsInMemoryOverAnError(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{})
	c, _ := l.OpenCursor("c", Oldest)
	m.before = func(o memOp) error { return syscall.ENOSPC }
	if err := c.Set(Position{7, 7}, []byte("seven")); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	m.before = nil
	if c.Position().Seq != 7 {
		t.Error("forgotten")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, _ = open(t, m, Options{})
	if pos, blob := l.Cursors()[0].Value(); pos.Seq != 7 || string(blob) != "seven" {
		t.Errorf("%v %q", pos, blob)
	}
}

func TestCursorFile_NamesComeBack(t *testing.T) {
	files := map[string]bool{}
	for c := range 256 {
		name := "a" + string([]byte{byte(c)}) + "b"
		file, err := cursorFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(file, "/\x00 ") || files[file] {
			t.Errorf("%q is called %q", name, file)
		}
		files[file] = true
		if back, ok := parseCursorFile(file); !ok || back != name {
			t.Errorf("%q became %q", name, back)
		}
	}
	for _, file := range []string{"x", ".cursor", "%.cursor", "%4.cursor", "%zz.cursor", "%61.cursor", "a b.cursor"} {
		if name, ok := parseCursorFile(file); ok {
			t.Errorf("%q taken for cursor %q", file, name)
		}
	}
}

func TestLog_SeqIsNeverUsedTwice(t *testing.T) {
	img := smallWAL(t)
	for name := range img {
		if strings.HasSuffix(name, segmentSuffix) {
			delete(img, name)
		}
	}
	l, _ := open(t, img.fs(), Options{})
	if l.LastSeq() != 18 || l.End().Base != sumItems(0, 18) || l.LastTime() != 18_000 {
		t.Errorf("with STATE: %v", l.End())
	}
	delete(img, stateName)
	l, _ = open(t, img.fs(), Options{})
	if l.LastSeq() != 2 {
		t.Errorf("with a cursor: %v", l.End())
	}
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.gaps, []Gap{{To: Position{2, sumItems(0, 2)}, Reason: Corrupt}}) {
		t.Errorf("got %+v", got)
	}
}
