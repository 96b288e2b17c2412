package remote

import (
	"time"

	"github.com/edgetick/edgetick/buffer"
)

const (
	// maxWindowTicks bounds a window in ticks.
	maxWindowTicks = 240

	// MaxWindowSpan bounds a window in time. A window is sent series by series,
	// so the first request of a window brings the receiver's clock to the
	// window's end, and the last must not be too old then: Prometheus refuses
	// what is more than an hour behind the newest sample it has seen.
	MaxWindowSpan = 15 * time.Minute

	// maxWindowBytes bounds a window in memory, in bytes without its layouts. The
	// ticks that are packed together in step may be larger.
	maxWindowBytes = 4 << 20
)

// windowTicks tells how many ticks to pack together: packTicks when in step, as
// many as there are when a backlog has formed or no tick will follow, 0 to wait.
func windowTicks(s buffer.State, packTicks int) int {
	switch {
	case s.Closed, s.Ticks >= 2*packTicks:
		return min(s.Ticks, maxWindowTicks)
	case s.Ticks >= packTicks:
		return packTicks
	default:
		return 0
	}
}

// cutWindow returns the longest beginning of ticks, at least one, that can be
// packed together, packTicks of them whatever their size.
func cutWindow(ticks []*buffer.Tick, packTicks int) []*buffer.Tick {
	bytes := 0
	for i, t := range ticks {
		bytes += t.Bytes()
		if i > 0 && !inWindow(ticks[:i], t, bytes, packTicks) {
			clear(ticks[i:])
			return ticks[:i]
		}
	}
	return ticks
}

// inWindow tells whether t can be packed together with the ticks of a window
// before it, bytes being the size of all of them: no tick is missing between,
// time goes forward, and the bounds hold, that of the size for more than so many
// ticks. The rule is the same for ticks from the ring and from the log, so that a
// window that is sent again is the same.
func inWindow(window []*buffer.Tick, t *buffer.Tick, bytes, whatever int) bool {
	first, last := window[0], window[len(window)-1]
	return t.Base == last.End() && t.Time > last.Time &&
		t.Time-first.Time <= MaxWindowSpan.Milliseconds() &&
		(bytes <= maxWindowBytes || len(window) < whatever)
}
