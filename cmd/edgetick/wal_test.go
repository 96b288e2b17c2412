package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	stale "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/proto"
	"github.com/edgetick/edgetick/wal"
)

// masked hides what differs from run to run, or with the codec's skill, without
// moving a column.
func masked(dir, s string) string {
	s = strings.ReplaceAll(s, dir, "DIR")
	for _, m := range [][2]string{
		{`(?m)^(bytes +)\d+$`, "${1}#"},
		{`(?m)^(bytes/sample +)[\d.]+$`, "${1}#"},
		{`(last by process )\d+`, "${1}#"},
		{`("bytes": )\d+`, "${1}0"},
		{`("bytes_per_sample": )[\d.]+`, "${1}0"},
		{`("last_pid": )\d+`, "${1}0"},
		{`, \d+ bytes([,;])`, ", # bytes${1}"},
		{`(?m)^(\d+\.seg  )[1-9]\d{2,4} +(\d+ +\d+ +\d+-)`, "${1}#####  ${2}"},
		{`(?m)^(\d+\.seg  )[1-9]\d{2,4} +\d+ +(\d+ +damaged)`, "${1}###     ##     ${2}"},
		{`(?m)^(\d+\.seg  )[1-9]\d{2,4} +(\d+ +\d+ +not a)`, "${1}###     ${2}"},
	} {
		s = regexp.MustCompile(m[0]).ReplaceAllString(s, m[1])
	}
	return s
}

func TestWAL_Info(t *testing.T) {
	b := buildLog(t)
	if err := os.WriteFile(filepath.Join(b.dir, "00000000000000000099.seg.corrupt"), make([]byte, 77), 0o640); err != nil {
		t.Fatal(err)
	}
	text, code := walTool(t, "info", b.dir)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	golden(t, "wal-info.txt", masked(b.dir, text))
	text, code = walTool(t, "info", "--format=json", b.dir)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	golden(t, "wal-info.json", masked(b.dir, text))
}

// The numbers that the golden files leave out.
func TestWAL_InfoBytes(t *testing.T) {
	b := buildLog(t)
	stdout, _, _ := inProcess("info", "--format=json", b.dir)
	var info walInfo
	if err := json.Unmarshal([]byte(stdout), &info); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	var all, segments int64
	for _, f := range files {
		st, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		all += st.Size()
		if strings.HasSuffix(f.Name(), segmentSuffix) {
			segments += st.Size()
		}
	}
	if info.Bytes != all || info.BytesPerSample != float64(segments)/float64(info.Samples) {
		t.Errorf("%d bytes, %v a sample; want %d, %d/%d", info.Bytes, info.BytesPerSample, all, segments, info.Samples)
	}
	if info.LastPID != os.Getpid() || info.OpenBy != 0 {
		t.Errorf("open by %d, last by %d; want none, %d", info.OpenBy, info.LastPID, os.Getpid())
	}
}

func TestWAL_Dump(t *testing.T) {
	b := buildLog(t)
	for _, test := range []struct {
		golden string
		args   []string
	}{
		{"wal-dump.txt", nil},
		{"wal-dump.jsonl", []string{"--format=jsonl"}},
		{"wal-dump-match.txt", []string{`--match={job="node",__name__=~"node_cpu.*"}`, "--match=gone", "--start=2026-01-01T00:00:15Z", "--end=1767225660"}},
		{"wal-dump-limit.txt", []string{"--limit=3", `--match={mode!="idle",cpu=""}`}},
	} {
		text, code := walTool(t, append([]string{"dump", b.dir}, test.args...)...)
		if code != 0 {
			t.Errorf("%v: exit code %d", test.args, code)
		}
		golden(t, test.golden, text)
	}
}

// Every sample is there, once, to the bit, and in order.
func TestWAL_DumpIsExact(t *testing.T) {
	b := buildLog(t)
	var want []string
	for _, tick := range b.ticks {
		for _, block := range tick.Blocks {
			for _, x := range block.Extra {
				want = append(want, fmt.Sprintf("%q %016x %d %d", x.Series.Labels, math.Float64bits(x.Value), x.Time, tick.Seq))
			}
			for i, s := range block.Layout.Series {
				want = append(want, fmt.Sprintf("%q %016x %d %d", s.Labels, math.Float64bits(block.Values[i]), block.Time, tick.Seq))
			}
		}
	}
	stdout, stderr, code := inProcess("dump", "--format=jsonl", b.dir)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var got []string
	for line := range strings.Lines(stdout) {
		var s struct {
			Labels    map[string]string
			Value     string
			Bits      string
			Stale     bool
			Timestamp int64
			Tick      uint64
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%s: %s", line, err)
		}
		var set []byte
		labels.FromMap(s.Labels).Range(func(l labels.Label) { set = proto.AppendLabel(set, l.Name, l.Value) })
		bits, err := strconv.ParseUint(s.Bits, 16, 64)
		v, errValue := strconv.ParseFloat(s.Value, 64)
		if err != nil || errValue != nil || s.Stale != (bits == stale.StaleNaN) || v == v && math.Float64bits(v) != bits {
			t.Errorf("%s", line)
		}
		got = append(got, fmt.Sprintf("%q %s %d %d", set, s.Bits, s.Timestamp, s.Tick))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The text is what Prometheus's own parser reads.
func TestWAL_DumpIsExposition(t *testing.T) {
	b := buildLog(t)
	stdout, _, _ := inProcess("dump", b.dir)
	p := textparse.NewPromParser([]byte(stdout), labels.NewSymbolTable(), false)
	samples, comments := 0, 0
	for {
		e, err := p.Next()
		if err != nil {
			break
		}
		switch e {
		case textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			if !model.UTF8Validation.IsValidMetricName(l.Get("__name__")) {
				t.Errorf("series %s", l)
			}
			if _, ts, _ := p.Series(); ts == nil {
				t.Errorf("%s without a timestamp", l)
			}
			samples++
		case textparse.EntryComment:
			comments++
		}
	}
	if samples != 12*9-4 || comments != 4 {
		t.Errorf("%d samples and %d stale markers, want %d and 4", samples, comments, 12*9-4)
	}
}

func TestWAL_VerifyClean(t *testing.T) {
	b := buildLog(t)
	text, code := walTool(t, "verify", b.dir)
	if want := "clean: 3 segments, 12 ticks, 108 samples of 10 series read and decoded\n"; code != 0 || text != want {
		t.Errorf("exit code %d: %s", code, text)
	}
}

func TestWAL_VerifyDamaged(t *testing.T) {
	b := buildLog(t)
	all := b.records()
	b.flip(all[1].file, all[1].offset+all[1].bytes-1) // the payload of tick 2
	b.flip(all[4].file, 8)                            // the header of the segment of ticks 4 to 7
	b.flip(all[6].file, all[6].offset)                // the header of tick 7
	b.change(all[11].file, func(data []byte) []byte { return append(data, "torn"...) })
	b.change("us.cursor", func(data []byte) []byte { return data[:100] })
	text, code := walTool(t, "verify", b.dir)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	golden(t, "wal-verify.txt", masked(b.dir, text))
	text, code = walTool(t, "info", b.dir)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	golden(t, "wal-info-damaged.txt", masked(b.dir, text))
	text, code = walTool(t, "dump", "--match={mode=\"user\"}", b.dir)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	golden(t, "wal-dump-damaged.txt", text)
}

// Any byte of any record: the place and the losses are exactly right, with a log
// that was closed and with one that was not.
func TestWAL_VerifyCountsDamage(t *testing.T) {
	for _, closed := range []bool{true, false} {
		b := buildLog(t)
		if !closed {
			os.Remove(filepath.Join(b.dir, stateFile))
		}
		all := b.records()
		for i, r := range all {
			last := i == len(all)-1
			for _, at := range []int64{0, 20, 47, 48, r.bytes - 1} {
				b.flip(r.file, r.offset+at)
				lost, inside := lostBy(all, i), r.samples
				total, left := samplesIn(all), samplesIn(all)-lost
				if last && at < 48 && !closed {
					// Nothing tells that this was a tick.
					total, lost, inside = total-r.samples, 0, 0
				}
				stdout, stderr, code := inProcess("verify", b.dir)
				place := regexp.MustCompile(fmt.Sprintf(`(?m)^%s +%d +%d +%d  `, r.file, r.offset, r.bytes, inside))
				sum := fmt.Sprintf("damaged: 1 place, %d bytes; %d of %d samples lost, %d of these in the damaged bytes; left: 3 segments, ", r.bytes, lost, total, inside)
				kept := fmt.Sprintf(" ticks, %d samples of ", left)
				if code != 1 || stderr != "" || !place.MatchString(stdout) || !strings.Contains(stdout, sum) || !strings.Contains(stdout, kept) {
					t.Errorf("closed=%v, record %d, byte %d: exit code %d, %s, want %s and %s…%s, got\n%s", closed, i, at, code, stderr, place, sum, kept, stdout)
				}
				// What dump says is missing is the same.
				stdout, stderr, code = inProcess("dump", b.dir)
				if want := map[bool]int{true: 1, false: 0}[lost > 0]; code != want || uint64(strings.Count(stdout, "\n")) != left {
					t.Errorf("closed=%v, record %d, byte %d: dump: exit code %d, %d lines, want %d: %s", closed, i, at, code, strings.Count(stdout, "\n"), left, stderr)
				}
				b.flip(r.file, r.offset+at)
			}
		}
	}
}

func TestWAL_VerifyMissingSegment(t *testing.T) {
	b := buildLog(t)
	all := b.records()
	if err := os.Remove(filepath.Join(b.dir, all[3].file)); err != nil {
		t.Fatal(err)
	}
	stdout, _, code := inProcess("verify", b.dir)
	if code != 1 || !strings.Contains(stdout, "ticks 4 to 7") || !strings.Contains(stdout, "damaged: 0 places, 0 bytes; 36 of 108 samples lost, ") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	// Before the oldest segment it is the cursors that tell.
	if err := os.Remove(filepath.Join(b.dir, all[0].file)); err != nil {
		t.Fatal(err)
	}
	stdout, _, code = inProcess("verify", b.dir)
	if code != 1 || !strings.Contains(stdout, "ticks 3 to 7") || !strings.Contains(stdout, "; 45 of 90 samples lost, ") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

// A record whose checksum is right and whose payload is not a tick.
func TestWAL_VerifyDecodes(t *testing.T) {
	b := buildLog(t)
	log, _, err := wal.Open(b.dir, wal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(wal.Header{Seq: 100, Count: 7, Time: 1}, func(dst []byte, _ bool) ([]byte, bool) {
		return append(dst, "\x00\x63 not a tick"...), true
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(wal.Header{Seq: 101, Count: 8, Time: 2}, func(dst []byte, key bool) ([]byte, bool) {
		return append(dst, "nor this"...), key
	}); err != nil {
		t.Fatal(err)
	}
	log.Close()
	stdout, _, code := inProcess("verify", b.dir)
	if code != 1 || !strings.Contains(stdout, "ticks 100 to 101  15 ") || !strings.Contains(stdout, "wal_undecodable: ") ||
		!strings.Contains(stdout, "damaged: 0 places, 0 bytes; 15 of 123 samples lost, ") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

func TestWAL_VerifyCapped(t *testing.T) {
	b := &built{T: t, dir: filepath.Join(t.TempDir(), "log"), remotes: []string{"eu"}, source: manySeries(500),
		opts: wal.Options{MaxBytes: 64 << 10, SyncInterval: time.Hour}}
	b.life(300, nil)
	stdout, stderr, code := inProcess("verify", b.dir)
	if code != 0 || !strings.Contains(stdout, "wal_full: deleted for --wal.max-bytes") || !strings.Contains(stdout, "\nclean: ") {
		t.Errorf("exit code %d: %s\n%s", code, stderr, stdout)
	}
}

// While an agent writes, settles and deletes segments, faster than any will,
// nothing looks damaged, and ticks are missing only where the tool says why.
func TestWAL_Live(t *testing.T) {
	b := &built{T: t, dir: filepath.Join(t.TempDir(), "log"), remotes: []string{"eu"}, source: manySeries(200),
		opts: wal.Options{SegmentBytes: 8 << 10, SyncInterval: time.Hour}}
	b.open()
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(b.journal.Run)
	group.Go(func() {
		defer b.journal.Close()
		for {
			select {
			case <-done:
				return
			default:
			}
			tick := b.commit()
			for s := b.ring.State(tick.Seq - 1); s.Ticks == 0; s = b.ring.State(tick.Seq - 1) {
				<-s.Changed
			}
			if n := int(tick.Seq) - 60; n > 0 {
				b.settle("eu", n, journal.State{Acknowledged: b.ticks[n-1].End()})
			}
		}
	})
	stop := sync.OnceFunc(func() { close(done); group.Wait() })
	defer stop()

	for deadline := time.Now().Add(patience); ; {
		if stdout, _, code := inProcess("info", b.dir); code == 0 && !strings.Contains(stdout, " 1-") && !strings.Contains(stdout, "no segments") {
			break // the first segment has been deleted
		}
		if time.Now().After(deadline) {
			t.Fatal("no segment is deleted")
		}
	}
	for i := range 12 {
		tool := func(args ...string) (string, string, int) { return inProcess(args...) }
		if i == 0 {
			tool = func(args ...string) (string, string, int) { s, code := walTool(t, args...); return s, "", code }
		}
		if stdout, stderr, code := tool("verify", b.dir); code != 0 || !strings.HasPrefix(stdout, "clean: ") {
			t.Fatalf("verify: exit code %d: %s\n%s", code, stderr, stdout)
		}
		if stdout, stderr, code := tool("info", b.dir); code != 0 || !strings.Contains(stdout, fmt.Sprintf("open          by process %d\n", os.Getpid())) {
			t.Fatalf("info: exit code %d: %s\n%s", code, stderr, stdout)
		}
		stdout, stderr, code := tool("dump", b.dir, "--match=many{i='00007'}", "--format=jsonl")
		if code != 0 {
			t.Fatalf("dump: exit code %d: %s", code, stderr)
		}
		released := make(map[string]bool)
		for _, m := range regexp.MustCompile(`of (ticks? .*) cannot be had: (.*)\n`).FindAllStringSubmatch(stdout+stderr, -1) {
			if m[2] != reasonReleased {
				t.Fatal(m[0])
			}
			released[m[1]] = true
		}
		last := 0
		for _, m := range regexp.MustCompile(`"tick":(\d+)`).FindAllStringSubmatch(stdout, -1) {
			n, _ := strconv.Atoi(m[1])
			gap := walLoss{from: wal.Position{Seq: uint64(last)}, to: wal.Position{Seq: uint64(n - 1)}}
			if last > 0 && n != last+1 && !released[gap.ticks()] {
				t.Fatalf("tick %d after %d", n, last)
			}
			last = n
		}
		if last == 0 {
			t.Fatal("no ticks")
		}
	}
	stop()
	if err := b.journal.CloseLog(); err != nil {
		t.Fatal(err)
	}
}

// The log of the real program, alive and then killed.
func TestWAL_OfRealAgent(t *testing.T) {
	c := startCounting(t)
	dir := filepath.Join(t.TempDir(), "log")
	p := edgetick(t, append(quiet, "--tick.interval=100ms", "--wal.dir="+dir, "--remote-write.url=http://127.0.0.1:1/",
		"--log.level=error", "--scrape.target=job=c,url="+c.URL)...)
	c.until(t, 5)
	pid := p.cmd.Process.Pid
	live, code := walTool(t, "info", "--format=json", dir)
	var info walInfo
	if err := json.Unmarshal([]byte(live), &info); err != nil || code != 0 || info.OpenBy != pid {
		t.Errorf("exit code %d, %v, open by %d, want %d: %s", code, err, info.OpenBy, pid, live)
	}
	p.cmd.Process.Kill()
	p.wait()
	if text, code := walTool(t, "verify", dir); code != 0 {
		t.Errorf("exit code %d: %s", code, text)
	}
	text, code := walTool(t, "dump", "--match=scrape_number", dir)
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if !strings.Contains(line, fmt.Sprintf(`job="c"} %d `, i+1)) {
			t.Errorf("line %d: %s", i, line)
		}
	}
	if n := strings.Count(text, "\n"); code != 0 || n < 3 {
		t.Errorf("exit code %d, %d scrapes", code, n)
	}
	stdout, _, _ := inProcess("info", "--format=json", dir)
	info = walInfo{}
	if err := json.Unmarshal([]byte(stdout), &info); err != nil || info.OpenBy != 0 || info.LastPID != pid {
		t.Errorf("%v: %s", err, stdout)
	}
}

// A reader that has seen enough, such as head, is not an error.
func TestWAL_BrokenPipe(t *testing.T) {
	b := &built{T: t, dir: filepath.Join(t.TempDir(), "log"), source: manySeries(1000), opts: wal.Options{SyncInterval: time.Hour}}
	b.life(30, nil)
	cmd := exec.Command(os.Args[0], "wal", "dump", b.dir)
	cmd.Env = append(os.Environ(), reexec+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReaderSize(out, 16).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, `many{i="00000"} `) {
		t.Errorf("%q, %v", line, err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, %s", err, stderr.String())
	}
}

// A disk that is full is.
func TestWAL_OutputFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	b := buildLog(t)
	for _, command := range []string{"info", "verify", "dump"} {
		var stderr bytes.Buffer
		if code := runWAL([]string{command, b.dir}, full, &stderr); code != exitError || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%s: exit code %d: %s", command, code, stderr.String())
		}
	}
}

func TestWAL_BadArguments(t *testing.T) {
	b := buildLog(t)
	empty := t.TempDir()
	file := filepath.Join(b.dir, b.records()[0].file)
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "what to do is missing; want info, verify or dump\nTry edgetick wal --help."},
		{[]string{"repair", b.dir}, `expected command but got "repair"`},
		{[]string{"info"}, "required argument 'DIR' not provided"},
		{[]string{"info", b.dir, "more"}, "unexpected more"},
		{[]string{"info", "--format=xml", b.dir}, `--format: cannot use "xml": there is no such choice; want text or json`},
		{[]string{"dump", "--format=json", b.dir}, "want text or jsonl"},
		{[]string{"verify", "--format=json", b.dir}, "unknown long flag '--format'"},
		{[]string{"info", filepath.Join(empty, "not", "there")}, "not/there does not exist; want the directory that the agent has as --wal.dir"},
		{[]string{"verify", file}, ".seg is not a directory; want the directory that the agent has as --wal.dir"},
		{[]string{"dump", empty}, "holds no write-ahead log: there are no segments (*.seg) and no cursors (*.cursor) in it; want"},
		{[]string{"dump", `--match={job="node"`, b.dir}, `--match: cannot use "{job=\"node\"": 1:12: parse error: `},
		{[]string{"dump", `--match={job=~"("}`, b.dir}, `want a series selector such as up or '{job="node",__name__=~"node_cpu.*"}'`},
		{[]string{"dump", "--match=rate(up[5m])", b.dir}, `--match: cannot use "rate(up[5m])"`},
		{[]string{"dump", "--start=yesterday", b.dir}, `--start: cannot use "yesterday": it is not a time; want RFC 3339 such as`},
		{[]string{"dump", "--end=1767225600000", b.dir}, `--end: cannot use "1767225600000": it is out of range; milliseconds?`},
		{[]string{"dump", "--start=2026-01-02T00:00:00Z", "--end=1767225600", b.dir}, "--start is after --end: 2026-01-02T00:00:00Z, 2026-01-01T00:00:00Z"},
		{[]string{"dump", "--limit=-1", b.dir}, `--limit: cannot use "-1": it is out of range`},
	} {
		text, code := walTool(t, test.args...)
		if code != exitUsage || !strings.Contains(text, test.want) {
			t.Errorf("%q: exit code %d, want %s, got %s", test.args, code, test.want, text)
		}
	}
}

// A log that has just been opened for the first time has no segments.
func TestWAL_Empty(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	log, _, err := wal.Open(dir, wal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for command, want := range map[string]string{
		"info": "There are no segments.\n", "verify": "clean: 0 segments, 0 ticks, 0 samples of 0 series read and decoded\n", "dump": "",
	} {
		if stdout, stderr, code := inProcess(command, dir); code != 0 || stderr != "" || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit code %d: %s\n%s", command, code, stderr, stdout)
		}
	}
}

func TestWAL_Help(t *testing.T) {
	p := start(t, os.Args[0], "--help")
	if code := p.wait(); code != 0 || !strings.Contains(strings.Join(strings.Fields(p.out.String()), " "), "edgetick wal --help") {
		t.Errorf("exit code %d: %s", code, p.out.String())
	}
	text, code := walTool(t, "--help")
	if code != 0 || !strings.Contains(text, "usage: edgetick wal ") {
		t.Errorf("exit code %d: %s", code, text)
	}
}

// heapGrowth is a writer that notes by how much live memory grows while it is
// written to.
type heapGrowth struct {
	first, most uint64
	writes      int
}

func (h *heapGrowth) Write(b []byte) (int, error) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if h.writes++; h.writes == 1 {
		h.first = m.HeapAlloc
	}
	h.most = max(h.most, m.HeapAlloc)
	return len(b), nil
}

// Memory does not grow with the log: the values of this one alone are 16 MiB.
func TestWAL_DumpIsStreaming(t *testing.T) {
	b := &built{T: t, dir: filepath.Join(t.TempDir(), "log"), source: manySeries(2000), opts: wal.Options{SyncInterval: time.Hour}}
	b.life(1024, nil)
	var h heapGrowth
	if code := runWAL([]string{"dump", "--match={i=~'000.*'}", b.dir}, &h, os.Stderr); code != 0 || h.writes < 20 {
		t.Fatalf("exit code %d, %d writes", code, h.writes)
	}
	if h.most > h.first+2<<20 {
		t.Errorf("live memory grows from %d to %d KiB", h.first>>10, h.most>>10)
	}
}
