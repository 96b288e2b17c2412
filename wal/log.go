package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Options.
const (
	DefaultSegmentBytes = 4 << 20
	DefaultMaxBytes     = 1 << 30

	// MinMaxBytes is the smallest cap a log can work with.
	MinMaxBytes = 64 << 10
)

// minSegments is how many segments fit under the cap, at least: it takes the
// oldest one whole.
const minSegments = 8

// Options of a log. The zero value is the default.
type Options struct {
	// SegmentBytes is the size of a segment file, 0 for DefaultSegmentBytes. It
	// is raised to eight times the size of the key records where these are
	// large, and lowered to an eighth of MaxBytes. Only a single record larger
	// than this makes a larger segment.
	SegmentBytes int64

	// MaxBytes is the cap on all that is in the directory, 0 for
	// DefaultMaxBytes, at least MinMaxBytes.
	MaxBytes int64

	// SyncInterval 0 makes every Append durable before it returns. Otherwise
	// records can be read as soon as they are written, and are synced by Sync.
	SyncInterval time.Duration

	// FS is the file system, nil for the real one.
	FS FS
}

// withDefaults checks the options.
func (o Options) withDefaults() (Options, error) {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	switch {
	case o.SegmentBytes < 0:
		return o, fmt.Errorf("%w: SegmentBytes %d is negative", ErrOptions, o.SegmentBytes)
	case o.MaxBytes < MinMaxBytes:
		return o, fmt.Errorf("%w: MaxBytes %d is below %d", ErrOptions, o.MaxBytes, MinMaxBytes)
	case o.SyncInterval < 0:
		return o, fmt.Errorf("%w: SyncInterval %v is negative", ErrOptions, o.SyncInterval)
	}
	return o, nil
}

// A Log is an open log. See the package comment for who may call what.
type Log struct {
	dir  string
	fs   FS
	opts Options
	lock File

	cat   catalog // what readers see
	meter meter

	curMu   sync.Mutex // guards the map, not the cursors
	cursors map[string]*Cursor

	// Written by the writing goroutine, read by Stats.
	used                               atomic.Int64 // bytes of the directory, in whole blocks
	appends, failures                  atomic.Uint64
	released, dropped, droppedItems    atomic.Uint64
	asideFiles, asideBytes, asideDrops atomic.Int64

	// The writing goroutine's own.
	active   active
	buf      []byte // a segment header and one record
	state    slotFile
	aside    []FileInfo // set aside, oldest first
	broken   bool       // the last append failed: check the directory
	closed   bool
	lastSync time.Time
	lastLook time.Time
}

// active is the segment being written; file is nil if there is none.
type active struct {
	file    File
	first   uint64
	size    int64 // committed bytes
	key     int64 // bytes of its latest key record
	disk    int64 // bytes of the file, which a failed append may have left longer
	mustKey bool  // the encoder's chain is broken
	dirty   bool  // has bytes that are not synced
}

// Stats counts what a log has done since it was opened, and what it holds.
type Stats struct {
	Appends  uint64 // records appended
	Failures uint64 // appends that failed

	Writes       uint64 // write calls, cursors and all
	WrittenBytes uint64
	Syncs        uint64 // fsyncs of files
	DirSyncs     uint64 // fsyncs of the directory

	Segments int
	Bytes    int64 // of everything in the directory, in blocks of 4 KiB

	Released     uint64 // segments deleted because all cursors had passed them
	Dropped      uint64 // segments deleted for the cap
	DroppedItems uint64 // items in those, whether or not a cursor still wanted them

	AsideFiles int   // files set aside, present now
	AsideBytes int64 // bytes in those
	AsideDrops int64 // files set aside that were deleted for the cap
}

// Stats may be called from any goroutine.
func (l *Log) Stats() Stats {
	l.cat.mu.Lock()
	segments := len(l.cat.segs)
	l.cat.mu.Unlock()
	return Stats{
		Appends:      l.appends.Load(),
		Failures:     l.failures.Load(),
		Writes:       l.meter.writes.Load(),
		WrittenBytes: l.meter.bytes.Load(),
		Syncs:        l.meter.syncs.Load(),
		DirSyncs:     l.meter.dirSyncs.Load(),
		Segments:     segments,
		Bytes:        l.used.Load(),
		Released:     l.released.Load(),
		Dropped:      l.dropped.Load(),
		DroppedItems: l.droppedItems.Load(),
		AsideFiles:   int(l.asideFiles.Load()),
		AsideBytes:   l.asideBytes.Load(),
		AsideDrops:   l.asideDrops.Load(),
	}
}

// Dir returns the log's directory.
func (l *Log) Dir() string { return l.dir }

// End returns the position after the last record. The next record's Seq must
// be higher, and its Base will be this one's.
func (l *Log) End() Position {
	end, _, _ := l.cat.state()
	return end
}

// Tail returns the position after the last record that is kept, or the zero
// Position if there is none. It is before End where the end of the log was
// damaged or released.
func (l *Log) Tail() Position {
	l.cat.mu.Lock()
	defer l.cat.mu.Unlock()
	n := len(l.cat.segs)
	switch {
	case n == 0:
		return Position{}
	case l.cat.segs[n-1].end == growing:
		return l.cat.end
	default:
		return l.cat.segs[n-1].end
	}
}

// LastSeq returns the highest Seq ever used, as far as can be known.
func (l *Log) LastSeq() uint64 { return l.End().Seq }

// LastTime returns the latest Time of any record, in milliseconds, or 0.
func (l *Log) LastTime() int64 {
	_, _, t := l.cat.state()
	return t
}

// Oldest returns the position before the oldest record that is kept.
func (l *Log) Oldest() Position { return l.cat.oldest() }

// NewReader returns a reader of the records after a position: a cursor's, or
// one that a Record, a Gap, or the log itself gave.
func (l *Log) NewReader(after Position) *Reader {
	return newReader(l.dir, l.fs, &l.cat, after)
}

// Cursors returns all cursors by name, also those that were found on opening
// and that nobody uses: they hold the log until they are removed.
func (l *Log) Cursors() []*Cursor {
	l.curMu.Lock()
	defer l.curMu.Unlock()
	list := make([]*Cursor, 0, len(l.cursors))
	for _, c := range l.cursors {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}

// lookEvery is how often Sync looks whether the directory is in its place.
const lookEvery = 10 * time.Second

// Sync makes all records durable, if SyncInterval has passed since it last did;
// with SyncInterval 0 they are. After an error the next Append starts a new
// segment. Now and then it also looks whether the directory has been moved, or
// another mounted over it: then the next Append starts in a new one.
func (l *Log) Sync(now time.Time) error {
	if l.closed {
		return ErrClosed
	}
	if now.Sub(l.lastLook) >= lookEvery {
		l.lastLook = now
		if !l.lock.Named() {
			l.abandon()
			l.broken = true
			return nil
		}
	}
	if !l.active.dirty || now.Sub(l.lastSync) < l.opts.SyncInterval {
		return nil
	}
	l.lastSync = now
	return l.Flush()
}

// Flush makes all records durable now.
func (l *Log) Flush() error {
	if l.closed {
		return ErrClosed
	}
	if !l.active.dirty {
		return nil
	}
	if err := l.active.file.Sync(); err != nil {
		l.abandon()
		l.broken = true
		return fmt.Errorf("sync %s: %w", segmentName(l.active.first), err)
	}
	l.active.dirty = false
	return nil
}

// Close makes everything durable and frees the lock. It returns the first
// error, but is closed anyway.
func (l *Log) Close() error {
	if l.closed {
		return ErrClosed
	}
	errs := []error{l.Flush(), l.saveState()}
	for _, c := range l.Cursors() {
		errs = append(errs, c.close())
	}
	if l.active.file != nil {
		l.abandon()
	}
	l.closed = true
	l.state.close()
	errs = append(errs, l.lock.Close())
	return errors.Join(errs...)
}

func (l *Log) path(name string) string { return filepath.Join(l.dir, name) }

const stateSize = 40

// saveState writes STATE durably.
func (l *Log) saveState() error {
	end, capped, time := l.cat.state()
	var b [stateSize]byte
	for i, v := range []uint64{capped.Seq, capped.Base, end.Seq, end.Base, uint64(time)} {
		binary.LittleEndian.PutUint64(b[8*i:], v)
	}
	if err := l.saveSlots(&l.state, b[:]); err != nil {
		return fmt.Errorf("write %s: %w", stateName, err)
	}
	return nil
}

// parseState is what saveState wrote.
func parseState(b []byte) (end, capped Position, time int64, err error) {
	if len(b) < stateSize {
		return end, capped, 0, errShort
	}
	v := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	return Position{v(2), v(3)}, Position{v(0), v(1)}, int64(v(4)), nil
}

// saveSlots writes a slot file durably, and its name if it is new.
func (l *Log) saveSlots(s *slotFile, payload []byte) error {
	fresh := s.file == nil || !s.file.Linked()
	if err := s.save(payload); err != nil {
		return err
	}
	if fresh {
		return l.fs.SyncDir(l.dir)
	}
	return nil
}
