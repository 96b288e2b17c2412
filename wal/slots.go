package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// On disk: never change, only add. See doc.go.
const (
	slotMagic   = "ETWS"
	slotSize    = 512 // one sector: written wholly or not at all
	slotHeader  = 16
	slotPayload = slotSize - slotHeader - 4

	kindCursor = 'C'
	kindState  = 'S'
)

// slotFile is a small file of two slots that are written in turn, so that one
// of them is always whole. It is used by one goroutine at a time.
type slotFile struct {
	fs   FS
	name string // path
	kind byte

	file  File // nil until first written
	gen   uint64
	dirty bool // not synced
	buf   [slotSize]byte
}

// write stores payload in the older slot, with one write call and no sync.
// A file that has gone is made again.
func (s *slotFile) write(payload []byte) error {
	if s.file != nil && !s.file.Linked() {
		s.close()
	}
	if s.file == nil {
		f, err := s.fs.OpenFile(s.name, os.O_RDWR|os.O_CREATE)
		if err != nil {
			return err
		}
		s.file = f
	}
	s.dirty = true
	s.gen++
	putSlot(s.buf[:], s.kind, s.gen, payload)
	_, err := s.file.WriteAt(s.buf[:], int64(s.gen%2)*slotSize)
	if err != nil {
		// What reached the slot is unknown. Write the same one next time: the
		// other still holds.
		s.gen--
		s.close()
	}
	return err
}

// save stores payload durably. The caller syncs the directory of a new file.
func (s *slotFile) save(payload []byte) error {
	if err := s.write(payload); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		s.close() // after a failed fsync this descriptor proves nothing
		return err
	}
	s.dirty = false
	return nil
}

func (s *slotFile) close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

func putSlot(b []byte, kind byte, gen uint64, payload []byte) {
	clear(b)
	copy(b, slotMagic)
	b[4] = formatVersion
	b[5] = kind
	binary.LittleEndian.PutUint16(b[6:], uint16(len(payload)))
	binary.LittleEndian.PutUint64(b[8:], gen)
	copy(b[slotHeader:], payload)
	binary.LittleEndian.PutUint32(b[slotSize-4:], crc32.Checksum(b[:slotSize-4], castagnoli))
}

// parseSlot returns the payload of a slot, which aliases b.
func parseSlot(b []byte, kind byte) (gen uint64, payload []byte, err error) {
	if len(b) < slotSize {
		return 0, nil, errShort
	}
	b = b[:slotSize]
	if string(b[:4]) != slotMagic || b[5] != kind {
		return 0, nil, errMagic
	}
	if binary.LittleEndian.Uint32(b[slotSize-4:]) != crc32.Checksum(b[:slotSize-4], castagnoli) {
		return 0, nil, errChecksum
	}
	if b[4] != formatVersion {
		return 0, nil, fmt.Errorf("%w: version %d, this program knows %d", ErrVersion, b[4], formatVersion)
	}
	n := binary.LittleEndian.Uint16(b[6:])
	if n > slotPayload {
		return 0, nil, errShort
	}
	return binary.LittleEndian.Uint64(b[8:]), b[slotHeader : slotHeader+int(n)], nil
}

// parseSlots returns the payload of the newer valid slot.
func parseSlots(b []byte, kind byte) (gen uint64, payload []byte, err error) {
	gen, payload, err = parseSlot(b, kind)
	if len(b) < 2*slotSize {
		return gen, payload, err
	}
	gen2, payload2, err2 := parseSlot(b[slotSize:], kind)
	if err2 == nil && (err != nil || gen2 > gen) {
		return gen2, payload2, nil
	}
	return gen, payload, err
}

// readSlots reads the file called name.
func readSlots(fsys FS, name string, kind byte) (gen uint64, payload []byte, err error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	b := make([]byte, 2*slotSize)
	n, err := f.ReadAt(b, 0)
	if n < len(b) && err != nil && err != io.EOF {
		return 0, nil, err
	}
	gen, payload, err = parseSlots(b[:n], kind)
	if err != nil && n < len(b) && len(bytes.TrimLeft(b[:min(n, slotSize)], "\x00")) == 0 {
		// The first write goes to the second slot.
		err = errInterrupted
	}
	return gen, payload, err
}
