package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
)

// MaxBlob is the size of the largest blob that a cursor can keep, in bytes.
const MaxBlob = 448

// Start says where a new cursor starts.
type Start int

// Starts.
const (
	Oldest Start = iota // before the oldest record kept
	Newest              // after the last record
)

// A Cursor is a named position up to which all is settled, and a small blob of
// its user's, stored together. The log keeps all records after it, within the
// cap. Its methods may be called from any goroutine.
type Cursor struct {
	name  string
	fresh bool
	log   *Log

	settled atomic.Uint64 // pos.Seq, so that the writing goroutine need not wait

	mu   sync.Mutex
	pos  Position
	blob []byte
	slot slotFile
	gone bool // removed, or the log is closed
	buf  [16 + MaxBlob]byte
}

// OpenCursor returns the cursor called name, and makes it if there is none.
// Names have 1 to 80 bytes. It belongs to the writing goroutine.
func (l *Log) OpenCursor(name string, start Start) (*Cursor, error) {
	if l.closed {
		return nil, ErrClosed
	}
	l.curMu.Lock()
	c := l.cursors[name]
	l.curMu.Unlock()
	if c != nil {
		return c, nil
	}
	file, err := cursorFile(name)
	if err != nil {
		return nil, err
	}
	if err := l.ready(); err != nil {
		return nil, fmt.Errorf("create cursor %q: %w", name, err)
	}
	pos := l.End()
	if start == Oldest {
		pos = l.Oldest()
	}
	c = l.newCursor(name, file)
	c.fresh = true
	c.put(pos, nil)
	if err := l.makeRoom(footprint(1)); err != nil {
		return nil, fmt.Errorf("create cursor %q: %w", name, err)
	}
	if err := c.flush(true); err != nil {
		c.slot.close()
		_ = l.fs.Remove(l.path(file)) // if it stays, it is a cursor that starts here
		l.broken = true
		return nil, fmt.Errorf("create cursor %q: %w", name, err)
	}
	l.addCursor(c)
	if _, err := l.measure(); err != nil {
		l.broken = true // measure before the next append
	}
	return c, nil
}

func (l *Log) newCursor(name, file string) *Cursor {
	return &Cursor{
		name: name,
		log:  l,
		slot: slotFile{fs: l.fs, name: l.path(file), kind: kindCursor},
	}
}

func (l *Log) addCursor(c *Cursor) {
	l.curMu.Lock()
	defer l.curMu.Unlock()
	l.cursors[c.name] = c
}

// RemoveCursor deletes the cursor called name, durably, so that it holds no
// records any more. If there is none it does nothing.
func (l *Log) RemoveCursor(name string) error {
	if l.closed {
		return ErrClosed
	}
	l.curMu.Lock()
	c := l.cursors[name]
	l.curMu.Unlock()
	if c == nil {
		return nil
	}
	if err := c.remove(); err != nil {
		return fmt.Errorf("remove cursor %q: %w", name, err)
	}
	l.curMu.Lock()
	delete(l.cursors, name)
	l.curMu.Unlock()
	l.used.Add(-footprint(1))
	if err := l.fs.SyncDir(l.dir); err != nil {
		return fmt.Errorf("remove cursor %q: %w", name, err)
	}
	return nil
}

// Name returns the cursor's name.
func (c *Cursor) Name() string { return c.name }

// Fresh tells whether the cursor did not exist before this log was opened.
func (c *Cursor) Fresh() bool { return c.fresh }

// Position returns the position last set.
func (c *Cursor) Position() Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pos
}

// Value returns the position and a copy of the blob last set.
func (c *Cursor) Value() (Position, []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pos, append([]byte(nil), c.blob...)
}

// Set says that all up to pos is settled, and stores blob with it, in one write
// call and without a sync: after a loss of power an earlier value may be found.
// It does not keep blob. If the position is of a record that could not be
// appended, its Base is that of the end of the log.
//
// After an error the new value holds in memory, and is stored by the next Set.
// ErrBackwards and ErrBlob change nothing.
func (c *Cursor) Set(pos Position, blob []byte) error {
	if len(blob) > MaxBlob {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrBlob, len(blob), MaxBlob)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return ErrClosed
	}
	if pos.Seq < c.pos.Seq || pos.Base < c.pos.Base {
		return fmt.Errorf("%w: cursor %q at %v, set to %v", ErrBackwards, c.name, c.pos, pos)
	}
	c.put(pos, blob)
	if err := c.slot.write(c.encode()); err != nil {
		return fmt.Errorf("write cursor %q: %w", c.name, err)
	}
	return nil
}

// Sync makes the value last set durable.
func (c *Cursor) Sync() error { return c.flush(false) }

func (c *Cursor) put(pos Position, blob []byte) {
	c.pos = pos
	c.blob = append(c.blob[:0], blob...)
	c.slot.dirty = true
	c.settled.Store(pos.Seq)
}

func (c *Cursor) encode() []byte {
	binary.LittleEndian.PutUint64(c.buf[:], c.pos.Seq)
	binary.LittleEndian.PutUint64(c.buf[8:], c.pos.Base)
	return c.buf[:16+copy(c.buf[16:], c.blob)]
}

func parseCursor(b []byte) (pos Position, blob []byte, err error) {
	if len(b) < 16 || len(b) > 16+MaxBlob {
		return pos, nil, errShort
	}
	pos = Position{Seq: binary.LittleEndian.Uint64(b), Base: binary.LittleEndian.Uint64(b[8:])}
	if pos.Seq > MaxSeq {
		return pos, nil, fmt.Errorf("sequence number %d is too high", pos.Seq)
	}
	return pos, b[16:], nil
}

// flush makes the value durable, if it is not, or always.
func (c *Cursor) flush(always bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !always && !c.slot.dirty {
		return nil
	}
	return c.log.saveSlots(&c.slot, c.encode())
}

// reopen makes the next write look for the file anew.
func (c *Cursor) reopen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slot.close()
}

func (c *Cursor) remove() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.slot.fs.Remove(c.slot.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c.gone = true
	c.slot.close()
	return nil
}

func (c *Cursor) close() error {
	err := c.flush(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	c.slot.close()
	if err != nil {
		return fmt.Errorf("write cursor %q: %w", c.name, err)
	}
	return nil
}

// settled returns the Seq that all cursors have reached. ok is false if there
// are none.
func (l *Log) settled() (seq uint64, ok bool) {
	l.curMu.Lock()
	defer l.curMu.Unlock()
	seq = growing.Seq
	for _, c := range l.cursors {
		seq = min(seq, c.settled.Load())
	}
	return seq, len(l.cursors) > 0
}

// flushCursors makes all cursors durable.
func (l *Log) flushCursors() error {
	for _, c := range l.Cursors() {
		if err := c.flush(false); err != nil {
			return err
		}
	}
	return nil
}
