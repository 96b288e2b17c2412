package wal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// A Record is one record of the log.
type Record struct {
	Seq    uint64
	Base   uint64 // items appended before it
	Count  uint32 // items in it
	Time   int64  // milliseconds, as appended
	Key    bool   // can be decoded alone
	Primer bool   // already settled; given only so that later ones can be decoded

	// Payload is valid until the next call of Next.
	Payload []byte
}

// End returns the position after the record.
func (r *Record) End() Position {
	return Position{Seq: r.Seq, Base: r.Base + uint64(r.Count)}
}

// A Reason tells why items are missing.
type Reason string

// Reasons, fit for use as metric labels.
const (
	Full    Reason = "wal_full"    // deleted to keep within MaxBytes
	Corrupt Reason = "wal_corrupt" // damaged, or gone for another reason
)

// A Gap is returned by Reader.Next in place of records that are missing.
// The record after it is a key record.
type Gap struct {
	From, To Position // the reader's position before and after
	Reason   Reason
	Bytes    int64 // damaged bytes that were passed over on the way
}

// Items returns the number of missing items.
func (g *Gap) Items() uint64 { return g.To.Base - g.From.Base }

func (g *Gap) Error() string {
	return fmt.Sprintf("%d items missing after record %d to %d: %s", g.Items(), g.From.Seq, g.To.Seq, g.Reason)
}

// A Reader reads the records of a log in order, while it is written. It holds
// no file open between calls, needs no closing, and uses memory for its largest
// record or 64 KiB. It belongs to one goroutine.
type Reader struct {
	dir  string
	cat  *catalog
	scan scanner
	pos  Position // all before it was returned, reported, or not asked for

	seg     part  // being read; first is 0 before any
	seeking bool  // looking for the first record after pos
	key     int64 // while seeking: offset of the last key record, 0 if none
	chain   bool  // the last key record and all since were returned
	bytes   int64 // damaged bytes passed over since the last gap
}

func newReader(dir string, fsys FS, cat *catalog, after Position) *Reader {
	return &Reader{dir: dir, cat: cat, pos: after, scan: scanner{fs: fsys, tries: patience}}
}

// Position returns the end of the last record or gap that Next returned, or the
// position that the reader was made with.
func (r *Reader) Position() Position { return r.pos }

// Next returns the next record.
//
// If the first record after the reader's position is not a key record, those
// that it needs come first, marked Primer. If records are missing it returns a
// *Gap, once, and then goes on. At the end of the log it returns ErrEnd, and
// may be called again when there is more. Any other error is the disk's: a
// later call tries again, and after a few times takes the bytes for damaged.
func (r *Reader) Next() (Record, error) {
	if r.seg.first == 0 && !r.follow() {
		return Record{}, r.atEnd()
	}
	for {
		h, err := r.scan.next()
		switch {
		case err == nil && h.seq <= r.seg.end.Seq:
			rec, err := r.take(h)
			if err != errPassed {
				return rec, err
			}
		case err == nil || err == io.EOF || errors.Is(err, fs.ErrNotExist):
			if !r.more(err == io.EOF) {
				return Record{}, r.atEnd()
			}
		default:
			return Record{}, fmt.Errorf("read %s: %w", segmentName(r.seg.first), err)
		}
	}
}

// errPassed says that a record is not for the user.
var errPassed = errors.New("passed")

// take decides about a record that the scanner stands before.
func (r *Reader) take(h recordHeader) (Record, error) {
	r.damage()
	if r.seeking && !r.sought(h) {
		return Record{}, errPassed
	}
	if !h.key && !r.chain {
		r.scan.pass(h)
		return Record{}, errPassed
	}
	payload, err := r.scan.payload(h)
	if errors.Is(err, errDamaged) {
		r.scan.skipped += h.next() - h.off
		r.scan.pass(h)
		return Record{}, errPassed
	}
	if err != nil {
		return Record{}, fmt.Errorf("read %s: %w", segmentName(r.seg.first), err)
	}
	primer := h.seq <= r.pos.Seq
	if !primer && h.base > r.pos.Base {
		return Record{}, r.gap(Position{Seq: h.seq - 1, Base: h.base})
	}
	r.scan.pass(h)
	r.chain = true
	if !primer {
		r.pos, r.bytes = h.end(), 0
	}
	return Record{Seq: h.seq, Base: h.base, Count: h.count, Time: h.time, Key: h.key, Primer: primer, Payload: payload}, nil
}

// damage notes whether bytes were passed over, which breaks the chain.
func (r *Reader) damage() {
	if r.scan.skipped == 0 {
		return
	}
	r.bytes += r.scan.skipped
	r.scan.skipped = 0
	r.chain = false
}

// sought tells whether h, while seeking, is where reading may begin. If not,
// it has moved the scanner to where to look next.
func (r *Reader) sought(h recordHeader) bool {
	if h.seq <= r.pos.Seq {
		if h.key {
			r.key = h.off
		}
		r.scan.pass(h)
		return false
	}
	r.seeking = false
	if h.key || r.key == 0 {
		return true
	}
	r.scan.rewind(r.key)
	r.bytes = 0
	return false
}

// more goes on after the end of the committed bytes, or of the file. It returns
// false if there is nothing more for now.
func (r *Reader) more(there bool) bool {
	r.damage()
	p, ok := r.cat.refresh(r.seg.first)
	if ok && there && p.size > r.scan.size {
		r.seg = p
		r.scan.size = p.size
		return true
	}
	if ok && p.newest {
		r.seg = p
		return false
	}
	return r.follow()
}

// follow starts the next segment, if there is one.
func (r *Reader) follow() bool {
	p, ok := r.cat.following(r.seg.first, r.pos.Seq)
	if !ok {
		r.seg.logEnd, r.seg.capped = p.logEnd, p.capped
		return false
	}
	if p.sure && p.prev.Seq <= r.pos.Seq {
		// All before the segment is settled, even if the position was taken when
		// the append of its record seemed to have failed.
		r.pos.Base = max(r.pos.Base, p.prev.Base)
	}
	r.seg = p
	r.scan.open(filepath.Join(r.dir, segmentName(p.first)), p.segment)
	r.seeking, r.key, r.chain = p.first <= r.pos.Seq, 0, false
	return true
}

// atEnd returns ErrEnd, or the gap between what could be read and the end.
func (r *Reader) atEnd() error {
	end := r.seg.logEnd
	if end.Seq > r.pos.Seq && end.Base > r.pos.Base {
		return r.gap(end)
	}
	return ErrEnd
}

// gap moves the reader to a position and returns what it missed. A gap with two
// reasons is returned in two parts, since the caller will come back here.
func (r *Reader) gap(to Position) *Gap {
	g := &Gap{From: r.pos, To: to, Reason: Corrupt}
	if capped := r.seg.capped; capped.Base > r.pos.Base {
		g.Reason = Full
		if capped.Base < to.Base {
			g.To = Position{Seq: max(r.pos.Seq, min(capped.Seq, to.Seq)), Base: capped.Base}
		}
	}
	if g.To == to {
		g.Bytes, r.bytes = r.bytes, 0
	}
	r.pos = g.To
	return g
}
