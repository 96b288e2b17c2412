package wal

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testDir = "/log"

// itemsOf is the number of items of the test's record seq.
func itemsOf(seq uint64) uint32 { return uint32(seq%7 + 1) }

// payloadOf is the payload of the test's record seq.
func payloadOf(seq uint64, key bool) []byte {
	kind := "delta"
	if key {
		kind = "key"
	}
	b := fmt.Appendf(nil, "%s %d ", kind, seq)
	for i := uint64(0); i < 20+seq%13*5; i++ {
		b = append(b, byte(seq*31+i*7))
	}
	return b
}

// encodeOf encodes the test's record seq; some are keys without being asked.
func encodeOf(seq uint64) Encode {
	return func(dst []byte, key bool) ([]byte, bool) {
		key = key || seq%5 == 0
		return append(dst, payloadOf(seq, key)...), key
	}
}

func header(seq uint64) Header {
	return Header{Seq: seq, Count: itemsOf(seq), Time: int64(1000 * seq)}
}

func open(t testing.TB, fsys FS, opts Options) (*Log, *Report) {
	t.Helper()
	opts.FS = fsys
	l, rep, err := Open(testDir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l, rep
}

func appendSeqs(t testing.TB, l *Log, from, to uint64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if _, err := l.Append(header(seq), encodeOf(seq)); err != nil {
			t.Fatal(err)
		}
	}
}

// taken is what a reader gave.
type taken struct {
	seqs  []uint64
	gaps  []Gap
	items uint64 // of records
	lost  uint64 // of gaps
	by    map[Reason]uint64
	first Position
	last  Position
}

// readAll reads to the end, checks every rule that a reader promises, and that
// what it gave adds up.
func readAll(t testing.TB, r *Reader) taken {
	t.Helper()
	got := taken{first: r.Position(), by: map[Reason]uint64{}}
	chain, wantKey := uint64(0), true // chain: last seq decoded
	for {
		rec, err := r.Next()
		var gap *Gap
		switch {
		case err == ErrEnd:
			got.last = r.Position()
			// The position may begin below what is known to be settled.
			if d := got.last.Base - got.first.Base; d < got.items+got.lost {
				t.Fatalf("read %d items and lost %d, but advanced by %d", got.items, got.lost, d)
			}
			return got
		case errors.As(err, &gap):
			if gap.Items() == 0 || gap.To.Seq < gap.From.Seq {
				t.Fatalf("empty gap %+v", gap)
			}
			got.gaps = append(got.gaps, *gap)
			got.lost += gap.Items()
			got.by[gap.Reason] += gap.Items()
			wantKey = true
			continue
		case err != nil:
			t.Fatal(err)
		}
		if wantKey && !rec.Key {
			t.Fatalf("record %d is not a key", rec.Seq)
		}
		wantKey = false
		if !bytes.Equal(rec.Payload, payloadOf(rec.Seq, rec.Key)) || rec.Count != itemsOf(rec.Seq) || rec.Time != int64(1000*rec.Seq) {
			t.Fatalf("record %d: %+v", rec.Seq, rec)
		}
		if rec.Seq <= chain {
			t.Fatalf("record %d after %d", rec.Seq, chain)
		}
		chain = rec.Seq
		if rec.Primer != (rec.Seq <= got.first.Seq) {
			t.Fatalf("record %d from %d: primer %v", rec.Seq, got.first.Seq, rec.Primer)
		}
		if rec.Primer {
			continue
		}
		got.seqs = append(got.seqs, rec.Seq)
		got.items += uint64(rec.Count)
	}
}

// sumItems adds up the items of the test's records after from up to to.
func sumItems(from, to uint64) (n uint64) {
	for seq := from + 1; seq <= to; seq++ {
		n += uint64(itemsOf(seq))
	}
	return n
}

func seqRange(from, to uint64) (s []uint64) {
	for seq := from; seq <= to; seq++ {
		s = append(s, seq)
	}
	return s
}
