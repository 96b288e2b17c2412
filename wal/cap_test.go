package wal

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func bigEncode(size int) Encode {
	return func(dst []byte, key bool) ([]byte, bool) { return append(dst, make([]byte, size)...), key }
}

func TestLog_CapHoldsAtEveryInstant(t *testing.T) {
	const limit = 1 << 20
	m := newMemFS()
	opts := Options{MaxBytes: limit, SegmentBytes: 64 << 10}
	highest := int64(0)
	m.after = func(m *memFS) {
		highest = max(highest, m.total())
		if m.total() > limit {
			t.Fatalf("%d bytes used", m.total())
		}
	}
	// Something that an earlier life has set aside.
	m.dirs[testDir] = true
	m.names[testDir+"/x.seg"+asideSuffix] = &inode{data: make([]byte, 50_000), links: 1}
	l, _ := open(t, m, opts)
	var cursors []*Cursor
	for i := range 4 {
		c, err := l.OpenCursor(fmt.Sprintf("c%d", i), Oldest)
		if err != nil {
			t.Fatal(err)
		}
		cursors = append(cursors, c)
	}
	var appended uint64
	var reader [4]*Reader
	var lost, read [4]uint64
	for seq := uint64(1); seq <= 3000; seq++ {
		size := int(seq*7919%5000) + 1
		if seq%400 == 0 {
			size = 200_000 // larger than a segment
		}
		if _, err := l.Append(header(seq), bigEncode(size)); err != nil {
			t.Fatal(err)
		}
		appended += uint64(itemsOf(seq))
		if seq == 1500 { // another life
			if s := l.Stats(); s.AsideDrops != 1 || s.AsideFiles != 0 {
				t.Errorf("stats %+v", s)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l, _ = open(t, m, opts)
			cursors = l.Cursors()
			clear(reader[:])
		}
		for i := 1; i < 4; i++ { // cursor 0 never moves
			if reader[i] == nil {
				reader[i] = l.NewReader(cursors[i].Position())
			}
			for range []int{0, 1, 1, 2}[i] {
				if i == 1 && seq%3 == 0 {
					break
				}
				if _, err := step(reader[i], &read[i], &lost[i]); err != nil {
					break
				}
			}
			if err := cursors[i].Set(reader[i].Position(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 4 {
		r := reader[i]
		if r == nil {
			r = l.NewReader(cursors[i].Position())
		}
		for {
			if _, err := step(r, &read[i], &lost[i]); err != nil {
				break
			}
		}
		if read[i]+lost[i] != appended || lost[i] == 0 != (i >= 2) {
			t.Errorf("cursor %d: read %d, lost %d of %d", i, read[i], lost[i], appended)
		}
	}
	if s := l.Stats(); s.Dropped == 0 || s.DroppedItems == 0 || s.Bytes != m.total() {
		t.Errorf("stats %+v, %d used", s, m.total())
	}
	if highest < limit*3/4 {
		t.Errorf("used no more than %d", highest)
	}
	t.Logf("highest %d of %d, lost %v", highest, limit, lost)
}

// step counts what the reader gives next.
func step(r *Reader, read, lost *uint64) (Record, error) {
	rec, err := r.Next()
	var gap *Gap
	if errors.As(err, &gap) {
		if gap.Reason != Full {
			panic(gap)
		}
		*lost += gap.Items()
		return rec, nil
	}
	if err == nil && !rec.Primer {
		*read += uint64(rec.Count)
	}
	return rec, err
}

func TestLog_CapMayTakeTheActiveSegment(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{MaxBytes: 128 << 10})
	appendSeqs(t, l, 1, 10)
	if _, err := l.Append(header(11), bigEncode(110<<10)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(header(12), bigEncode(110<<10)); err != nil {
		t.Fatal(err)
	}
	r := l.NewReader(Position{})
	var read, lost uint64
	for {
		if _, err := step(r, &read, &lost); err != nil {
			break
		}
	}
	if read != uint64(itemsOf(12)) || lost != sumItems(0, 11) {
		t.Errorf("read %d, lost %d", read, lost)
	}
}

func TestLog_CapLoweredBetweenLives(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 4096})
	appendSeqs(t, l, 1, 1000)
	l.Close()
	l, rep := open(t, m, Options{MaxBytes: MinMaxBytes})
	if m.total() > MinMaxBytes || len(rep.Problems) > 0 {
		t.Errorf("%d bytes used; %v", m.total(), rep)
	}
	got := readAll(t, l.NewReader(Position{}))
	if got.by[Full] == 0 || got.by[Corrupt] != 0 || got.items+got.lost != sumItems(0, 1000) {
		t.Errorf("read %d, lost %v", got.items, got.by)
	}
}

func TestLog_ReleasesWhatAllHavePassed(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 600})
	appendSeqs(t, l, 1, 30)
	if n := l.Stats().Released; n != 0 {
		t.Fatalf("released %d segments without a cursor", n)
	}
	a, _ := l.OpenCursor("a", Oldest)
	if _, err := l.OpenCursor("b", Oldest); err != nil {
		t.Fatal(err)
	}
	if err := a.Set(l.End(), nil); err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 31, 31)
	if n := l.Stats().Released; n != 0 {
		t.Fatalf("released %d segments that b wants", n)
	}
	if err := l.RemoveCursor("b"); err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 32, 32)
	if s := l.Stats(); s.Released == 0 || s.Segments > 2 || s.Dropped != 0 {
		t.Errorf("stats %+v", s)
	}
	if got := readAll(t, l.NewReader(a.Position())); !slices.Equal(got.seqs, seqRange(31, 32)) || got.lost != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestReader_SplitsAGapByReason(t *testing.T) {
	img := smallWAL(t)
	all := img.places(t)
	m := img.fs()
	l, _ := open(t, m, Options{SegmentBytes: 900})
	first := l.cat.segs[1].first // of the second segment
	if err := l.dropOldest(); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p place) bool { return p.seq == first })
	m.names[testDir+"/"+all[i].file].data[all[i].to-1] ^= 1
	l.Close()
	l, _ = open(t, m, Options{})
	got := readAll(t, l.NewReader(Position{}))
	if len(got.gaps) != 2 || got.gaps[0].Reason != Full || got.gaps[1].Reason != Corrupt ||
		got.by[Full] != sumItems(0, first-1) || got.items+got.lost != sumItems(0, 18) {
		t.Errorf("%+v", got)
	}
}
