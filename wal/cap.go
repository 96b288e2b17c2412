package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// block is the unit in which the cap counts files.
const block = 4096

// footprint returns the bytes a file of size takes on the disk.
func footprint(size int64) int64 { return (size + block - 1) / block * block }

// makeRoom deletes the oldest until need more bytes fit under the cap: files
// that were set aside first, then segments that are not written to. If even
// that were not enough it deletes nothing and returns ErrTooLarge.
func (l *Log) makeRoom(need int64) error {
	if l.used.Load()+need <= l.opts.MaxBytes {
		return nil
	}
	if l.used.Load()-l.deletable()+need > l.opts.MaxBytes {
		return fmt.Errorf("%w: %d bytes do not fit under the cap", ErrTooLarge, need)
	}
	for l.used.Load()+need > l.opts.MaxBytes {
		if err := l.dropOldest(); err != nil {
			l.broken = true
			return fmt.Errorf("make room: %w", err)
		}
	}
	// Otherwise a loss of power could bring back what was deleted beside what
	// was written instead.
	if err := l.fs.SyncDir(l.dir); err != nil {
		l.broken = true
		return fmt.Errorf("make room: %w", err)
	}
	return nil
}

// deletable returns the bytes that the cap may take.
func (l *Log) deletable() int64 {
	var n int64
	for _, f := range l.aside {
		n += footprint(f.Size)
	}
	l.cat.mu.Lock()
	defer l.cat.mu.Unlock()
	for _, s := range l.cat.segs {
		if s.end != growing {
			n += footprint(s.disk)
		}
	}
	return n
}

// dropOldest deletes one file for the cap's sake. There is one.
func (l *Log) dropOldest() error {
	if len(l.aside) > 0 {
		if err := l.removeFile(l.aside[0].Name, l.aside[0].Size); err != nil {
			return err
		}
		l.asideDrops.Add(1)
		l.asideFiles.Add(-1)
		l.asideBytes.Add(-l.aside[0].Size)
		l.aside = l.aside[1:]
		return nil
	}
	s := l.cat.first()
	// Readers, and recovery after a crash, must know why before it is gone.
	l.cat.raise(Position{}, s.end, 0)
	if err := l.saveState(); err != nil {
		return err
	}
	if err := l.removeSegment(s); err != nil {
		return err
	}
	l.dropped.Add(1)
	l.droppedItems.Add(s.end.Base - min(s.prev.Base, s.end.Base))
	return nil
}

// release deletes the segments that all cursors have passed, except the newest.
// What cannot be deleted now is tried again with the next append.
func (l *Log) release() error {
	settled, ok := l.settled()
	if !ok || !l.delivered(settled) {
		return nil
	}
	// A cursor that a crash sets back must not find its records gone.
	if l.flushCursors() != nil {
		return nil
	}
	deleted := false
	for l.delivered(settled) && l.removeSegment(l.cat.first()) == nil {
		l.released.Add(1)
		deleted = true
	}
	if !deleted {
		return nil
	}
	if err := l.fs.SyncDir(l.dir); err != nil {
		l.broken = true
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// delivered tells whether the oldest segment ends at or before seq.
func (l *Log) delivered(seq uint64) bool {
	l.cat.mu.Lock()
	defer l.cat.mu.Unlock()
	return len(l.cat.segs) > 1 && l.cat.segs[0].end.Seq <= seq
}

func (l *Log) removeSegment(s segment) error {
	if err := l.removeFile(segmentName(s.first), s.disk); err != nil {
		return err
	}
	l.cat.drop()
	return nil
}

func (l *Log) removeFile(name string, size int64) error {
	if err := l.fs.Remove(l.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l.used.Add(-footprint(size))
	return nil
}

// setAside renames a file that cannot be used, so that nobody loses it
// silently. It returns the new name.
func (l *Log) setAside(f FileInfo) (string, error) {
	name := f.Name + asideSuffix
	for i := 1; slices.ContainsFunc(l.aside, func(a FileInfo) bool { return a.Name == name }); i++ {
		name = fmt.Sprintf("%s.%d%s", f.Name, i, asideSuffix)
	}
	if err := l.fs.Rename(l.path(f.Name), l.path(name)); err != nil {
		return "", err
	}
	l.noteAside(FileInfo{Name: name, Size: f.Size})
	return name, nil
}

func (l *Log) noteAside(f FileInfo) {
	l.aside = append(l.aside, f)
	l.asideFiles.Add(1)
	l.asideBytes.Add(f.Size)
}

// measure lists the directory anew: what it holds in bytes, and which segments
// have gone. It returns whether a file that should be there is missing.
func (l *Log) measure() (missing func(name string) bool, err error) {
	files, err := l.fs.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	l.tally(files)
	there := make(map[string]int64, len(files))
	for _, f := range files {
		there[f.Name] = f.Size
	}
	l.cat.keep(func(first uint64) bool {
		name := segmentName(first)
		_, ok := there[name]
		delete(there, name)
		return ok
	})
	for name, size := range there {
		// What an append that failed could not undo.
		if _, ok := parseSegmentName(name); ok {
			_, _ = l.setAside(FileInfo{Name: name, Size: size})
		}
	}
	return func(name string) bool { _, ok := there[name]; return !ok }, nil
}

// tally adds up the files of the directory, and finds those set aside. Files
// that will be there count already.
func (l *Log) tally(files []FileInfo) {
	slices.SortFunc(files, func(a, b FileInfo) int { return strings.Compare(a.Name, b.Name) })
	l.aside = nil
	l.asideFiles.Store(0)
	l.asideBytes.Store(0)
	expected := map[string]bool{stateName: true}
	for _, c := range l.Cursors() {
		expected[filepath.Base(c.slot.name)] = true
	}
	var used int64
	for _, f := range files {
		used += footprint(f.Size)
		if strings.HasSuffix(f.Name, asideSuffix) {
			l.noteAside(f)
		}
		if f.Size > 0 {
			delete(expected, f.Name)
		}
	}
	l.used.Store(used + int64(len(expected))*footprint(1))
}
