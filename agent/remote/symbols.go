package remote

import (
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// symbols remembers of layouts what it takes to write their series: in 2.0 their
// label sets as symbols, and for 1.0 whether all names are legal there.
type symbols struct {
	layouts map[*buffer.Layout]*layoutSymbols
	window  int // number of the one being sent
	kept    int // size of the dictionary in the first window after it was emptied

	layout *buffer.Layout // asked for last
	found  *layoutSymbols
}

type layoutSymbols struct {
	used  int      // number of the last window with it
	ids   []uint32 // of all series, one after the other
	ends  []uint32 // in ids, of each series; nil until they are needed
	names names
}

// names says whether all names of a layout's series are legal in 1.0.
type names int

const (
	namesUnknown names = iota
	namesLegacy
	namesMixed
)

const (
	// keepLayouts is for how many windows a layout is remembered that is not in
	// them: its target may not be due at each tick.
	keepLayouts = 16
	// A dictionary is emptied when it has grown to wornTimes what it was, and
	// wornBytes more: series come and go.
	wornTimes = 2
	wornBytes = 256 << 10
)

func (s *symbols) of(l *buffer.Layout) *layoutSymbols {
	if l == s.layout {
		return s.found
	}
	f := s.layouts[l]
	if f == nil {
		if s.layouts == nil {
			s.layouts = make(map[*buffer.Layout]*layoutSymbols)
		}
		f = new(layoutSymbols)
		s.layouts[l] = f
	}
	f.used = s.window
	s.layout, s.found = l, f
	return f
}

// ids are the symbols of a piece's labels; empty if nothing is remembered of it.
func (s *symbols) ids(x *piece, enc *proto.EncoderV2) []uint32 {
	if x.layout == nil {
		return nil
	}
	f := s.of(x.layout)
	if f.ends == nil {
		f.ends = make([]uint32, len(x.layout.Series))
		for i, series := range x.layout.Series {
			f.ids = enc.Intern(f.ids, series.Labels)
			f.ends[i] = uint32(len(f.ids))
		}
	}
	start := uint32(0)
	if x.at > 0 {
		start = f.ends[x.at-1]
	}
	return f.ids[start:f.ends[x.at]]
}

// legacy tells whether the names in a piece's labels are legal in 1.0.
func (s *symbols) legacy(x *piece) bool {
	if x.layout == nil {
		return proto.LegacyNames(x.series.Labels)
	}
	f := s.of(x.layout)
	if f.names == namesUnknown {
		f.names = namesLegacy
		for _, series := range x.layout.Series {
			if !proto.LegacyNames(series.Labels) {
				f.names = namesMixed
				break
			}
		}
	}
	return f.names == namesLegacy || proto.LegacyNames(x.series.Labels)
}

// release says that a window has been sent, and forgets what is not used.
func (s *symbols) release(enc *proto.EncoderV2) {
	s.window++
	s.layout, s.found = nil, nil
	if s.kept == 0 {
		s.kept = enc.Size()
	}
	if enc.Size() > wornTimes*s.kept+wornBytes {
		enc.Forget()
		clear(s.layouts)
		s.kept = 0
		return
	}
	for l, f := range s.layouts {
		if s.window-f.used > keepLayouts {
			delete(s.layouts, l)
		}
	}
}
