package buffer

import "encoding/binary"

// scanner reads the byte-wise parts of a record. After the first thing that
// cannot be, bad is set and it yields zeroes.
type scanner struct {
	buf []byte
	at  int
	bad bool
}

func (s *scanner) fail() uint64 {
	s.bad, s.at = true, min(s.at, len(s.buf))
	return 0
}

func (s *scanner) rest() []byte { return s.buf[s.at:] }

func (s *scanner) byte() byte {
	if s.bad || s.at == len(s.buf) {
		return byte(s.fail())
	}
	s.at++
	return s.buf[s.at-1]
}

func (s *scanner) uvarint() uint64 {
	if s.bad {
		return 0
	}
	v, n := binary.Uvarint(s.buf[s.at:])
	if n <= 0 {
		return s.fail()
	}
	s.at += n
	return v
}

func (s *scanner) varint() int64 { return unzigzag(s.uvarint()) }

// count reads a number that is at most limit.
func (s *scanner) count(limit int) int {
	at := s.at
	v := s.uvarint()
	if limit < 0 || v > uint64(limit) {
		s.at = at
		return int(s.fail())
	}
	return int(v)
}

// word reads eight bytes.
func (s *scanner) word() uint64 {
	b := s.bytes(8)
	if s.bad {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (s *scanner) bytes(n int) []byte {
	if s.bad || n > len(s.buf)-s.at {
		s.fail()
		return nil
	}
	s.at += n
	return s.buf[s.at-n : s.at]
}
