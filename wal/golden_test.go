package wal

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the golden log of the format's current version")

const goldenDir = "testdata/v1"

// The log in testdata/v1 was written by version 1 and must open for ever. If
// this test fails, the format has changed: see doc.go before using -update.
func TestGolden_OpensForEver(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	img := readGolden(t)
	l, rep := open(t, img.fs(), Options{SegmentBytes: 900})
	if !rep.Clean() || rep.Segments != 3 {
		t.Errorf("report %v", rep)
	}
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, seqRange(1, 18)) || got.lost != 0 {
		t.Errorf("read %+v", got)
	}
	c := l.Cursors()[0]
	pos, blob := c.Value()
	if c.Name() != "remote" || pos != (Position{2, sumItems(0, 2)}) || string(blob) != string(blobOf(pos)) {
		t.Errorf("cursor %s at %v", c.Name(), pos)
	}
	if l.End() != (Position{18, sumItems(0, 18)}) || l.LastTime() != 18_000 {
		t.Errorf("end %v", l.End())
	}
}

// The same appends make the same bytes, so that a change of the format is seen.
func TestGolden_IsWhatWeWrite(t *testing.T) {
	want, got := readGolden(t), smallWAL(t)
	delete(got, lockName)
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Fatalf("files %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

func readGolden(t testing.TB) image {
	t.Helper()
	files, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	img := image{}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(goldenDir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		img[f.Name()] = b
	}
	return img
}

func writeGolden(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(goldenDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range smallWAL(t) {
		if name == lockName {
			continue
		}
		if err := os.WriteFile(filepath.Join(goldenDir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
