package journal

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// onMany runs a benchmark with few series and with many.
func onMany(b *testing.B, f func(b *testing.B, series int)) {
	for _, series := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("series=%d", series), func(b *testing.B) { f(b, series) })
	}
}

// BenchmarkCommit takes a tick from the loop's hands to the ring by way of the
// log, and settles it as remotes do, four at a time.
func BenchmarkCommit(b *testing.B) {
	onMany(b, func(b *testing.B, series int) {
		for _, interval := range []time.Duration{0, time.Hour} {
			b.Run(fmt.Sprintf("sync=%v", interval == 0), func(b *testing.B) {
				j := newJournal(b, wal.Options{SyncInterval: interval})
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					j.Run()
				}()
				cursor, state := j.Cursor("r")
				m := newMany(series)
				var blocks [32]buffer.Block
				for i := range blocks {
					blocks[i] = m.tick().Blocks[0]
				}
				b.ReportAllocs()
				for b.Loop() {
					t := m.wrap(blocks[m.seq%32])
					j.Commit(t, time.Now())
					for s := j.cfg.Ring.State(t.Seq - 1); s.Ticks == 0; s = j.cfg.Ring.State(t.Seq - 1) {
						<-s.Changed
					}
					if t.Seq%4 == 0 {
						if err := cursor.Settle(t, state); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/sample")
				j.Close()
				<-ended
				if err := j.CloseLog(); err != nil {
					b.Fatal(err)
				}
			})
		}
	})
}

// BenchmarkReplay reads a whole log, as a remote does that is behind.
func BenchmarkReplay(b *testing.B) {
	onMany(b, func(b *testing.B, series int) {
		j := newJournal(b, wal.Options{SyncInterval: time.Hour})
		m := newMany(series)
		for range max(6_000_000/series, 60) {
			j.append(queued{tick: m.tick(), since: time.Now()})
		}
		b.ReportAllocs()
		for b.Loop() {
			if got := readBack(b, j); got != m.end {
				b.Fatalf("%d samples read back of %d", got, m.end)
			}
		}
		perSecond := float64(b.N) / b.Elapsed().Seconds()
		b.ReportMetric(perSecond*float64(m.seq), "ticks/s")
		b.ReportMetric(perSecond*float64(m.end), "samples/s")
		if err := j.CloseLog(); err != nil {
			b.Fatal(err)
		}
	})
}
