package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// many makes ticks of many series of one source, of which three in ten count.
type many struct {
	series   []*buffer.Series
	made     int // series ever
	layout   *buffer.Layout
	seq, end uint64
}

func newMany(series int) *many {
	m := &many{series: make([]*buffer.Series, series)}
	m.replace(series)
	return m
}

// replace puts others in the place of the first n series.
func (m *many) replace(n int) {
	for i := range n {
		m.made++
		m.series[i] = &buffer.Series{Labels: fmt.Sprintf("handler=/api/v1/items/%d,series=%d", m.made%7, m.made), Family: family}
	}
	m.layout = buffer.NewLayout(append([]*buffer.Series(nil), m.series...))
}

func (m *many) tick() *buffer.Tick {
	seq := m.seq + 1
	values := make([]float64, len(m.series))
	for i := range values {
		values[i] = float64(i)
		if i%10 < 3 {
			values[i] += float64(seq*uint64(7+i%5) + seq*seq%11)
		}
	}
	return m.wrap(buffer.Block{Layout: m.layout, Values: values})
}

// wrap makes the next tick of a block.
func (m *many) wrap(b buffer.Block) *buffer.Tick {
	m.seq++
	b.Time = int64(1000 * m.seq)
	t := &buffer.Tick{Seq: m.seq, Time: b.Time, Base: m.end, Blocks: []buffer.Block{b}}
	m.end = t.End()
	return t
}

// newJournal makes a journal with an open log in a directory of its own.
func newJournal(t testing.TB, opts wal.Options) *Journal {
	t.Helper()
	j := New(Config{
		Dir:        t.TempDir(),
		Options:    opts,
		Ring:       buffer.NewRing(1<<20, 2),
		Registerer: prometheus.NewRegistry(),
		Logger:     slog.New(slog.DiscardHandler),
	})
	if _, err := j.Open([]string{"r"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestJournal_KeyRecordsOfManySeriesTakeLittleOfTheLog writes ticks whose key
// records are larger than the segments that are asked for, while series come and
// go.
func TestJournal_KeyRecordsOfManySeriesTakeLittleOfTheLog(t *testing.T) {
	write := func(segmentBytes int64) uint64 {
		j := newJournal(t, wal.Options{SegmentBytes: segmentBytes, SyncInterval: time.Hour})
		m := newMany(5_000)
		for range 150 {
			if m.seq%10 == 9 {
				m.replace(int(m.seq))
			}
			j.append(queued{tick: m.tick(), since: time.Now()})
		}
		if err := j.Trouble(); err != nil {
			t.Fatal(err)
		}
		if got := readBack(t, j); got != m.end {
			t.Errorf("%d samples read back of %d", got, m.end)
		}
		written := j.wal.Stats().WrittenBytes
		if err := j.CloseLog(); err != nil {
			t.Fatal(err)
		}
		return written
	}
	small, large := write(64<<10), write(64<<20)
	if small > large*6/5 {
		t.Errorf("%d bytes are written in small segments, %d in large ones", small, large)
	}
}

// readBack reads the whole log and returns how many samples it holds.
func readBack(t testing.TB, j *Journal) (samples uint64) {
	t.Helper()
	for r := (&Cursor{journal: j}).Reader(); ; {
		tick, err := r.Next()
		if errors.Is(err, ErrEnd) {
			return samples
		}
		if err != nil {
			t.Fatal(err)
		}
		samples += uint64(tick.Samples())
	}
}
