package remote

import (
	"math/rand/v2"
	"time"
)

// wire is a way to write requests.
type wire struct {
	protocol    Protocol
	compression Compression
}

// ladder holds the ways to write requests that a remote may take, the best first,
// and how far down them its receiver has sent it.
type ladder struct {
	rungs  []wire
	at     int
	proven bool      // the receiver has taken samples written like this
	again  time.Time // when to look again whether it takes the first
}

// relook is how long a remote goes on with something less than the best before it
// tries that again, with up to a tenth more so that agents do not do so together.
const relook = 24 * time.Hour

func newLadder(p Protocol, c Compression) *ladder {
	l := new(ladder)
	if c == Zstd {
		l.rungs = append(l.rungs, wire{Protocol1, Zstd})
	}
	if p != Protocol1 {
		l.rungs = append(l.rungs, wire{Protocol2, Snappy})
	}
	if p != Protocol2 {
		l.rungs = append(l.rungs, wire{Protocol1, Snappy})
	}
	return l
}

// wire is the way to write the next request.
func (l *ladder) wire() wire { return l.rungs[l.at] }

// down goes on to the next way. It returns false if there is none.
func (l *ladder) down(now time.Time) bool {
	if l.at+1 == len(l.rungs) {
		return false
	}
	l.at++
	l.proven = false
	l.again = now.Add(relook + rand.N(relook/10))
	return true
}

// top goes back to the best way.
func (l *ladder) top() { l.at, l.proven = 0, false }

// look goes back to the best way if it is time.
func (l *ladder) look(now time.Time) {
	if l.at > 0 && now.After(l.again) {
		l.top()
	}
}

// doubt is a refusal by a receiver that may only not have understood: it has
// never taken anything written like that.
type doubt struct {
	at int // on the ladder
	a  answer
}

// end says that the receiver does not take it written otherwise either: it was
// refused for what is in it.
func (d *doubt) end(l *ladder) answer {
	l.at = d.at
	return d.a
}
