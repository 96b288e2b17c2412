package wal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// errInterrupted is the verdict about a file whose creation was.
var errInterrupted = errors.New("creation was interrupted")

// examine reads as little of a segment as it takes to know whether it is one.
func examine(fsys FS, path string, first uint64, size int64) (segment, error) {
	s := segment{first: first, size: size, disk: size}
	head, err := readSegmentHeader(fsys, path, first)
	if err == nil {
		s.prev, s.sure = head.prev, true
		return s, nil
	}
	if errors.Is(err, ErrVersion) || errors.Is(err, fs.ErrNotExist) || passing(err) {
		return s, err
	}
	s.prev.Seq = first - 1
	sc := scanner{fs: fsys, tries: 1}
	sc.open(path, s)
	if h, rerr := sc.next(); rerr == nil {
		s.prev.Base = h.base
		return s, nil
	}
	if size < prefix || sc.zeroes() {
		return s, errInterrupted
	}
	return s, &CorruptError{Segment: segmentName(first), Err: err}
}

func readSegmentHeader(fsys FS, path string, first uint64) (segmentHeader, error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY)
	if err != nil {
		return segmentHeader{}, err
	}
	defer f.Close()
	var b [segmentHeaderSize]byte
	n, err := f.ReadAt(b[:], 0)
	if n < len(b) && err != nil && err != io.EOF {
		return segmentHeader{}, err
	}
	return parseSegmentHeader(b[:n], first)
}

// zeroes tells whether nothing but zeroes follows the segment's header.
func (s *scanner) zeroes() bool {
	for off := int64(segmentHeaderSize); off < s.size; {
		n := min(s.size-off, readBlock)
		b, err := s.window(off, int(n))
		if err != nil || len(bytes.TrimLeft(b, "\x00")) > 0 {
			return false
		}
		off += n
	}
	return true
}

// tail is what is known of a segment after reading it to its end.
type tail struct {
	records     int
	end         Position
	time        int64
	size        int64 // bytes up to the end of the last record
	interrupted bool  // there are no records, and only what a crash leaves
	tornItems   uint64

	damagedBytes int64
	damagedItems uint64
}

// scanTail reads a segment to its end.
func scanTail(fsys FS, path string, s segment) tail {
	t := tail{end: s.prev, size: segmentHeaderSize}
	if !s.sure {
		t.damagedBytes = segmentHeaderSize
	} else if head, err := readSegmentHeader(fsys, path, s.first); err == nil {
		t.time = head.time
	}
	sc := scanner{fs: fsys, tries: 1}
	sc.open(path, s)
	for {
		h, err := sc.next()
		if err != nil {
			break
		}
		t.add(h)
		if _, err := sc.payload(h); err != nil {
			t.damagedBytes += h.next() - h.off
			t.damagedItems += uint64(h.count)
		}
		t.damagedBytes += sc.skipped
		sc.skipped = 0
		sc.pass(h)
	}
	torn := sc.cut.off >= t.size
	if torn {
		t.tornItems = uint64(sc.cut.count)
	}
	t.interrupted = t.records == 0 && (torn || s.size < prefix || sc.zeroes())
	return t
}

func (t *tail) add(h recordHeader) {
	if h.base > t.end.Base {
		t.damagedItems += h.base - t.end.Base
	}
	t.records++
	t.end = h.end()
	t.time = max(t.time, h.time)
	t.size = h.next()
}
