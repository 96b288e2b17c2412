package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
)

// An Inspection is a read-only view of a log's directory, live or dead. It
// takes no lock and changes nothing. Of a live log it may miss what happens
// after it was made, and meet segments that are deleted beneath it.
type Inspection struct {
	Dir     string
	Bytes   int64 // of all files
	Cursors []CursorInfo
	Aside   []FileInfo // files that recovery has set aside
	Damaged []Aside    // files that recovery would set aside
	PID     int        // the process that has, or had, the log open; 0 if unknown

	fs  FS
	cat catalog
}

// A CursorInfo is a cursor's stored value.
type CursorInfo struct {
	Name string
	Position
	Blob []byte
}

// Inspect looks at the log in dir. fsys is the file system, nil for the real
// one. It fails only if dir cannot be listed.
func Inspect(dir string, fsys FS) (*Inspection, error) {
	if fsys == nil {
		fsys = osFS{}
	}
	in := &Inspection{Dir: dir, fs: fsys, PID: readPID(fsys, filepath.Join(dir, lockName))}
	// Cursors first: they must not be ahead of the segments as listed.
	for _, look := range []func(FileInfo){in.slots, in.segment} {
		files, err := fsys.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("inspect log: %w", err)
		}
		slices.SortFunc(files, func(a, b FileInfo) int { return strings.Compare(a.Name, b.Name) })
		in.Bytes, in.Aside = 0, nil
		for _, f := range files {
			in.Bytes += f.Size
			if strings.HasSuffix(f.Name, asideSuffix) {
				in.Aside = append(in.Aside, f)
			}
			look(f)
		}
	}
	setEnds(in.cat.segs)
	if n := len(in.cat.segs); n > 0 {
		in.cat.raise(in.cat.segs[n-1].prev, Position{}, 0)
	}
	return in, nil
}

func (in *Inspection) slots(f FileInfo) {
	name, isCursor := parseCursorFile(f.Name)
	path := filepath.Join(in.Dir, f.Name)
	var err error
	switch {
	case isCursor:
		err = in.cursor(path, name)
	case f.Name == stateName:
		err = in.state(path)
	}
	in.damaged(f, err)
}

func (in *Inspection) cursor(path, name string) error {
	_, payload, err := readSlots(in.fs, path, kindCursor)
	if err != nil {
		return err
	}
	pos, blob, err := parseCursor(payload)
	if err != nil {
		return err
	}
	in.Cursors = append(in.Cursors, CursorInfo{Name: name, Position: pos, Blob: blob})
	in.cat.raise(pos, Position{}, 0)
	return nil
}

func (in *Inspection) state(path string) error {
	_, payload, err := readSlots(in.fs, path, kindState)
	if err != nil {
		return err
	}
	end, capped, time, err := parseState(payload)
	if err == nil {
		in.cat.raise(end, capped, time)
	}
	return err
}

func (in *Inspection) segment(f FileInfo) {
	first, ok := parseSegmentName(f.Name)
	if !ok {
		return
	}
	s, err := examine(in.fs, filepath.Join(in.Dir, f.Name), first, f.Size)
	if err == nil {
		in.cat.segs = append(in.cat.segs, s)
	}
	in.damaged(f, err)
}

func (in *Inspection) damaged(f FileInfo, err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errInterrupted) {
		in.Damaged = append(in.Damaged, Aside{Name: f.Name, Bytes: f.Size, Err: err})
	}
}

// Oldest returns the position before the oldest record.
func (in *Inspection) Oldest() Position { return in.cat.oldest() }

// NewReader returns a reader of the records after a position.
func (in *Inspection) NewReader(after Position) *Reader {
	return newReader(in.Dir, in.fs, &in.cat, after)
}

// A SegmentInfo is what a whole segment was found to hold.
type SegmentInfo struct {
	Name     string
	Bytes    int64
	First    uint64 // Seq of the first and last record found
	Last     uint64
	From, To Position // the log before and after the segment
	MinTime  int64    // earliest and latest Time
	MaxTime  int64
	Records  int // found intact
	Keys     int
	Items    uint64
	Header   bool // the segment's own header is intact

	// TailBytes follow the last record of the newest segment: torn by a crash,
	// or being written just now.
	TailBytes int64
	Damage    []Damage
}

// A Damage is a stretch of a segment that cannot be used.
type Damage struct {
	Offset, Bytes int64
	Items         uint64 // lost in it
}

// Segments reads every segment to its end, one at each step.
func (in *Inspection) Segments() iter.Seq[SegmentInfo] {
	return func(yield func(SegmentInfo) bool) {
		for i, s := range in.cat.segs {
			if !yield(in.verify(s, i == len(in.cat.segs)-1)) {
				return
			}
		}
	}
}

func (in *Inspection) verify(s segment, newest bool) SegmentInfo {
	info := SegmentInfo{Name: segmentName(s.first), Bytes: s.size, From: s.prev, To: s.prev, Header: s.sure}
	if !s.sure {
		info.damage(0, segmentHeaderSize, 0)
	}
	sc := scanner{fs: in.fs, tries: 1}
	sc.open(filepath.Join(in.Dir, info.Name), s)
	for {
		h, err := sc.next()
		if err != nil || h.seq > s.end.Seq {
			break
		}
		lost := h.base - min(h.base, info.To.Base)
		if sc.skipped > 0 || lost > 0 {
			info.damage(h.off-sc.skipped, sc.skipped, lost)
		}
		sc.skipped = 0
		_, err = sc.payload(h)
		info.add(h, err == nil)
		sc.pass(h)
	}
	if sc.skipped > 0 && newest {
		info.TailBytes = sc.skipped
	} else if sc.skipped > 0 {
		lost := s.end.Base - min(s.end.Base, info.To.Base)
		info.damage(s.size-sc.skipped, sc.skipped, lost)
	}
	return info
}

func (info *SegmentInfo) damage(off, n int64, items uint64) {
	info.Damage = append(info.Damage, Damage{Offset: off, Bytes: n, Items: items})
}

func (info *SegmentInfo) add(h recordHeader, intact bool) {
	info.To = h.end()
	if info.First == 0 {
		info.First, info.MinTime, info.MaxTime = h.seq, h.time, h.time
	}
	info.Last = h.seq
	info.MinTime = min(info.MinTime, h.time)
	info.MaxTime = max(info.MaxTime, h.time)
	if !intact {
		info.damage(h.off, h.next()-h.off, uint64(h.count))
		return
	}
	info.Records++
	info.Items += uint64(h.count)
	if h.key {
		info.Keys++
	}
}
