package remote

import (
	"slices"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// symbols remembers of layouts what it takes to write the label sets of their
// series: in 2.0 as symbols, and for 1.0 with legal names.
type symbols struct {
	layouts layouts[labelSets]
	kept    int    // size of the dictionary in the first window after it was emptied
	ids     []byte // of the layout being interned
}

// labelSets are those of the series of a layout.
type labelSets struct {
	ids  []byte   // symbols of all series, one after the other
	ends []uint32 // in ids, of each series; nil until they are needed

	checked bool
	escaped map[int]string // of the series whose names 1.0 does not allow
}

const (
	// A dictionary is emptied when it has grown to wornTimes what it was, and
	// wornBytes more: series come and go.
	wornTimes = 2
	wornBytes = 256 << 10
)

// intern returns the label sets of a layout as symbols.
func (s *symbols) intern(l *buffer.Layout, enc *proto.EncoderV2) *labelSets {
	sets := s.layouts.of(l)
	if sets.ends == nil {
		sets.ends = make([]uint32, len(l.Series))
		s.ids = s.ids[:0]
		for i, series := range l.Series {
			s.ids = enc.Intern(s.ids, series.Labels)
			sets.ends[i] = uint32(len(s.ids))
		}
		sets.ids = slices.Clone(s.ids)
	}
	return sets
}

// symbols are those of a series.
func (s *labelSets) symbols(series int) []byte {
	start := uint32(0)
	if series > 0 {
		start = s.ends[series-1]
	}
	return s.ids[start:s.ends[series]]
}

// escape returns the label sets of a layout as 1.0 has them.
func (s *symbols) escape(l *buffer.Layout) *labelSets {
	sets := s.layouts.of(l)
	if !sets.checked {
		sets.checked = true
		for i, series := range l.Series {
			if proto.LegacyNames(series.Labels) {
				continue
			}
			if sets.escaped == nil {
				sets.escaped = make(map[int]string)
			}
			sets.escaped[i] = proto.EscapeNames(series.Labels)
		}
	}
	return sets
}

// release says that a window has been sent, at last in that version, and forgets
// what is not used.
func (s *symbols) release(enc *proto.EncoderV2, by Protocol) {
	s.layouts.release()
	s.ids = nil
	if s.kept == 0 {
		s.kept = enc.Size()
	}
	worn := enc.Size() > wornTimes*s.kept+wornBytes
	if idle := by != Protocol2 && enc.Size() > 0; worn || idle {
		enc.Forget()
		s.layouts.forget()
		s.kept = 0
	}
}
