package main

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
	"github.com/edgetick/edgetick/wal"
)

// sample is one sample of a committed tick.
type sample struct {
	key  string
	t    int64
	bits uint64
}

// committed is a tick that was found in the log of a dead process.
type committed struct {
	seq     uint64
	samples []sample
}

// logbook remembers what was found in a log's directory after each death.
type logbook struct {
	*testing.T
	dir     string
	caps    bool // ticks may have gone for the cap's sake
	refuses bool // the receiver refuses some samples

	end   wal.Position // of the last tick found
	time  int64        // of it
	ticks int
	all   samples
	gone  int // gaps: released, or for the cap, before they were seen
	state map[string]journal.State
	at    map[string]wal.Position // cursors
}

func newLogbook(t *testing.T, dir string) *logbook {
	return &logbook{T: t, dir: dir, all: make(samples)}
}

// read looks at the directory, which no process has open, and returns the ticks
// that were not there before.
func (b *logbook) read() []committed {
	b.Helper()
	in, err := wal.Inspect(b.dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range in.Damaged {
		b.Errorf("%s is damaged: %s", d.Name, d.Err)
	}
	for _, f := range in.Aside {
		b.Errorf("%s was set aside", f.Name)
	}
	b.cursors(in)
	var (
		fresh   []committed
		reader  = in.NewReader(b.end)
		decoder buffer.Decoder
	)
	for {
		rec, err := reader.Next()
		var gap *wal.Gap
		switch {
		case errors.Is(err, wal.ErrEnd):
			return fresh
		case errors.As(err, &gap):
			b.missing(gap)
			continue
		case err != nil:
			b.Fatal(err)
		}
		tick, err := decoder.Decode(rec.Payload, rec.Key)
		if err != nil {
			b.Errorf("tick %d cannot be decoded: %s", rec.Seq, err)
		} else if !rec.Primer {
			fresh = append(fresh, b.enter(rec, tick))
		}
	}
}

// missing is a gap, which is in order if all remotes were done with it.
func (b *logbook) missing(gap *wal.Gap) {
	b.gone++
	b.end = gap.To
	for name, pos := range b.at {
		if pos.Seq < gap.To.Seq && !b.caps {
			b.Errorf("%s, and remote %s has come to %d", gap, name, pos.Seq)
		}
	}
}

func (b *logbook) enter(rec wal.Record, tick *buffer.Tick) committed {
	b.Helper()
	if rec.Seq != b.end.Seq+1 || rec.Base != b.end.Base || tick.Seq != rec.Seq || tick.Base != rec.Base {
		b.Errorf("tick %d from sample %d follows %+v, and says it is %d from %d", rec.Seq, rec.Base, b.end, tick.Seq, tick.Base)
	}
	if tick.Time <= b.time {
		b.Errorf("tick %d at %d follows one at %d", tick.Seq, tick.Time, b.time)
	}
	b.end, b.time = rec.End(), tick.Time
	b.ticks++
	c := committed{seq: tick.Seq}
	for _, s := range samplesOf(tick) {
		c.samples = append(c.samples, s)
		b.all.put(s.key, s.t, s.bits)
	}
	if len(c.samples) != int(rec.Count) {
		b.Errorf("tick %d has %d samples, its record says %d", tick.Seq, len(c.samples), rec.Count)
	}
	return c
}

func samplesOf(tick *buffer.Tick) []sample {
	var all []sample
	for _, block := range tick.Blocks {
		for i, v := range block.Values {
			all = append(all, sample{keyOf(block.Layout.Series[i]), block.Time, math.Float64bits(v)})
		}
		for _, x := range block.Extra {
			all = append(all, sample{keyOf(x.Series), x.Time, math.Float64bits(x.Value)})
		}
	}
	return all
}

func keyOf(s *buffer.Series) string {
	var name, i, job string
	for k, v := range proto.Labels(s.Labels) {
		switch k {
		case "__name__":
			name = v
		case "i":
			i = v
		case "job":
			job = v
		}
	}
	return seriesKey(name, i, job)
}

// cursors reads the books and checks that they balance.
func (b *logbook) cursors(in *wal.Inspection) {
	b.Helper()
	before := b.state
	b.state, b.at = make(map[string]journal.State), make(map[string]wal.Position)
	for _, c := range in.Cursors {
		b.at[c.Name] = c.Position
		if len(c.Blob) == 0 {
			continue // nothing was sent yet
		}
		s, err := journal.DecodeState(c.Blob)
		if err != nil {
			b.Errorf("books of %s: %s", c.Name, err)
			continue
		}
		b.state[c.Name] = s
		was := before[c.Name]
		if s.Settled < was.Settled || s.Acknowledged < was.Acknowledged || s.From != was.From {
			b.Errorf("the books of %s went back from %+v to %+v", c.Name, was, s)
		}
		if out := s.Acknowledged + s.Rejected.Total() + dropped(s); out != s.Settled-s.From {
			b.Errorf("books of %s: %d samples are settled, and %d accounted for: %+v", c.Name, s.Settled-s.From, out, s)
		}
		if s.Rejected.Total() != 0 && !b.refuses || dropped(s) != 0 && !b.caps {
			b.Errorf("books of %s: %+v", c.Name, s)
		}
	}
}

func dropped(s journal.State) uint64 {
	var n uint64
	for _, d := range s.Dropped {
		n += d
	}
	return n
}

// final checks the books of a remote after all was delivered, and returns them.
func (b *logbook) final(remote string) journal.State {
	b.Helper()
	s := b.state[remote]
	if s.From != 0 || s.Settled != b.end.Base || s.Acknowledged+s.Rejected.Total()+dropped(s) != b.end.Base {
		b.Errorf("books of %s: %+v, and %d samples were gathered", remote, s, b.end.Base)
	}
	return s
}

// compare fails the test unless got holds all samples found in the log, bit for
// bit, and exactly so many in all.
func (b *logbook) compare(remote string, got samples, total uint64) {
	b.Helper()
	missing, wrong := 0, 0
	for key, points := range b.all {
		for t, bits := range points {
			switch was, ok := got[key][t]; {
			case !ok:
				if missing++; missing <= 3 {
					b.Logf("remote %s: %s at %d, %x, is missing", remote, key, t, bits)
				}
			case was != bits:
				wrong++
			}
		}
	}
	if missing > 0 || wrong > 0 {
		b.Errorf("remote %s: of %d samples found in the log, %d did not arrive and %d arrived with other bits", remote, b.all.count(), missing, wrong)
	}
	if n := got.count(); uint64(n) != total {
		b.Errorf("remote %s has %d different samples, want %d", remote, n, total)
	}
}

// times are the times at which a series has samples, in order.
func (s samples) times(key string) []int64 {
	var times []int64
	for t := range s[key] {
		times = append(times, t)
	}
	slices.Sort(times)
	return times
}

// asNumber is the value that has these bits.
func asNumber(bits uint64) float64 { return math.Float64frombits(bits) }
