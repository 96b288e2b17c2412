package wal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// A Header is what the log keeps of a record beside its payload.
type Header struct {
	Seq   uint64 // higher than any before
	Count uint32 // items in the record
	Time  int64  // milliseconds; need not increase
}

// An Encode appends a record's payload to dst and returns the extended slice.
//
// If key is true the payload must be decodable alone; otherwise it may build on
// the payloads since the last key record. isKey says which it did, and a key
// record is always allowed. It may be called several times for one Append, with
// key false and then true: only the last result counts. After an Append that
// failed, the next one asks for a key record. dst is the log's: do not keep it.
type Encode func(dst []byte, key bool) (out []byte, isKey bool)

// prefix is what comes before a payload in the append buffer.
const prefix = segmentHeaderSize + recordHeaderSize

// Append adds a record, in one write call. It returns the position after it.
//
// With SyncInterval 0 the record is durable when Append returns, and can be
// read only then. If Append fails the record is not in the log, no later one is
// harmed, and the next Append starts a new segment, in a new directory if the
// old one has gone. The error wraps the disk's, or is ErrOrder, ErrTooLarge,
// ErrEncode, ErrLocked or ErrClosed.
func (l *Log) Append(h Header, encode Encode) (Position, error) {
	if l.closed {
		return Position{}, ErrClosed
	}
	end := l.End()
	if h.Seq <= end.Seq || h.Seq > MaxSeq {
		return end, fmt.Errorf("%w: %d after %d", ErrOrder, h.Seq, end.Seq)
	}
	end, err := l.add(h, end, encode)
	if err != nil {
		l.failures.Add(1)
		l.active.mustKey = true
		return l.End(), fmt.Errorf("append record %d: %w", h.Seq, err)
	}
	l.appends.Add(1)
	return end, nil
}

func (l *Log) add(h Header, end Position, encode Encode) (Position, error) {
	if err := l.ready(); err != nil {
		return end, err
	}
	if err := l.release(); err != nil {
		return end, err
	}
	rec := recordHeader{seq: h.Seq, base: end.Base, count: h.Count, time: h.Time}
	if err := l.place(&rec, encode); err != nil {
		return end, err
	}
	if err := l.write(rec, end); err != nil {
		l.broken = true
		return end, err
	}
	l.active.size = rec.next()
	l.active.mustKey = false
	if rec.key {
		l.active.key = rec.next() - rec.off
	}
	l.cat.publish(rec.next(), rec.end(), rec.time)
	return rec.end(), nil
}

// ready sees to it that a segment that was removed under us is not written to,
// and after a failure that there is a directory to write to.
func (l *Log) ready() error {
	if l.active.file != nil && !l.active.file.Linked() {
		l.abandon()
		l.broken = true
	}
	if !l.broken {
		return nil
	}
	if err := l.heal(); err != nil {
		return err
	}
	l.broken = false
	return nil
}

// place encodes the record and makes room for it: at the end of the active
// segment if it fits there, else there is no active segment afterwards.
func (l *Log) place(rec *recordHeader, encode Encode) error {
	for {
		if err := l.encode(rec, encode); err != nil {
			return err
		}
		if l.active.file == nil {
			return l.makeRoom(footprint(int64(len(l.buf))))
		}
		rec.off = l.active.size
		if rec.next() > l.segmentBytes() {
			if err := l.rotate(); err != nil {
				return err
			}
			continue
		}
		err := l.makeRoom(footprint(rec.next()) - footprint(l.active.size))
		if !errors.Is(err, ErrTooLarge) {
			return err
		}
		// The active segment itself has to go.
		if err := l.rotate(); err != nil {
			return err
		}
	}
}

// keyShare is how many times a segment is as large as its latest key record, at
// least. The next segment begins with a record like that, which so adds at most
// a seventh to what the log takes without: a log of many series would otherwise
// consist of key records. A larger share would save little more, and the space
// of what is settled becomes free by whole segments.
const keyShare = 8

// segmentBytes is the size that the active segment may have.
func (l *Log) segmentBytes() int64 {
	return min(max(l.opts.SegmentBytes, keyShare*l.active.key), l.opts.MaxBytes/minSegments)
}

// encode fills the buffer with the record, leaving room for a segment header.
func (l *Log) encode(rec *recordHeader, encode Encode) error {
	if cap(l.buf) < prefix {
		l.buf = make([]byte, prefix, readBlock)
	}
	key := l.active.file == nil || l.active.mustKey
	out, isKey := encode(l.buf[:prefix], key)
	switch {
	case len(out) < prefix:
		return fmt.Errorf("%w: payload does not extend dst", ErrEncode)
	case key && !isKey:
		return fmt.Errorf("%w: not a key record", ErrEncode)
	case len(out)-prefix > MaxPayload:
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(out)-prefix)
	}
	l.buf = out
	rec.off = segmentHeaderSize
	rec.key = isKey
	rec.size = uint32(len(out) - prefix)
	rec.payloadCRC = crc32.Checksum(out[prefix:], castagnoli)
	return nil
}

// write writes what is in the buffer, and syncs it if that is asked for.
func (l *Log) write(rec recordHeader, end Position) error {
	if l.active.file == nil {
		return l.create(rec, end)
	}
	growth := footprint(rec.next()) - footprint(rec.off)
	l.used.Add(growth)
	l.active.disk = rec.next()
	rec.put(l.buf[segmentHeaderSize:], l.active.first)
	_, err := l.active.file.WriteAt(l.buf[segmentHeaderSize:], rec.off)
	if err == nil {
		err = l.committed()
	}
	if err == nil {
		return nil
	}
	// Best effort: the next segment's header says that this record is not part
	// of the log, whether or not its bytes can be cut off.
	if l.active.file.Truncate(rec.off) == nil {
		l.used.Add(-growth)
		l.active.disk = rec.off
	}
	if l.active.dirty {
		_ = l.active.file.Sync() // the records before
	}
	l.abandon()
	return fmt.Errorf("write %s: %w", segmentName(l.active.first), err)
}

// committed makes the bytes just written durable, or notes that they are not.
func (l *Log) committed() error {
	if l.opts.SyncInterval > 0 {
		l.active.dirty = true
		return nil
	}
	return l.active.file.Sync()
}

// create starts a segment with the record in the buffer.
func (l *Log) create(rec recordHeader, end Position) error {
	name := segmentName(rec.seq)
	file, err := l.createFile(name)
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	l.used.Add(footprint(rec.next()))
	head := segmentHeader{first: rec.seq, prev: end, time: l.LastTime()}
	head.put(l.buf)
	rec.put(l.buf[segmentHeaderSize:], rec.seq)
	l.active = active{file: file, first: rec.seq, disk: rec.next(), mustKey: true}
	_, err = file.WriteAt(l.buf, 0)
	if err == nil {
		err = l.committed()
	}
	if err == nil {
		err = l.fs.SyncDir(l.dir)
	}
	if err != nil {
		file.Close()
		l.active = active{}
		if l.fs.Remove(l.path(name)) == nil { // best effort, as above
			l.used.Add(-footprint(rec.next()))
		}
		return fmt.Errorf("create %s: %w", name, err)
	}
	l.cat.grow(segment{first: rec.seq, prev: end, sure: true})
	return nil
}

// createFile makes a file, never over one that exists.
func (l *Log) createFile(name string) (File, error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_EXCL
	file, err := l.fs.OpenFile(l.path(name), flags)
	if errors.Is(err, fs.ErrExist) {
		// Left by an append that failed and could not be undone.
		if _, err := l.setAside(FileInfo{Name: name}); err != nil {
			return nil, err
		}
		l.broken = true // so that the next append measures the directory
		file, err = l.fs.OpenFile(l.path(name), flags)
	}
	return file, err
}

// rotate ends the active segment in good order.
func (l *Log) rotate() error {
	if err := l.Flush(); err != nil {
		return err
	}
	l.abandon()
	return nil
}

// abandon stops writing to the active segment, for good. Its committed records
// stay readable.
func (l *Log) abandon() {
	if l.active.file == nil {
		return
	}
	l.active.file.Close()
	l.active.file = nil
	l.active.dirty = false
	l.cat.seal(l.active.disk)
}

// heal makes the directory usable again after a failure, which may have been
// that it was removed, and sees what is left in it.
func (l *Log) heal() error {
	if !l.lock.Named() {
		if err := l.fs.MkdirAll(l.dir); err != nil {
			return err
		}
		lock, err := takeLock(l.fs, l.dir)
		if err != nil {
			return err
		}
		l.lock.Close()
		l.lock = lock
		l.state.close() // files of the directory that was here before
		for _, c := range l.Cursors() {
			c.reopen()
		}
	}
	missing, err := l.measure()
	if err != nil {
		return err
	}
	if err := l.restore(missing); err != nil {
		return err
	}
	return l.fs.SyncDir(l.dir)
}

// restore writes STATE and the cursors again if their files have gone.
func (l *Log) restore(missing func(name string) bool) error {
	if missing(stateName) {
		if err := l.saveState(); err != nil {
			return err
		}
	}
	for _, c := range l.Cursors() {
		if !missing(filepath.Base(c.slot.name)) {
			continue
		}
		if err := c.flush(true); err != nil {
			return err
		}
	}
	return nil
}
