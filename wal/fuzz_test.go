package wal

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"testing"
)

// drain reads to the end without knowing what is there. It returns the items
// read and lost.
func drain(t *testing.T, r *Reader) (items uint64) {
	from := r.Position()
	for n := 0; ; n++ {
		rec, err := r.Next()
		var gap *Gap
		switch {
		case err == ErrEnd:
			if got := r.Position().Base - from.Base; got < items {
				t.Fatalf("%d items counted, position moved by %d", items, got)
			}
			return items
		case errors.As(err, &gap):
			items += gap.Items()
		case err != nil:
			t.Fatal(err)
		case !rec.Primer:
			items += uint64(rec.Count)
		}
		if n > 1<<20 {
			t.Fatal("endless")
		}
	}
}

func FuzzOpenSegment(f *testing.F) {
	img := smallWAL(f)
	names := slices.Sorted(maps.Keys(img))
	f.Add(img[names[0]])
	f.Add(img[names[0]][:500])
	f.Add([]byte(segmentMagic))
	f.Add(make([]byte, 300))
	huge := slices.Clone(img[names[0]])
	huge[segmentHeaderSize+39] = 0xFF // length
	f.Add(huge)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, beside := range []bool{false, true} {
			m := image{segmentName(1): b}.fs()
			if beside {
				img := maps.Clone(img)
				img[names[0]] = b
				m = img.fs()
			}
			in, err := Inspect(testDir, m)
			if err != nil {
				t.Fatal(err)
			}
			for range in.Segments() {
			}
			drain(t, in.NewReader(Position{}))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			l, _ := open(t, m, Options{})
			drain(t, l.NewReader(Position{}))
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+64*uint64(len(b)) {
				t.Fatalf("allocated %d for %d bytes", n, len(b))
			}
			seq := l.LastSeq() + 1
			appendSeqs(t, l, seq, seq)
			drain(t, l.NewReader(Position{}))
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzCursorFile(f *testing.F) {
	img := smallWAL(f)
	f.Add(img["remote.cursor"])
	f.Add(img[stateName])
	f.Add(img["remote.cursor"][:slotSize])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		img := maps.Clone(img)
		img["remote.cursor"] = b
		img[stateName] = b
		l, _ := open(t, img.fs(), Options{})
		c, err := l.OpenCursor("remote", Oldest)
		if err != nil {
			t.Fatal(err)
		}
		drain(t, l.NewReader(c.Position()))
		seq := l.LastSeq() + 1
		appendSeqs(t, l, seq, seq)
		if err := c.Set(l.End(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
