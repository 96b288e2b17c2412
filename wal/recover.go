package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open opens the log in dir, and makes dir if needed. Whatever dir holds, the
// log can be used afterwards; what was wrong is in the Report. It fails only if
// dir cannot be made, locked (ErrLocked) or listed, if the process has no files
// or memory left, or with ErrOptions.
func Open(dir string, opts Options) (*Log, *Report, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	l := &Log{dir: dir, opts: opts, cursors: make(map[string]*Cursor)}
	l.fs = meteredFS{opts.FS, &l.meter}
	l.state = slotFile{fs: l.fs, name: l.path(stateName), kind: kindState}
	if err := l.fs.MkdirAll(dir); err != nil {
		return nil, nil, fmt.Errorf("open log: %w", err)
	}
	if l.lock, err = takeLock(l.fs, dir); err != nil {
		return nil, nil, fmt.Errorf("open log: %w", err)
	}
	rep := &Report{}
	if err := l.load(rep); err != nil {
		l.lock.Close()
		return nil, nil, fmt.Errorf("open log %s: %w", dir, err)
	}
	return l, rep, nil
}

// load takes the steps that doc.go lists.
func (l *Log) load(rep *Report) error {
	files, err := l.fs.ReadDir(l.dir)
	if err != nil {
		return err
	}
	l.tally(files)
	if err := l.recoverSlots(files, rep); err != nil {
		return err
	}
	for _, f := range files {
		if first, ok := parseSegmentName(f.Name); ok {
			if err := l.recoverSegment(f, first, rep); err != nil {
				return err
			}
		}
	}
	setEnds(l.cat.segs)
	for !l.recoverNewest(rep) {
	}
	l.recoverEnd(rep)
	if err := l.fs.SyncDir(l.dir); err != nil {
		rep.problem(err)
	}
	// What recovery changed changes the sizes.
	if _, err := l.measure(); err != nil {
		return err
	}
	if err := l.makeRoom(0); err != nil {
		rep.problem(err)
	}
	return nil
}

// recoverSlots reads STATE and the cursors.
func (l *Log) recoverSlots(files []FileInfo, rep *Report) error {
	for _, f := range files {
		name, isCursor := parseCursorFile(f.Name)
		if f.Name != stateName && !isCursor {
			continue
		}
		var err error
		if isCursor {
			err = l.recoverCursor(name, f.Name)
		} else {
			err = l.recoverState()
		}
		switch {
		case err == nil:
		case passing(err):
			return fmt.Errorf("read %s: %w", f.Name, err)
		case errors.Is(err, errInterrupted):
			rep.TornBytes += f.Size
			l.discard(f, rep)
		default:
			l.putAside(f, err, rep)
		}
	}
	return nil
}

func (l *Log) recoverState() error {
	gen, payload, err := readSlots(l.fs, l.state.name, kindState)
	if err != nil {
		return err
	}
	end, capped, time, err := parseState(payload)
	if err != nil {
		return err
	}
	l.state.gen = gen
	l.cat.raise(end, capped, time)
	return nil
}

func (l *Log) recoverCursor(name, file string) error {
	gen, payload, err := readSlots(l.fs, l.path(file), kindCursor)
	if err != nil {
		return err
	}
	pos, blob, err := parseCursor(payload)
	if err != nil {
		return err
	}
	c := l.newCursor(name, file)
	c.slot.gen = gen
	c.put(pos, blob)
	l.addCursor(c)
	l.cat.raise(pos, Position{}, 0)
	return nil
}

// recoverSegment takes one segment into the catalog, or out of the way.
func (l *Log) recoverSegment(f FileInfo, first uint64, rep *Report) error {
	s, err := examine(l.fs, l.path(f.Name), first, f.Size)
	switch {
	case err == nil:
		l.cat.segs = append(l.cat.segs, s)
	case errors.Is(err, errInterrupted):
		rep.TornBytes += f.Size
		l.discard(f, rep)
	case errors.Is(err, fs.ErrNotExist):
	case passing(err):
		return fmt.Errorf("read %s: %w", f.Name, err)
	default:
		l.putAside(f, err, rep)
		l.cat.raise(Position{Seq: first}, Position{}, 0)
	}
	return nil
}

// setEnds derives the end of every segment but the last from the one after it.
func setEnds(segs []segment) {
	for i := range segs {
		segs[i].end = growing
		if i+1 < len(segs) {
			segs[i].end = segs[i+1].prev
		}
	}
}

// recoverNewest finds the end of the newest segment. It returns false if that
// holds no record and was taken away, so that there is another newest.
func (l *Log) recoverNewest(rep *Report) (done bool) {
	n := len(l.cat.segs)
	if n == 0 {
		return true
	}
	s := &l.cat.segs[n-1]
	name := segmentName(s.first)
	t := scanTail(l.fs, l.path(name), *s)
	l.cat.raise(t.end.max(s.prev), Position{}, t.time)
	if t.records == 0 {
		f := FileInfo{Name: name, Size: s.size}
		l.cat.raise(Position{Seq: s.first}, Position{}, 0)
		l.cat.segs = l.cat.segs[:n-1]
		setEnds(l.cat.segs)
		if t.interrupted {
			rep.TornBytes += s.size
			rep.TornItems += t.tornItems
			l.discard(f, rep)
		} else {
			l.putAside(f, &CorruptError{Segment: name, Offset: segmentHeaderSize, Err: errChecksum}, rep)
		}
		return false
	}
	rep.TornBytes += s.size - t.size
	rep.TornItems += t.tornItems
	rep.DamagedBytes += t.damagedBytes
	rep.DamagedItems += t.damagedItems
	s.end = t.end
	if err := l.cut(name, t.size, s.size); err != nil {
		rep.problem(err)
	} else {
		s.disk = t.size
	}
	s.size = t.size
	return true
}

// cut cuts a segment to size, and makes what was read of it durable: it may be
// sent from now on.
func (l *Log) cut(name string, size, was int64) error {
	f, err := l.fs.OpenFile(l.path(name), os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	if was > size {
		if err := f.Truncate(size); err != nil {
			return err
		}
	}
	return f.Sync()
}

// recoverEnd finishes the books.
func (l *Log) recoverEnd(rep *Report) {
	end, _, _ := l.cat.state()
	for _, s := range l.cat.segs {
		rep.Segments++
		rep.Bytes += s.size
	}
	if n := len(l.cat.segs); n > 0 && end.Base > l.cat.segs[n-1].end.Base {
		// Records that STATE or a cursor knows of were not torn by a crash.
		rep.DamagedItems += end.Base - l.cat.segs[n-1].end.Base
		rep.TornItems = 0
	}
}

// discard removes a file that was never finished.
func (l *Log) discard(f FileInfo, rep *Report) {
	if err := l.fs.Remove(l.path(f.Name)); err != nil {
		rep.problem(err)
	}
}

// putAside sets a file aside, and says so.
func (l *Log) putAside(f FileInfo, cause error, rep *Report) {
	name, err := l.setAside(f)
	if err != nil {
		rep.problem(err)
		name = f.Name
	}
	rep.Aside = append(rep.Aside, Aside{Name: name, Bytes: f.Size, Err: cause})
}
