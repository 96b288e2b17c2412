package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
	"github.com/edgetick/edgetick/wal"
)

// A gigabyte of backlog neither holds up the first tick nor takes memory.
func TestBacklog_Restart(t *testing.T) {
	if os.Getenv("EDGETICK_TEST_CRASHES") == "" {
		t.Skip("`make crash` runs this")
	}
	const target = 1 << 30
	empty, full := filepath.Join(t.TempDir(), "empty"), filepath.Join(t.TempDir(), "full")
	began := time.Now()
	ticks, samples := writeBacklog(t, full, target)
	t.Logf("a backlog of %d ticks, %d samples, %d MiB made in %s", ticks, samples, target>>20, time.Since(began).Round(time.Second))

	usual := newSink(t, empty)
	usual.until("windows arrive", func() bool { return usual.requests.Load() > 20 })
	without := usual.peak()
	usual.stop()

	s := newSink(t, full)
	s.away.Store(true)
	s.until("the first scrape", func() bool { return len(s.source.scraped()) > 0 })
	first := time.Since(s.started)
	s.until("it is committed", func() bool {
		status, _ := get(t, s.own()+"/-/ready")
		return status == http.StatusOK
	})
	committed := time.Since(s.started)
	t.Logf("first scrape after %s, committed after %s", first.Round(time.Millisecond), committed.Round(time.Millisecond))
	if committed > time.Second {
		t.Errorf("the first tick was committed %s after the start, want a second at most", committed)
	}

	s.away.Store(false)
	draining := time.Now()
	s.until("the backlog has been delivered", func() bool { return s.acknowledged() >= samples })
	took := time.Since(draining)
	with := s.peak()
	s.stop()
	t.Logf("%.0f samples a second drained; memory at most %d KiB, %d KiB without a backlog", float64(samples)/took.Seconds(), with, without)
	if with > without+32<<10 {
		t.Errorf("memory at most %d KiB with the backlog, %d KiB without", with, without)
	}
}

// writeBacklog writes a log of so many bytes, as an agent would have left it
// that could reach nobody for days.
func writeBacklog(t *testing.T, dir string, size int64) (ticks, samples uint64) {
	t.Helper()
	log, _, err := wal.Open(dir, wal.Options{MaxBytes: 4 << 30, SyncInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.OpenCursor("default", wal.Oldest); err != nil {
		t.Fatal(err)
	}
	family := &buffer.Family{Name: "backlog"}
	var series []*buffer.Series
	for i := range 5000 {
		var enc []byte
		for _, l := range [][2]string{{"__name__", "backlog"}, {"instance", "here"}, {"job", "backlog"}, {"number", fmt.Sprintf("%06d", i)}} {
			enc = proto.AppendLabel(enc, l[0], l[1])
		}
		series = append(series, &buffer.Series{Labels: string(enc), Family: family})
	}
	layout := buffer.NewLayout(series)
	random := rand.New(rand.NewPCG(1, 2))
	var encoder buffer.Encoder
	at := time.Now().Add(-100 * time.Hour).UnixMilli()
	for log.Stats().Bytes < size {
		ticks++
		at += 10_000
		values := make([]float64, len(series))
		for i := range values {
			values[i] = math.Float64frombits(random.Uint64() &^ (1 << 62))
		}
		tick := &buffer.Tick{Seq: ticks, Time: at, Base: samples, Blocks: []buffer.Block{{Time: at, Layout: layout, Values: values}}}
		h := wal.Header{Seq: tick.Seq, Count: uint32(tick.Samples()), Time: tick.Time}
		if _, err := log.Append(h, func(dst []byte, key bool) ([]byte, bool) { return encoder.Encode(dst, tick, key) }); err != nil {
			t.Fatal(err)
		}
		samples = tick.End()
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return ticks, samples
}

// sink is an agent whose receiver is as fast as one can be: it looks at nothing.
type sink struct {
	*testing.T
	source   *numbered
	agent    *process
	dir      string
	started  time.Time
	own      func() string
	away     atomic.Bool
	requests atomic.Int64
}

func newSink(t *testing.T, dir string) *sink {
	s := &sink{T: t, source: startNumbered(t, 5000), dir: dir}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if s.away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.requests.Add(1)
	}))
	t.Cleanup(server.Close)
	s.started = time.Now()
	s.agent = edgetick(t, append(quiet, "--tick.interval=200ms", "--wal.dir="+dir, "--wal.max-bytes=4GiB",
		"--remote-write.url="+server.URL, "--remote-write.min-backoff=10ms", "--remote-write.max-backoff=100ms",
		s.source.target("numbered", 1))...)
	s.own = sync.OnceValue(func() string { return "http://" + s.agent.find(`msg="Listening on" address=(\S+)`) })
	return s
}

func (s *sink) until(what string, cond func() bool) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Minute); !cond(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.agent.done:
			s.Fatalf("the agent has ended, waiting for %s", what)
		default:
		}
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain until %s", what)
		}
	}
}

// acknowledged is what the agent's books say.
func (s *sink) acknowledged() uint64 {
	time.Sleep(200 * time.Millisecond)
	in, err := wal.Inspect(s.dir, nil)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range in.Cursors {
		if state, err := journal.DecodeState(c.Blob); err == nil {
			return state.Acknowledged
		}
	}
	return 0
}

// peak is the most memory that the agent has had, in KiB.
func (s *sink) peak() int {
	s.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.agent.cmd.Process.Pid))
	if err != nil {
		s.Skip(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		s.Fatal("no VmHWM")
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		s.Fatal(err)
	}
	return kib
}

func (s *sink) stop() {
	s.Helper()
	if code := s.agent.stop(); code != 0 {
		s.Errorf("exit code %d", code)
	}
}
