package remote

import (
	"maps"
	"time"
	"unicode/utf8"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// descriptions says what requests tell about families: type and unit always, the
// help text seldom, because it costs more than packing saves.
type descriptions struct {
	family *buffer.Family // asked for last
	meta   proto.Metadata
	untold bool // its help text, since

	told  map[*buffer.Family]struct{} // since
	now   map[*buffer.Family]struct{} // in this window
	since time.Time
}

// describeEvery is how often a family's help text is sent. It is sent, too, in
// the first window with the family and in the first with another text.
const describeEvery = time.Hour

// maxDescription is the size, in bytes, of the longest name, help text and unit
// together. Hosted receivers refuse, or cut, what is longer.
const maxDescription = 1024

// look forgets what has been told if it is time to tell it again.
func (d *descriptions) look(now time.Time) {
	if d.told == nil || now.Sub(d.since) >= describeEvery {
		d.told = make(map[*buffer.Family]struct{})
		d.now = make(map[*buffer.Family]struct{})
		d.since = now
		d.family = nil
	}
}

// of is what requests tell about f.
func (d *descriptions) of(f *buffer.Family) *proto.Metadata {
	if f != d.family {
		d.family = f
		d.meta = describe(f)
		_, told := d.told[f]
		d.untold = !told
	}
	return &d.meta
}

// describe is all that is told about f.
func describe(f *buffer.Family) proto.Metadata {
	return proto.Metadata{Family: f.Name, Type: uint8(f.Type), Unit: f.Unit,
		Help: cutText(f.Help, maxDescription-len(f.Name)-len(f.Unit))}
}

// due tells whether the window that is being sent is to have the help text of the
// family asked for last.
func (d *descriptions) due() bool {
	if d.untold {
		d.now[d.family] = struct{}{}
	}
	return d.untold
}

// delivered says that the window has been sent.
func (d *descriptions) delivered() {
	maps.Copy(d.told, d.now)
	clear(d.now)
	d.family = nil
}

// cutText cuts a text to at most n bytes.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
