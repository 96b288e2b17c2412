package wal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"syscall"
)

const (
	readChunk = 64 << 10 // bytes read at once, if no record is larger
	readBlock = 4 << 10  // bytes given up for one that cannot be read

	// patience is how often a reader tries to read the same bytes before it
	// takes them for damaged.
	patience = 3
)

// errDamaged is returned for bytes that are there but wrong, or cannot be read.
var errDamaged = errors.New("damaged")

// scanner walks the records of one segment, over damage. It opens the file only
// while it fills its buffer, so that deleting a segment frees its blocks at
// once, whoever reads it.
type scanner struct {
	fs    FS
	path  string
	first uint64
	tries int // failing reads of the same bytes until they count as damaged

	size int64    // committed bytes of the segment
	off  int64    // next byte to look at
	last Position // end of the last record passed

	skipped int64        // damaged bytes passed over; the user resets it
	cut     recordHeader // last valid header whose payload the file does not hold

	buf    []byte
	bufOff int64 // where in the file buf begins
	failed int   // reads of the same bytes so far
	resume int64 // after errDamaged from window: where readable bytes may begin
}

// open starts a segment, keeping the buffer.
func (s *scanner) open(path string, seg segment) {
	s.path, s.first, s.size = path, seg.first, seg.size
	s.off, s.last, s.skipped, s.failed = segmentHeaderSize, Position{}, 0, 0
	s.cut = recordHeader{}
	s.buf, s.bufOff = s.buf[:0], 0
}

// rewind goes back to off, where a record was found.
func (s *scanner) rewind(off int64) {
	s.off, s.last, s.skipped = off, Position{}, 0
}

// next finds the next record at or after s.off, without passing it. It returns
// io.EOF when there is none in the committed bytes.
func (s *scanner) next() (recordHeader, error) {
	for {
		rest := s.size - s.off
		if rest < recordHeaderSize {
			s.skip(max(rest, 0))
			return recordHeader{}, io.EOF
		}
		b, err := s.window(s.off, recordHeaderSize)
		if err == errDamaged {
			s.skip(s.resume - s.off)
			continue
		}
		if err != nil {
			return recordHeader{}, err
		}
		h, ok := parseRecordHeader(b, s.first, s.off)
		if ok && h.seq > s.last.Seq && h.base >= s.last.Base {
			if h.next() <= s.size {
				return h, nil
			}
			s.cut = h
		}
		s.resync()
	}
}

// pass moves beyond a record that next returned.
func (s *scanner) pass(h recordHeader) {
	s.off = h.next()
	s.last = h.end()
}

// resync moves to the next mark in the buffer, or beyond what is buffered.
func (s *scanner) resync() {
	rest := s.buf[s.off-s.bufOff:]
	if i := bytes.Index(rest[1:], []byte(recordMark)); i >= 0 {
		s.skip(int64(1 + i))
		return
	}
	// The last bytes may be the beginning of a mark.
	s.skip(int64(max(1, len(rest)-len(recordMark)+1)))
}

func (s *scanner) skip(n int64) {
	s.off += n
	s.skipped += n
}

// payload returns the payload of a record that next returned, valid until the
// next call. It returns errDamaged if its checksum does not match.
func (s *scanner) payload(h recordHeader) ([]byte, error) {
	b, err := s.window(h.off, recordHeaderSize+int(h.size))
	if err != nil {
		return nil, err
	}
	b = b[recordHeaderSize:]
	if crc32.Checksum(b, castagnoli) != h.payloadCRC {
		return nil, errDamaged
	}
	return b, nil
}

// window returns n bytes at off, within the committed ones. For bytes that
// cannot be read it first returns the error, and when it has been patient
// enough errDamaged, having set s.resume.
func (s *scanner) window(off int64, n int) ([]byte, error) {
	if i := off - s.bufOff; i >= 0 && i+int64(n) <= int64(len(s.buf)) {
		return s.buf[i : i+int64(n)], nil
	}
	err := s.fill(off, int(min(int64(max(n, readChunk)), s.size-off)))
	if len(s.buf) >= n {
		s.failed = 0
		return s.buf[:n], nil
	}
	if errors.Is(err, io.EOF) {
		// The file is shorter than it was.
		s.resume = s.size
		return nil, errDamaged
	}
	if errors.Is(err, fs.ErrNotExist) || passing(err) {
		return nil, err
	}
	if s.failed++; s.failed < s.tries {
		return nil, err
	}
	s.failed = 0
	bad := off + int64(len(s.buf))
	s.resume = min(s.size, (bad/readBlock+1)*readBlock)
	return nil, errDamaged
}

// passing tells errors that say nothing about the file.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EINTR, syscall.EAGAIN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// fill reads up to n bytes at off into the buffer.
func (s *scanner) fill(off int64, n int) error {
	if cap(s.buf) < n {
		s.buf = make([]byte, 0, max(n, 2*cap(s.buf)))
	}
	s.buf, s.bufOff = s.buf[:0], off
	f, err := s.fs.OpenFile(s.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := f.ReadAt(s.buf[:n], off)
	s.buf = s.buf[:got]
	return err
}
