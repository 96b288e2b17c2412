package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	stale "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
	"github.com/edgetick/edgetick/wal"
)

// built is a log in the making, written by an agent's own journal.
type built struct {
	*testing.T
	dir     string
	remotes []string
	opts    wal.Options
	source  func(n int) []buffer.Block // of the tick n, counted from 1
	ticks   []*buffer.Tick             // all so far

	journal *journal.Journal // while open
	ring    *buffer.Ring
}

// buildStart is the time of the first tick.
var buildStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// life is an agent's from start to end: it makes so many ticks, and then settles
// what it is told to. Each life makes one segment.
func (b *built) life(ticks int, settle func()) {
	b.Helper()
	b.open()
	for range ticks {
		b.commit()
	}
	b.journal.Close()
	b.journal.Run()
	if settle != nil {
		settle()
	}
	if err := b.journal.CloseLog(); err != nil {
		b.Fatal(err)
	}
}

func (b *built) open() {
	b.Helper()
	b.ring = buffer.NewRing(64<<20, 1)
	b.journal = journal.New(journal.Config{
		Dir: b.dir, Options: b.opts, Ring: b.ring, Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	})
	if _, err := b.journal.Open(b.remotes, buildStart); err != nil {
		b.Fatal(err)
	}
}

// commit makes the next tick.
func (b *built) commit() *buffer.Tick {
	n := len(b.ticks) + 1
	t := &buffer.Tick{Seq: uint64(n), Time: buildStart.Add(time.Duration(n-1) * 15 * time.Second).UnixMilli(), Blocks: b.source(n)}
	for i := range t.Blocks {
		t.Blocks[i].Time = t.Time
	}
	if n > 1 {
		t.Base = b.ticks[n-2].End()
	}
	b.ticks = append(b.ticks, t)
	b.journal.Commit(t, buildStart)
	return t
}

// settle moves a remote's cursor behind the tick n.
func (b *built) settle(remote string, n int, s journal.State) {
	b.Helper()
	c, _ := b.journal.Cursor(remote)
	t := b.ticks[n-1]
	s.Settled = t.End()
	if err := c.Settle(t, s); err != nil {
		b.Fatal(err)
	}
}

func testSeries(labels ...string) *buffer.Series {
	var set []byte
	for i := 0; i < len(labels); i += 2 {
		set = proto.AppendLabel(set, labels[i], labels[i+1])
	}
	return &buffer.Series{Labels: string(set), Family: &buffer.Family{Name: labels[1]}}
}

// twoTargets are a small host and an exporter with all that is out of the
// ordinary. A tick has nine samples.
func twoTargets() func(int) []buffer.Block {
	node := buffer.NewLayout([]*buffer.Series{
		testSeries("__name__", "node_cpu_seconds_total", "cpu", "0", "job", "node", "mode", "idle"),
		testSeries("__name__", "node_cpu_seconds_total", "cpu", "0", "job", "node", "mode", "user"),
		testSeries("__name__", "node_load1", "job", "node"),
		testSeries("__name__", "up", "job", "node"),
	})
	odd := buffer.NewLayout([]*buffer.Series{
		testSeries("__name__", "odd", "escaped", "a \"quoted\\\" path\nand <tags>", "job", "shop"),
		testSeries("__name__", "odd.name", "job", "shop", "label.name", "é"),
		testSeries("__name__", "special", "job", "shop"),
		testSeries("__name__", "up", "job", "shop"),
	})
	own, gone := testSeries("__name__", "own_timestamp", "job", "shop"), testSeries("__name__", "gone", "job", "shop")
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.Float64frombits(0x7ff8000000000abc)}
	return func(n int) []buffer.Block {
		f := float64(n)
		at := buildStart.Add(time.Duration(n-1) * 15 * time.Second).UnixMilli()
		extra := buffer.Sample{Series: own, Time: at - 1234, Value: f}
		if n%3 == 0 {
			extra = buffer.Sample{Series: gone, Time: at, Value: math.Float64frombits(stale.StaleNaN)}
		}
		return []buffer.Block{
			{Source: 0, Layout: node, Values: []float64{1e6 + 15*f, 0.25 * f, 1 / f, 1}},
			{Source: 1, Layout: odd, Values: []float64{f, 2 * f, special[n%len(special)], 1}, Extra: []buffer.Sample{extra}},
		}
	}
}

// buildLog is a log of three lives, of 3, 4 and 5 ticks, with two remotes.
func buildLog(t *testing.T) *built {
	t.Helper()
	b := &built{T: t, dir: filepath.Join(t.TempDir(), "log"), remotes: []string{"eu", "us"}, source: twoTargets()}
	b.life(3, nil)
	b.life(4, func() {
		b.settle("eu", 2, journal.State{Acknowledged: 18})
		b.settle("us", 3, journal.State{From: 9, Acknowledged: 10, Rejected: journal.Counts{"other": 2}, Dropped: map[string]uint64{"wal_full": 1, "wal_corrupt": 5}, Sending: 7})
	})
	b.life(5, nil)
	return b
}

// rec is a record of a log, found by nothing but what wal/doc.go says of the
// format.
type rec struct {
	file          string
	offset, bytes int64
	samples       uint64
	key           bool
}

func (b *built) records() []rec {
	b.Helper()
	names, err := filepath.Glob(filepath.Join(b.dir, "*.seg"))
	if err != nil || len(names) == 0 {
		b.Fatalf("segments %v, %v", names, err)
	}
	slices.Sort(names)
	var all []rec
	for _, name := range names {
		data := b.read(name)
		for off := int64(64); off < int64(len(data)); {
			h := data[off:]
			if !bytes.HasPrefix(h, []byte{0xEB, 0x57, 0xA1, 0x0D}) {
				b.Fatalf("%s has no record at %d", name, off)
			}
			size := 48 + int64(binary.LittleEndian.Uint32(h[36:]))
			all = append(all, rec{filepath.Base(name), off, size, uint64(binary.LittleEndian.Uint32(h[32:])), h[4]&1 != 0})
			off += size
		}
	}
	return all
}

func (b *built) read(path string) []byte {
	b.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// change changes a file of the log.
func (b *built) change(name string, f func([]byte) []byte) {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, f(b.read(path)), 0o640); err != nil {
		b.Fatal(err)
	}
}

// flip flips a bit, and back when called again.
func (b *built) flip(name string, offset int64) {
	b.Helper()
	b.change(name, func(data []byte) []byte { data[offset] ^= 4; return data })
}

// lostBy is the number of samples that cannot be had when the records at these
// places cannot: theirs, and those of records up to the next key record.
func lostBy(all []rec, damaged ...int) (lost uint64) {
	broken := false
	for i, r := range all {
		if i > 0 && all[i-1].file != r.file || r.key {
			broken = false
		}
		if broken = broken || slices.Contains(damaged, i); broken {
			lost += r.samples
		}
	}
	return lost
}

func samplesIn(all []rec) (n uint64) {
	for _, r := range all {
		n += r.samples
	}
	return n
}

// walTool runs edgetick wal and returns what it prints and its exit code.
func walTool(t *testing.T, args ...string) (string, int) {
	t.Helper()
	p := start(t, os.Args[0], append([]string{"wal"}, args...)...)
	code := p.wait()
	return p.out.String(), code
}

// inProcess does the same without a process.
func inProcess(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = runWAL(args, &out, &errs)
	return out.String(), errs.String(), code
}

// golden compares with a file of testdata, which -update rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("want what %s holds (go test ./cmd/edgetick -run WAL -update rewrites it), got:\n%s", path, got)
	}
}

// manySeries is a target of n series.
func manySeries(n int) func(int) []buffer.Block {
	var list []*buffer.Series
	for i := range n {
		list = append(list, testSeries("__name__", "many", "i", fmt.Sprintf("%05d", i)))
	}
	layout := buffer.NewLayout(list)
	return func(tick int) []buffer.Block {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(tick) + float64((i*7919+tick)%97)/8
		}
		return []buffer.Block{{Layout: layout, Values: values}}
	}
}
