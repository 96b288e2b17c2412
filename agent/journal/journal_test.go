package journal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// badDisk is the real file system, until it is told to fail or to take its time.
type badDisk struct {
	wal.FS
	mu   sync.Mutex
	err  error         // of each operation that writes
	wait chan struct{} // that each sync waits for
	hits int
}

type badFile struct {
	wal.File
	disk *badDisk
}

func (d *badDisk) set(err error, wait chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.wait = err, wait
}

func (d *badDisk) fault(sync bool) error {
	d.mu.Lock()
	err, wait := d.err, d.wait
	if err != nil || sync && wait != nil {
		d.hits++
	}
	d.mu.Unlock()
	if sync && wait != nil {
		<-wait
	}
	return err
}

func (d *badDisk) MkdirAll(dir string) error {
	if err := d.fault(false); err != nil {
		return err
	}
	return d.FS.MkdirAll(dir)
}

func (d *badDisk) OpenFile(name string, flag int) (wal.File, error) {
	if err := d.fault(false); err != nil {
		return nil, err
	}
	f, err := d.FS.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	return badFile{f, d}, nil
}

func (f badFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.disk.fault(false); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f badFile) Sync() error {
	if err := f.disk.fault(true); err != nil {
		return err
	}
	return f.File.Sync()
}

// bench is a journal with a ring, a disk that can be broken and a log.
type bench struct {
	*Journal
	*testing.T
	ring  *buffer.Ring
	disk  *badDisk
	logs  bytes.Buffer
	end   uint64
	seq   uint64
	ended chan struct{}

	columns buffer.Columns
}

func newBench(t *testing.T, dir string) *bench {
	t.Helper()
	b := &bench{T: t, ring: buffer.NewRing(1<<20, 2), disk: &badDisk{FS: wal.RealFS()}, ended: make(chan struct{})}
	b.Journal = New(Config{
		Dir:        dir,
		Options:    wal.Options{FS: b.disk},
		Ring:       b.ring,
		Registerer: prometheus.NewRegistry(),
		Logger:     slog.New(slog.NewTextHandler(&b.logs, nil)),
	})
	return b
}

// begin opens the journal for the remote r and runs it.
func (b *bench) begin() Start {
	b.Helper()
	s, err := b.Open([]string{"r"}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.seq, b.end = s.Seq, s.End
	go func() {
		b.Journal.Run()
		close(b.ended)
	}()
	return s
}

var (
	family = &buffer.Family{Name: "a", Type: buffer.TypeGauge}
	layout = buffer.NewLayout([]*buffer.Series{{Labels: "one", Family: family}, {Labels: "two", Family: family}})
)

// commit commits a tick of two samples and waits until nothing moves any more.
func (b *bench) commit() *buffer.Tick {
	b.seq++
	t := &buffer.Tick{Seq: b.seq, Time: time.Now().UnixMilli(), Base: b.end}
	t.Blocks = []buffer.Block{{Time: t.Time, Layout: layout}}
	x := b.columns.Take(2)
	x.Fill(&t.Blocks[0], append(x.Values(), float64(b.seq), 0.5))
	b.end = t.End()
	b.Commit(t, time.Now())
	x.Release()
	synctest.Wait()
	time.Sleep(time.Second)
	return t
}

func (b *bench) finish() {
	b.Close()
	<-b.ended
	if err := b.CloseLog(); err != nil {
		b.Error(err)
	}
}

// inRing and inLog list the ticks that the ring and the log hold.
func (b *bench) inRing() string {
	var all []string
	for _, t := range b.ring.After(0, 1000, nil) {
		all = append(all, fmt.Sprint(t.Seq))
	}
	return strings.Join(all, " ")
}

func (b *bench) inLog() string {
	b.Helper()
	var all []string
	c := &Cursor{journal: b.Journal}
	r := c.Reader()
	for r != nil {
		t, err := r.Next()
		var loss *Loss
		switch {
		case errors.As(err, &loss):
			all = append(all, loss.Error())
		case errors.Is(err, ErrEnd):
			return strings.Join(all, " ")
		case err != nil:
			b.Fatal(err)
		default:
			if t.Blocks[0].Values[0] != float64(t.Seq) {
				b.Errorf("tick %d holds %v", t.Seq, t.Blocks[0].Values)
			}
			all = append(all, fmt.Sprint(t.Seq))
		}
	}
	return "no log"
}

func (b *bench) expect(what, got, want string) {
	b.Helper()
	if got != want {
		b.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestJournal_TicksAreInTheLogAndTheRing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		last := b.commit()
		for range 4 {
			last = b.commit()
		}
		b.expect("ring", b.inRing(), "1 2 3 4 5")
		b.expect("log", b.inLog(), "1 2 3 4 5")
		if last.LogEnd != 10 {
			t.Errorf("the log holds %d samples with the last tick", last.LogEnd)
		}
		cursor, state := b.Cursor("r")
		state.Acknowledged, state.Dropped = 7, map[string]uint64{"why": 3}
		state.Settled, state.Sending = 6, 5
		if err := cursor.Settle(b.ring.After(2, 1, nil)[0], state); err != nil {
			t.Fatal(err)
		}
		b.finish()

		b = newBench(t, dir)
		start := b.begin()
		if start.Seq != 5 || start.End != 10 || start.Time != last.Time {
			t.Errorf("the next life starts with %+v after %+v", start, last)
		}
		cursor, state = b.Cursor("r")
		if cursor.Seq != 3 || state.Acknowledged != 7 || state.Dropped["why"] != 3 || state.Settled != 6 || state.Sending != 5 {
			t.Errorf("the cursor is at %d with %+v", cursor.Seq, state)
		}
		next, err := cursor.Reader().Next()
		if err != nil || next.Seq != 4 || next.Base != 6 || next.LogEnd != 8 {
			t.Errorf("after the cursor comes %+v, %v", next, err)
		}
		b.finish()
	})
}

func TestJournal_SlowDiskHoldsUpNobodyForLong(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		b.commit()
		wait := make(chan struct{})
		b.disk.set(nil, wait)
		for range 10 { // one a second
			b.commit()
		}
		b.expect("ring before the patience ends", b.inRing(), "1")
		b.commit()
		b.expect("ring after", b.inRing(), "1 2 3 4 5 6 7 8 9 10 11 12")
		b.commit()
		b.disk.set(nil, nil)
		close(wait)
		synctest.Wait()
		b.commit()
		b.expect("ring at the end", b.inRing(), "1 2 3 4 5 6 7 8 9 10 11 12 13 14")
		b.expect("log at the end", b.inLog(), "1 2 3 4 5 6 7 8 9 10 11 12 13 14")
		if b.disk.hits == 0 {
			t.Error("the disk was not slow")
		}
		b.finish()
	})
}

// What remotes get before the disk stays as it is until the disk has it, too,
// though they are done with it.
func TestJournal_KeepsTheValuesForASlowDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		remote := b.ring.Reader()
		wait := make(chan struct{})
		b.disk.set(nil, wait)
		for range 20 {
			b.commit()
			remote.Pass(b.seq)
		}
		b.expect("ring", b.inRing(), "")
		b.disk.set(nil, nil)
		close(wait)
		synctest.Wait()
		b.expect("log", b.inLog(), "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20")
		b.finish()
	})
}

func TestJournal_GoesOnWithoutTheDisk(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		t.Run(errno.Error(), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, dir)
				b.begin()
				b.commit()
				b.disk.set(errno, nil)
				for range 3 {
					b.commit()
				}
				if err := b.Trouble(); !errors.Is(err, errno) {
					t.Errorf("the trouble is %v", err)
				}
				b.disk.set(nil, nil)
				b.commit()
				if err := b.Trouble(); err != nil {
					t.Errorf("the trouble goes on: %v", err)
				}
				b.expect("ring", b.inRing(), "1 2 3 4 5")
				b.expect("log", b.inLog(), "1 5")
				if n := strings.Count(b.logs.String(), "level=ERROR"); n != 1 || b.disk.hits < 3 {
					t.Errorf("the trouble was logged %d times:\n%s", n, b.logs.String())
				}
				b.finish()
			})
		})
	}
}

func TestJournal_OpensTheLogWhenItCan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.disk.set(syscall.ENOSPC, nil)
		b.begin()
		first := b.commit()
		if !errors.Is(b.Trouble(), syscall.ENOSPC) {
			t.Errorf("the trouble is %v", b.Trouble())
		}
		b.disk.set(nil, nil)
		for range 12 {
			b.commit()
		}
		if b.Trouble() != nil {
			t.Errorf("the trouble goes on: %v", b.Trouble())
		}
		if got := len(strings.Fields(b.inRing())); got != 13 {
			t.Errorf("%d ticks in the ring", got)
		}
		if got := b.inLog(); got == "" || slices.Contains(strings.Fields(got), fmt.Sprint(first.Seq)) {
			t.Errorf("the log holds %s", got)
		}
		cursor, state := b.Cursor("r")
		if err := cursor.Settle(b.ring.After(0, 1000, nil)[12], state); err != nil {
			t.Error(err)
		}
		b.finish()
	})
}

// A log of an earlier life that could not be opened at the start is left as it
// is: its books and those of this life do not go together.
func TestJournal_LeavesALogThatItFindsLate(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		for range 3 {
			b.commit()
		}
		b.finish()

		b = newBench(t, dir)
		b.disk.set(syscall.EIO, nil)
		b.begin()
		b.commit()
		b.disk.set(nil, nil)
		for range 25 {
			b.commit()
		}
		if !errors.Is(b.Trouble(), errLateLog) {
			t.Errorf("the trouble is %v", b.Trouble())
		}
		if got := len(strings.Fields(b.inRing())); got != 26 {
			t.Errorf("%d ticks in the ring", got)
		}
		b.finish()

		b = newBench(t, dir)
		if start := b.begin(); start.Seq != 3 || start.End != 6 {
			t.Errorf("the life after starts with %+v", start)
		}
		b.expect("log", b.inLog(), "1 2 3")
		b.finish()
	})
}

// However the end of the log is damaged, what is before it is not passed over,
// and the books go on where they were.
func TestJournal_DamagedEnd(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"last record torn":         func(b []byte) []byte { return b[:len(b)-3] },
		"last record flipped":      func(b []byte) []byte { b[len(b)-3] ^= 1; return b },
		"first record torn":        func(b []byte) []byte { return b[:80] },
		"nothing but the header":   func(b []byte) []byte { return b[:64] },
		"header and all destroyed": func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				for range 2 { // each life has a segment
					b := newBench(t, dir)
					b.begin()
					for range 3 {
						b.commit()
					}
					b.finish()
				}
				segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
				if err != nil || len(segments) != 2 {
					t.Fatal(segments, err)
				}
				bytes, err := os.ReadFile(segments[1])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(segments[1], damage(bytes), 0o600); err != nil {
					t.Fatal(err)
				}
				b := newBench(t, dir)
				start := b.begin()
				if start.Seq < 5 || start.End != 12 {
					t.Errorf("the next life starts with %+v", start)
				}
				if got := b.inLog(); !strings.HasPrefix(got, "1 2 3") {
					t.Errorf("the log holds %s", got)
				}
				b.finish()
			})
		})
	}
}

func TestJournal_NewNameGoesOnWhereTheOldOneStopped(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		for range 5 {
			b.commit()
		}
		cursor, state := b.Cursor("r")
		state.Settled, state.Acknowledged, state.Sending, state.MaxSamples = 6, 6, 5, 77
		if err := cursor.Settle(b.ring.After(2, 1, nil)[0], state); err != nil {
			t.Fatal(err)
		}
		b.finish()

		b = newBench(t, dir)
		if _, err := b.Open([]string{"new"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		cursor, state = b.Cursor("new")
		if cursor.Seq != 3 || state.From != 6 || state.Settled != 6 || state.Acknowledged != 0 || state.Sending != 5 || state.MaxSamples != 77 {
			t.Errorf("the new name starts at %d with %+v", cursor.Seq, state)
		}
		if err := b.CloseLog(); err != nil {
			t.Error(err)
		}
	})
}

func TestJournal_StopsThoughTheDiskHangs(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		b.commit()
		wait := make(chan struct{})
		b.disk.set(nil, wait)
		for range 5 {
			b.commit()
		}
		b.expect("ring while the disk hangs", b.inRing(), "1")
		b.Close()
		time.Sleep(stallOnClose)
		synctest.Wait()
		b.expect("ring after closing", b.inRing(), "1 2 3 4 5 6")
		if !b.ring.State(0).Closed {
			t.Error("the ring is not closed")
		}
		b.disk.set(nil, nil)
		close(wait)
		<-b.ended
		if err := b.CloseLog(); err != nil {
			t.Error(err)
		}
	})
}

// A remote that stores its cursor goes on without a disk that hangs, and stores it
// again when the disk is back.
func TestCursor_IsNotHeldUpByADiskThatHangs(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		tick := b.commit()
		cursor, state := b.Cursor("r")
		before := b.open().Stats().Syncs
		if err := cursor.Intend(state); err != nil {
			t.Fatal(err)
		}
		if n := b.open().Stats().Syncs; n == before {
			t.Error("what is about to be sent is not durable")
		}
		wait := make(chan struct{})
		b.disk.set(nil, wait)
		start := time.Now()
		state.Sending = 1
		for range 10 {
			if err := cursor.Intend(state); !errors.Is(err, errSlowDisk) {
				t.Errorf("error %v", err)
			}
		}
		if took := time.Since(start); took != diskPatience {
			t.Errorf("the disk held up its user for %s", took)
		}
		b.disk.set(nil, nil)
		close(wait)
		synctest.Wait()
		state.Acknowledged, state.Settled = 2, 2
		if err := cursor.Settle(tick, state); err != nil {
			t.Error(err)
		}
		b.finish()
		b = newBench(t, dir)
		b.begin()
		if cursor, state := b.Cursor("r"); cursor.Seq != 1 || state.Acknowledged != 2 {
			t.Errorf("the cursor is at %d with %+v", cursor.Seq, state)
		}
		b.finish()
	})
}

func TestJournal_KeepsLittleForADiskThatHangs(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.begin()
		wait := make(chan struct{})
		b.disk.set(nil, wait)
		for range 500 {
			b.commit()
		}
		b.mu.Lock()
		if n := len(b.queue); n > maxQueue {
			t.Errorf("%d ticks wait for the disk", n)
		}
		b.mu.Unlock()
		if got := len(strings.Fields(b.inRing())); got != 500 {
			t.Errorf("%d ticks in the ring", got)
		}
		b.disk.set(nil, nil)
		close(wait)
		b.finish()
	})
}

func TestJournal_WithoutALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "")
		b.begin()
		b.commit()
		b.commit()
		b.expect("ring", b.inRing(), "1 2")
		b.expect("log", b.inLog(), "no log")
		cursor, state := b.Cursor("r")
		if err := cursor.Settle(b.ring.After(0, 2, nil)[1], state); err != nil || cursor.Seq != 2 {
			t.Errorf("the cursor is at %d, %v", cursor.Seq, err)
		}
		b.finish()
	})
}

func TestJournal_RemovesCursorsOfRemotesThatWent(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		if _, err := b.Open([]string{"r", "gone"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := b.CloseLog(); err != nil {
			t.Fatal(err)
		}
		b = newBench(t, dir)
		b.begin()
		if n := len(b.open().Cursors()); n != 1 {
			t.Errorf("%d cursors", n)
		}
		if !strings.Contains(b.logs.String(), "gone") {
			t.Error("the removal is not in the log")
		}
		b.finish()
	})
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte{})
	f.Add(State{}.append(nil))
	f.Add(State{From: 1, Settled: 1 << 40, Rejected: Counts{"other": 5}, Sending: 9, BudgetFrom: 1, BudgetUsed: 2, Dropped: map[string]uint64{"wal_full": 3, "": 0}}.append(nil))
	f.Add([]byte{stateVersion, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Add([]byte{stateVersionOld, 1, 2, 3, 4, 5, 6, 7, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeState(b)
		if err != nil {
			return
		}
		again, err := DecodeState(s.append(nil))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(s) {
			t.Errorf("%+v became %+v, %v", s, again, err)
		}
	})
}
