package wal

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestReader_StartsAnywhere(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{SegmentBytes: 900})
	appendSeqs(t, l, 1, 40)
	for seq := range uint64(41) {
		pos := Position{seq, sumItems(0, seq)}
		got := readAll(t, l.NewReader(pos)) // checks primers and chains
		if !slices.Equal(got.seqs, seqRange(seq+1, 40)) || got.lost != 0 {
			t.Errorf("from %d: %+v", seq, got)
		}
	}
}

func TestReader_FollowsTheWriter(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{SegmentBytes: 900})
	r := l.NewReader(Position{})
	late := []*Reader{}
	for seq := uint64(1); seq <= 60; seq++ {
		if _, err := r.Next(); err != ErrEnd {
			t.Fatalf("before %d: %v", seq, err)
		}
		late = append(late, l.NewReader(l.End()))
		if _, err := late[seq-1].Next(); err != ErrEnd {
			t.Fatal(err)
		}
		appendSeqs(t, l, seq, seq)
		rec, err := r.Next()
		if err != nil || rec.Seq != seq || rec.Primer {
			t.Fatalf("%d: %+v, %v", seq, rec, err)
		}
	}
	// Readers that have waited at the end get their primers too.
	for i, r := range late {
		if got := readAll(t, r); !slices.Equal(got.seqs, seqRange(uint64(i+1), 60)) {
			t.Errorf("from %d: %v", i, got.seqs)
		}
	}
}

func TestReader_SeqsMayHaveGaps(t *testing.T) {
	l, _ := open(t, newMemFS(), Options{SegmentBytes: 600})
	var want []uint64
	for seq := uint64(3); seq < 300; seq += 1 + seq%11 {
		appendSeqs(t, l, seq, seq)
		want = append(want, seq)
	}
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, want) || got.lost != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestReader_MemoryIsBounded(t *testing.T) {
	l, _, err := Open(t.TempDir(), Options{SyncInterval: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for seq := uint64(1); seq <= 1000; seq++ {
		if _, err := l.Append(header(seq), bigEncode(2000)); err != nil {
			t.Fatal(err)
		}
	}
	r := l.NewReader(Position{})
	n := 0
	for {
		_, err := r.Next()
		if err == ErrEnd {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1000 || cap(r.scan.buf) > readChunk {
		t.Errorf("%d records, buffer of %d bytes", n, cap(r.scan.buf))
	}
}

func TestLog_ReadersBesideTheWriter(t *testing.T) {
	l, _, err := Open(t.TempDir(), Options{MaxBytes: 256 << 10, SyncInterval: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.OpenCursor("stuck", Oldest); err != nil {
		t.Fatal(err)
	}
	const records = 4000
	var done atomic.Bool
	var wg sync.WaitGroup
	for i := range 3 {
		c, err := l.OpenCursor(fmt.Sprint("c", i), Oldest)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for !t.Failed() && !follow(t, l, c, i, &done) {
			}
			if got := c.Position(); got != l.End() {
				t.Errorf("reader %d stopped at %v of %v", i, got, l.End())
			}
		})
	}
	for seq := uint64(1); seq <= records; seq++ {
		if _, err := l.Append(header(seq), bigEncode(int(seq%700))); err != nil {
			t.Error(err)
			break
		}
		_ = l.Stats()
	}
	done.Store(true)
	wg.Wait()
	if s := l.Stats(); s.Dropped == 0 {
		t.Errorf("the cap took nothing: %+v", s)
	}
}

// follow reads what there is with a new reader, and keeps the books in the
// cursor. It returns true when the writer is done and all is read.
func follow(t *testing.T, l *Log, c *Cursor, every int, done *atomic.Bool) bool {
	last := done.Load()
	r := l.NewReader(c.Position())
	for n := 0; ; n++ {
		before := r.Position()
		rec, err := r.Next()
		var gap *Gap
		switch {
		case err == ErrEnd:
			if err := c.Set(r.Position(), nil); err != nil {
				t.Error(err)
			}
			return last
		case errors.As(err, &gap):
			if gap.Reason != Full || gap.Items() != sumItems(gap.From.Seq, gap.To.Seq) {
				t.Errorf("gap %+v", gap)
				return true
			}
		case err != nil:
			t.Error(err)
			return true
		case rec.Primer:
			continue
		case rec.Seq != before.Seq+1 || rec.Base != before.Base:
			t.Errorf("%+v after %v", rec, before)
			return true
		}
		if n%(1+100*every) == 0 {
			if err := c.Set(r.Position(), nil); err != nil {
				t.Error(err)
			}
		}
		if n == 1000 {
			_ = c.Set(r.Position(), nil)
			return false
		}
	}
}
