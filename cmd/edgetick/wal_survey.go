package main

import (
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// survey is what reading and decoding a whole log tells.
type survey struct {
	in       *wal.Inspection
	pid      int // that has it open, or 0
	segments []wal.SegmentInfo
	begin    wal.Position // the oldest tick that somebody may want
	end      wal.Position
	ticks    int // decoded, and the samples and series in them
	samples  uint64
	series   int
	lost     []lostTicks
	remotes  []surveyedRemote
}

// lostTicks are neighbouring ticks that cannot be had for one reason.
type lostTicks struct {
	walLoss
	after, before int64 // times of the ticks around them; 0 if there is none
}

// capped tells whether they were deleted to keep within --wal.max-bytes.
func (l *lostTicks) capped() bool { return l.reason == string(wal.Full) }

// surveyedRemote is what the log says of a remote.
type surveyedRemote struct {
	wal.CursorInfo
	time  int64          // of the tick it stands behind; 0 if that has gone
	books *journal.State // nil if there are none, or none that can be read
	err   error          // why they cannot be read
}

// surveys is how often a log is looked at anew because the agent has deleted
// segments meanwhile. It seldom does; the last answer is right but for the list
// of segments.
const surveys = 4

// newSurvey reads the log twice: every byte of every segment, and then tick by
// tick as a remote would that starts at the lowest cursor.
func newSurvey(in *wal.Inspection) (*survey, error) {
	for try := 1; ; try++ {
		s := &survey{in: in, pid: holder(in.Dir, in.PID)}
		same := s.readSegments()
		s.readCursors()
		later, err := s.readTicks()
		if err != nil || same && later == in || try == surveys {
			return s, err
		}
		if in, err = wal.Inspect(in.Dir, nil); err != nil {
			return nil, err
		}
	}
}

// readSegments returns false if one was deleted meanwhile.
func (s *survey) readSegments() bool {
	same := true
	for seg := range s.in.Segments() {
		if _, err := os.Stat(filepath.Join(s.in.Dir, seg.Name)); err != nil {
			same = false
			continue
		}
		s.segments = append(s.segments, seg)
	}
	return same
}

func (s *survey) readCursors() {
	for _, c := range s.in.Cursors {
		r := surveyedRemote{CursorInfo: c}
		if len(c.Blob) > 0 {
			books, err := journal.DecodeState(c.Blob)
			if r.err = err; err == nil {
				r.books = &books
			}
		}
		s.remotes = append(s.remotes, r)
	}
}

// lowest is the position before all that can be read or that a remote has yet to
// read.
func lowest(in *wal.Inspection) wal.Position {
	low := in.Oldest()
	for _, c := range in.Cursors {
		if c.Base < low.Base {
			low = c.Position
		}
	}
	return low
}

// readTicks returns the view of the log that it has come to use.
func (s *survey) readTicks() (*wal.Inspection, error) {
	r := newWALReader(s.in, lowest)
	r.written = s.written
	s.begin = lowest(s.in)
	s.end = s.begin
	seen := newSeriesSet()
	var last int64
	for {
		t, err := r.next()
		var loss *walLoss
		switch {
		case errors.As(err, &loss):
			s.lose(loss, last)
		case errors.Is(err, wal.ErrEnd):
			s.series = seen.len()
			return r.in, nil
		case err != nil:
			return nil, err
		default:
			s.ticks++
			s.samples += uint64(t.Samples())
			s.found(t)
			seen.add(t)
			last = t.Time
		}
		s.end = r.end
	}
}

// written is the end of the last whole tick in the segments, which have been read.
func (s *survey) written(in *wal.Inspection) wal.Position {
	if in != s.in {
		return writtenEnd(in)
	}
	if len(s.segments) == 0 {
		return wal.Position{}
	}
	return s.segments[len(s.segments)-1].To
}

// lose notes a loss after a tick of that time.
func (s *survey) lose(loss *walLoss, after int64) {
	if loss.reason == reasonReleased {
		return
	}
	if n := len(s.lost); n > 0 && loss.err != nil {
		if l := &s.lost[n-1]; l.err != nil && l.to.Base == loss.from.Base {
			l.to = loss.to
			return
		}
	}
	s.lost = append(s.lost, lostTicks{walLoss: *loss, after: after})
}

// found notes the time of a tick where it matters.
func (s *survey) found(t *buffer.Tick) {
	if n := len(s.lost); n > 0 && s.lost[n-1].before == 0 {
		s.lost[n-1].before = t.Time
	}
	for i := range s.remotes {
		if r := &s.remotes[i]; r.Seq == t.Seq {
			r.time = t.Time
		}
	}
}

// lostSamples is how many samples damage has cost.
func (s *survey) lostSamples() uint64 {
	var n uint64
	for i := range s.lost {
		if l := &s.lost[i]; !l.capped() {
			n += l.samples()
		}
	}
	return n
}

// clean tells whether nothing is damaged. Files set aside were.
func (s *survey) clean() bool {
	return len(s.places()) == 0 && s.lostSamples() == 0
}

// place is a damaged place of a file.
type place struct {
	file          string
	offset, bytes int64
	samples       uint64 // in it, as far as is known
	what          string
}

// places lists the damaged places, by file.
func (s *survey) places() []place {
	var all []place
	for _, f := range s.in.Damaged {
		p := place{file: f.Name, bytes: f.Bytes, what: setAside + f.Err.Error()}
		var corrupt *wal.CorruptError
		if errors.As(f.Err, &corrupt) {
			p.offset, p.what = corrupt.Offset, setAside+corrupt.Err.Error()
		}
		all = append(all, p)
	}
	for _, seg := range s.segments {
		for _, d := range seg.Damage {
			all = append(all, place{seg.Name, d.Offset, d.Bytes, d.Items, whatDamage(d)})
		}
		// While an agent runs these bytes are a tick that is being written.
		if seg.TailBytes > 0 && s.pid == 0 {
			all = append(all, place{seg.Name, seg.Bytes - seg.TailBytes, seg.TailBytes, s.end.Base - min(s.end.Base, seg.To.Base),
				"not a whole tick; the next start cuts it off"})
		}
	}
	for _, r := range s.remotes {
		if r.err != nil {
			all = append(all, place{file: r.Name + cursorSuffix, what: r.err.Error()})
		}
	}
	return all
}

const setAside = "cannot be used, the next start sets it aside: "

func whatDamage(d wal.Damage) string {
	switch {
	case d.Offset == 0:
		return "the segment's header; its ticks can be read"
	case d.Bytes == 0:
		return "ticks are missing here"
	}
	return "damaged bytes"
}

// seriesSet counts distinct series by their hashes, and hashes no layout twice
// in a row.
type seriesSet struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
	last   map[int]*buffer.Layout // by source
}

func newSeriesSet() *seriesSet {
	return &seriesSet{seed: maphash.MakeSeed(), hashes: make(map[uint64]struct{}), last: make(map[int]*buffer.Layout)}
}

func (s *seriesSet) len() int { return len(s.hashes) }

func (s *seriesSet) add(t *buffer.Tick) {
	for i := range t.Blocks {
		b := &t.Blocks[i]
		if b.Layout != nil && b.Layout != s.last[b.Source] {
			s.last[b.Source] = b.Layout
			for _, series := range b.Layout.Series {
				s.put(series)
			}
		}
		for _, x := range b.Extra {
			s.put(x.Series)
		}
	}
}

func (s *seriesSet) put(series *buffer.Series) {
	s.hashes[maphash.String(s.seed, series.Labels)] = struct{}{}
}
