package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// On disk: never change, only add. See doc.go.
const (
	formatVersion = 1

	segmentMagic      = "ETWALSEG"
	segmentHeaderSize = 64

	recordMark       = "\xEB\x57\xA1\x0D"
	recordHeaderSize = 48
	flagKey          = 1 << 0

	segmentSuffix = ".seg"
	cursorSuffix  = ".cursor"
	asideSuffix   = ".corrupt"
	stateName     = "STATE"
	lockName      = "LOCK"
)

// Limits, also of what is believed when found on disk.
const (
	MaxPayload = 64 << 20  // bytes of a record's payload
	MaxSeq     = 1<<62 - 1 // the highest sequence number
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Position is a place between two records: after the record numbered Seq,
// and before the next. Base is the number of items ever appended before it.
// The zero Position is the beginning of the log.
type Position struct {
	Seq  uint64
	Base uint64
}

// segmentHeader is the first 64 bytes of a segment.
type segmentHeader struct {
	first uint64
	prev  Position // end of the log before this segment
	time  int64    // latest time before this segment
}

func (h segmentHeader) put(b []byte) {
	clear(b[:segmentHeaderSize])
	copy(b, segmentMagic)
	le := binary.LittleEndian
	le.PutUint32(b[8:], formatVersion)
	le.PutUint64(b[16:], h.first)
	le.PutUint64(b[24:], h.prev.Seq)
	le.PutUint64(b[32:], h.prev.Base)
	le.PutUint64(b[40:], uint64(h.time))
	le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
}

var (
	errMagic    = errors.New("no magic")
	errChecksum = errors.New("checksum does not match")
	errShort    = errors.New("too short")
)

// parseSegmentHeader checks the header of the segment whose name says first.
func parseSegmentHeader(b []byte, first uint64) (segmentHeader, error) {
	var h segmentHeader
	if len(b) < segmentHeaderSize {
		return h, errShort
	}
	le := binary.LittleEndian
	if string(b[:8]) != segmentMagic {
		return h, errMagic
	}
	if le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli) {
		return h, errChecksum
	}
	if v := le.Uint32(b[8:]); v != formatVersion {
		return h, fmt.Errorf("%w: version %d, this program knows %d", ErrVersion, v, formatVersion)
	}
	h.first = le.Uint64(b[16:])
	h.prev = Position{Seq: le.Uint64(b[24:]), Base: le.Uint64(b[32:])}
	h.time = int64(le.Uint64(b[40:]))
	if h.first != first {
		return h, fmt.Errorf("header says segment %d", h.first)
	}
	return h, nil
}

// recordHeader is the 48 bytes before a payload, and where they are.
type recordHeader struct {
	off        int64 // in the segment file; not stored
	seq        uint64
	base       uint64
	time       int64
	count      uint32
	size       uint32 // of the payload
	payloadCRC uint32
	key        bool
}

// next returns the offset after the record.
func (h recordHeader) next() int64 { return h.off + recordHeaderSize + int64(h.size) }

// end returns the position after the record.
func (h recordHeader) end() Position {
	return Position{Seq: h.seq, Base: h.base + uint64(h.count)}
}

// address folds a record's segment and offset into the initial value of its
// header's checksum.
func address(first uint64, off int64) uint32 {
	x := first*0x9E3779B97F4A7C15 + uint64(off)
	return uint32(x>>32) ^ uint32(x)
}

func (h recordHeader) put(b []byte, first uint64) {
	clear(b[:recordHeaderSize])
	copy(b, recordMark)
	if h.key {
		b[4] = flagKey
	}
	le := binary.LittleEndian
	le.PutUint64(b[8:], h.seq)
	le.PutUint64(b[16:], h.base)
	le.PutUint64(b[24:], uint64(h.time))
	le.PutUint32(b[32:], h.count)
	le.PutUint32(b[36:], h.size)
	le.PutUint32(b[40:], h.payloadCRC)
	le.PutUint32(b[44:], crc32.Update(address(first, h.off), castagnoli, b[:44]))
}

// parseRecordHeader returns the header at offset off of segment first. ok is
// false if b does not hold one.
func parseRecordHeader(b []byte, first uint64, off int64) (h recordHeader, ok bool) {
	if len(b) < recordHeaderSize || string(b[:4]) != recordMark {
		return h, false
	}
	le := binary.LittleEndian
	if le.Uint32(b[44:]) != crc32.Update(address(first, off), castagnoli, b[:44]) {
		return h, false
	}
	h = recordHeader{
		off:        off,
		seq:        le.Uint64(b[8:]),
		base:       le.Uint64(b[16:]),
		time:       int64(le.Uint64(b[24:])),
		count:      le.Uint32(b[32:]),
		size:       le.Uint32(b[36:]),
		payloadCRC: le.Uint32(b[40:]),
		key:        b[4]&flagKey != 0,
	}
	return h, h.size <= MaxPayload
}

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// parseSegmentName returns the first Seq of the segment called name.
func parseSegmentName(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0 && first <= MaxSeq
}

// maxCursorName bounds a cursor's name, so that escaped it fits a file name.
const maxCursorName = 80

// cursorFile returns the file name of the cursor called name.
func cursorFile(name string) (string, error) {
	if name == "" || len(name) > maxCursorName {
		return "", fmt.Errorf("%w: %q has %d bytes, want 1 to %d", ErrName, name, len(name), maxCursorName)
	}
	var b strings.Builder
	for _, c := range []byte(name) {
		if plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String() + cursorSuffix, nil
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// parseCursorFile is the inverse of cursorFile.
func parseCursorFile(file string) (name string, ok bool) {
	escaped, ok := strings.CutSuffix(file, cursorSuffix)
	if !ok {
		return "", false
	}
	var b []byte
	for i := 0; i < len(escaped); i++ {
		if escaped[i] != '%' {
			b = append(b, escaped[i])
			continue
		}
		if i+3 > len(escaped) {
			return "", false
		}
		c, err := strconv.ParseUint(escaped[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	back, err := cursorFile(string(b))
	return string(b), err == nil && back == file
}
