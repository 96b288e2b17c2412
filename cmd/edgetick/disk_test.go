package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	promvalue "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/wal"
)

// diskWorld is one agent with a source whose scrapes are numbered, a receiver
// that remembers all arrivals, and a directory that is about to have trouble.
type diskWorld struct {
	*testing.T
	source   *numbered
	recorder *recorder
	receiver *flaky
	dir      string // of the log
	program  string
	flags    []string
	user     *syscall.Credential // who the agent is; nil for whoever runs the tests

	life  int
	agent *process
	own   string // the URL of the agent's own endpoint
}

func newDiskWorld(t *testing.T, dir string) *diskWorld {
	t.Helper()
	w := &diskWorld{
		T:        t,
		source:   startNumbered(t, 60),
		recorder: newRecorder(),
		dir:      dir,
		program:  os.Args[0],
		flags:    []string{"--wal.segment-bytes=64KiB", "--tick.interval=50ms"},
	}
	w.receiver = startFlaky(t, w.recorder, rand.New(rand.NewPCG(1, 1)))
	return w
}

// begin starts a life and waits until its endpoint is there.
func (w *diskWorld) begin() {
	w.Helper()
	w.life++
	args := append([]string{
		"--wal.dir=" + w.dir, "--web.listen-address=127.0.0.1:0",
		"--remote-write.url=" + w.receiver.url(), "--remote-write.flush-deadline=5s",
		"--remote-write.min-backoff=10ms", "--remote-write.max-backoff=100ms",
		w.source.target("numbered", w.life),
	}, quiet...)
	w.agent = startAs(w.T, w.user, w.program, append(args, w.flags...)...)
	w.own = "http://" + w.agent.find(`msg="Listening on" address=(\S+)`)
}

// startAs is start for another user.
func startAs(t *testing.T, user *syscall.Credential, name string, args ...string) *process {
	t.Helper()
	if user == nil {
		return start(t, name, args...)
	}
	// setpriv is everywhere where su is, and needs no shell for the user.
	as := fmt.Sprint(user.Uid)
	return start(t, "setpriv", append([]string{"--reuid=" + as, "--regid=" + as, "--clear-groups", name}, args...)...)
}

// kill ends the life without notice.
func (w *diskWorld) kill() {
	w.agent.cmd.Process.Kill()
	w.agent.wait()
}

// until waits until cond holds.
func (w *diskWorld) until(what string, cond func() bool) {
	w.Helper()
	for deadline := time.Now().Add(2 * patience); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain until %s", what)
		}
		select {
		case <-w.agent.done:
			w.Fatalf("the agent has ended, waiting until %s", what)
		default:
		}
	}
}

// metric reads a metric of the agent's own that has one value; -1 if there is
// none.
func (w *diskWorld) metric(name string) float64 {
	w.Helper()
	_, page := get(w.T, w.own+"/metrics")
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
			if err != nil {
				w.Fatal(err)
			}
			return v
		}
	}
	return -1
}

func (w *diskWorld) durable() bool { return w.metric("edgetick_wal_durable") == 1 }

// flows waits until the receiver has got n scrapes that were made after now.
func (w *diskWorld) flows(n int) {
	w.Helper()
	from := len(w.source.scraped())
	w.until("scrapes arrive", func() bool { return w.newest() >= from+n })
}

// newest is the number of the latest scrape that has arrived.
func (w *diskWorld) newest() int {
	newest := 0
	for n := range w.arrived() {
		newest = max(newest, n)
	}
	return newest
}

// arrived tells which scrapes have arrived.
func (w *diskWorld) arrived() map[int]bool {
	w.recorder.mu.Lock()
	defer w.recorder.mu.Unlock()
	all := make(map[int]bool)
	for _, bits := range w.recorder.first[numberSeries] {
		if bits != promvalue.StaleNaN {
			all[int(asNumber(bits))] = true
		}
	}
	return all
}

const (
	saysTrouble  = "ticks cannot be written to the write-ahead log"
	saysRecovery = "ticks are written to the write-ahead log again"
)

// suffers waits until the agent says that it is in trouble, and checks that it
// says so everywhere, and goes on.
func (w *diskWorld) suffers() {
	w.Helper()
	w.until("the agent is in trouble", func() bool { return !w.durable() })
	if n := w.metric("edgetick_wal_append_failures_total"); n < 1 {
		w.Errorf("edgetick_wal_append_failures_total is %v", n)
	}
	w.flows(20)
	if status, body := get(w.T, w.own+"/-/ready"); status != 200 || !strings.Contains(body, "memory only") {
		w.Errorf("/-/ready answers %d: %s", status, body)
	}
	if n := strings.Count(w.agent.out.String(), saysTrouble); n != 1 {
		w.Errorf("the trouble was logged %d times", n)
	}
}

// recovers waits until the agent is durable again, and proves it: what is
// gathered from then on arrives although the agent is killed before it could be
// sent.
func (w *diskWorld) recovers() {
	w.Helper()
	w.until("the agent is durable again", w.durable)
	w.flows(8) // what was kept in memory has arrived
	if _, body := get(w.T, w.own+"/-/ready"); strings.Contains(body, "memory only") {
		w.Errorf("/-/ready answers: %s", body)
	}
	if says := w.agent.out.String(); strings.Count(says, saysRecovery) != strings.Count(says, saysTrouble) {
		w.Error("the log does not say that the trouble is over, once for each time")
	}
	w.proves()
}

// proves kills the agent while its receiver is away, and lets the next life
// deliver.
func (w *diskWorld) proves() {
	w.Helper()
	w.receiver.goAway()
	from := len(w.source.scraped())
	w.until("ticks are gathered", func() bool { return len(w.source.scraped()) >= from+20 })
	w.kill()
	w.receiver.comeBack()
	w.begin()
	w.flows(8)
	if code := w.agent.stop(); code != 0 {
		w.Errorf("exit code %d", code)
	}
}

// backlog has a life gather while the receiver is away, and end without notice. It
// returns the numbers of the scrapes that are in the log: on a busy machine others
// took too long.
func (w *diskWorld) backlog() (numbers []int) {
	w.Helper()
	w.receiver.goAway()
	w.begin()
	w.until("pages are gathered", func() bool { return w.metric("edgetick_samples_gathered_total") >= 20*60 })
	w.kill()
	w.receiver.comeBack()
	log := newLogbook(w.T, w.dir)
	log.read()
	for _, bits := range log.all[numberSeries] {
		if bits != promvalue.StaleNaN {
			numbers = append(numbers, int(asNumber(bits)))
		}
	}
	if len(numbers) == 0 {
		w.Fatal("the log holds no scrape")
	}
	return numbers
}

// delivered fails the test unless these scrapes have arrived.
func (w *diskWorld) delivered(numbers []int) {
	w.Helper()
	arrived := w.arrived()
	for _, n := range numbers {
		if !arrived[n] {
			w.Fatalf("scrape %d of the backlog has not arrived", n)
		}
	}
}

// slow skips a test that waits for what the agent does only now and then, unless
// it is asked for.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("EDGETICK_TEST_DISK") == "" {
		t.Skip("this takes a while; `make test-disk` runs it")
	}
}

// complete fails the test unless each scrape but those that except excuses has
// arrived, with all bits and in order, and the books say the same. The last two
// scrapes of a life may have been in progress.
func (w *diskWorld) complete(except func(number int) bool) {
	w.Helper()
	arrived, lives := w.arrived(), w.source.scraped()
	failed := 0 // scrapes, on a busy machine
	for _, bits := range w.recorder.first["up"] {
		if asNumber(bits) == 0 {
			failed++
		}
	}
	var lost []int
	for i, life := range lives {
		last := slices.Index(lives[i:], life+1)
		if last < 0 {
			last = len(lives) - i
		}
		if number := i + 1; !arrived[number] && last > 2 && !except(number) {
			lost = append(lost, number)
		}
	}
	if len(lost) > failed {
		w.Errorf("%d of %d scrapes did not arrive, and %d failed: %v", len(lost), len(lives), failed, lost)
	}
	for _, p := range w.recorder.problems {
		w.Error(p)
	}
	for t, bits := range w.recorder.first[numberSeries] {
		if bits == promvalue.StaleNaN {
			continue
		}
		for _, e := range w.source.page(int(asNumber(bits))) {
			if got, ok := w.recorder.first[e.name][t]; !ok || got != e.bits {
				w.Fatalf("%s of scrape %v is %x, want %x", e.name, asNumber(bits), got, e.bits)
			}
		}
	}
	if out := w.agent.out.String(); strings.Contains(out, "panic") || strings.Contains(out, "DATA RACE") {
		w.Error("the agent panicked")
	}
}

func none(int) bool { return false }

// books reads what the agent's last life has stored.
func (w *diskWorld) books() journal.State {
	w.Helper()
	in, err := wal.Inspect(w.dir, nil)
	if err != nil {
		w.Fatal(err)
	}
	if len(in.Cursors) != 1 {
		w.Fatalf("there are %d cursors", len(in.Cursors))
	}
	s, err := journal.DecodeState(in.Cursors[0].Blob)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// balanced fails the test unless the books of all lives say what has arrived.
func (w *diskWorld) balanced() {
	w.Helper()
	s := w.books()
	if got := uint64(w.recorder.first.count()); s.Acknowledged != got || s.Rejected.Total() != 0 || s.Settled-s.From != s.Acknowledged+dropped(s) {
		w.Errorf("%d samples arrived, the books say: %+v", got, s)
	}
}

// A directory that is removed under the running agent is made again.
func TestDisk_DirectoryRemoved(t *testing.T) {
	w := newDiskWorld(t, filepath.Join(t.TempDir(), "wal"))
	w.begin()
	w.flows(10)
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	w.flows(10)
	if segments, _ := filepath.Glob(filepath.Join(w.dir, "*.seg")); len(segments) == 0 {
		t.Error("there is no log again")
	}
	w.recovers()
	w.complete(none)
	w.balanced()
}

// A directory that is renamed has gone just as well, although the files in it
// are as they were.
func TestDisk_DirectoryRenamed(t *testing.T) {
	slow(t)
	w := newDiskWorld(t, filepath.Join(t.TempDir(), "wal"))
	w.begin()
	w.flows(10)
	if err := os.Rename(w.dir, w.dir+".old"); err != nil {
		t.Fatal(err)
	}
	w.until("there is a new directory", func() bool { _, err := os.Stat(w.dir); return err == nil })
	w.recovers()
	w.complete(none)
	w.balanced()
}

// While something else is in its place it cannot be made.
func TestDisk_DirectoryReplaced(t *testing.T) {
	w := newDiskWorld(t, filepath.Join(t.TempDir(), "wal"))
	w.begin()
	w.flows(10)
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.suffers()
	if err := os.Remove(w.dir); err != nil {
		t.Fatal(err)
	}
	w.recovers()
	w.complete(none)
	w.balanced()
}

// The agent starts without a directory if it has to, and makes it when it can.
func TestDisk_StartWithoutDirectory(t *testing.T) {
	slow(t)
	parent := filepath.Join(t.TempDir(), "later")
	if err := os.WriteFile(parent, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := newDiskWorld(t, filepath.Join(parent, "wal"))
	w.begin()
	w.suffers()
	if err := os.Remove(parent); err != nil {
		t.Fatal(err)
	}
	w.recovers()
	w.complete(none)
	w.balanced()
}

// A log that cannot be opened at first holds what an earlier life could not
// deliver. What is gathered and sent meanwhile does not go with it, so the agent
// leaves it alone, says so, and the next life delivers it.
func TestDisk_BacklogFoundLate(t *testing.T) {
	slow(t)
	dir := filepath.Join(t.TempDir(), "wal")
	w := newDiskWorld(t, dir)
	backlog := w.backlog()

	// Not mounted yet, for example.
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.begin()
	w.suffers()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	w.until("the agent asks to be restarted", func() bool {
		_, body := get(t, w.own+"/-/ready")
		return strings.Contains(body, "restart")
	})
	w.flows(8)
	w.kill()

	w.begin()
	w.flows(8)
	w.delivered(backlog)
}

// A directory that may not be written to any more, and then may.
func TestDisk_Chmod(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "wal")
	w := newDiskWorld(t, dir)
	if os.Getuid() == 0 {
		w.dropPrivileges(parent)
	}
	w.source.noise.Store(true) // segments are full soon
	w.source.series.Store(400)
	w.begin()
	w.flows(10)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	w.suffers()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.recovers()
	w.complete(none)
	w.balanced()
}

// dropPrivileges makes the agent run as nobody, from a place that nobody may
// read. Root may write anywhere.
func (w *diskWorld) dropPrivileges(parent string) {
	w.Helper()
	if _, err := exec.LookPath("setpriv"); err != nil {
		w.Skip("root may write to any directory, and there is no setpriv to be somebody else")
	}
	const nobody = 65534
	// The directories that package testing makes are readable, but what is above
	// them may not be.
	place, err := os.MkdirTemp("", "edgetick-nobody")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { os.RemoveAll(place) })
	if err := os.Chmod(place, 0o755); err != nil {
		w.Fatal(err)
	}
	w.program = filepath.Join(place, "edgetick")
	if err := copyFile(w.program, os.Args[0], 0o755); err != nil {
		w.Fatal(err)
	}
	for _, dir := range []string{parent, filepath.Dir(parent)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			w.Fatal(err)
		}
	}
	if err := os.Chown(parent, nobody, nobody); err != nil {
		w.Fatal(err)
	}
	w.user = &syscall.Credential{Uid: nobody, Gid: nobody}
}

func copyFile(to, from string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// The cap holds at every moment that is looked at while the receiver is away,
// and what it has cost is known exactly.
func TestDisk_CapHolds(t *testing.T) {
	const limit = 1 << 20
	w := newDiskWorld(t, filepath.Join(t.TempDir(), "wal"))
	w.source.noise.Store(true)
	w.source.series.Store(1500)
	w.flags = []string{"--wal.max-bytes=1MiB", "--buffer.max-bytes=64KiB", "--tick.interval=40ms"}
	w.receiver.goAway()
	w.begin()
	watch := watchSize(t, w.dir, limit)
	w.until("three times the cap was written", func() bool { return w.metric("edgetick_wal_written_bytes_total") > 3*limit })
	w.receiver.comeBack()
	w.flows(8)
	if code := w.agent.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	t.Log(watch.stop())
	s := w.books()
	if s.Dropped[string(wal.Full)] == 0 || dropped(s) != s.Dropped[string(wal.Full)] {
		t.Errorf("books: %+v", s)
	}
	w.balanced()
	missing := 0
	arrived := w.arrived()
	for n := range w.newest() {
		if !arrived[n+1] {
			missing++
		}
	}
	if missing == 0 {
		t.Error("all scrapes have arrived")
	}
	t.Logf("%d of %d scrapes went, in %d samples", missing, w.newest(), dropped(s))
	w.complete(func(number int) bool { return number <= w.newest() })
}

// sizes measures a directory all the time.
type sizes struct {
	done    chan struct{}
	ended   chan struct{}
	n       int
	largest int64 // in blocks of 4 KiB, as the cap counts
	disk    int64 // as the file system counts, with what it needs for itself
}

func watchSize(t *testing.T, dir string, limit int64) *sizes {
	s := &sizes{done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		for {
			select {
			case <-s.done:
				return
			case <-time.After(500 * time.Microsecond):
			}
			names, size, disk := measured(dir)
			if again, _, _ := measured(dir); !slices.Equal(names, again) {
				continue // files came or went in between: no moment was measured
			}
			s.n++
			s.disk = max(s.disk, disk)
			if s.largest = max(s.largest, size); size > limit {
				t.Errorf("the log takes %d bytes, the cap is %d: %v", size, limit, names)
				return
			}
		}
	}()
	return s
}

// measured is the disk that a directory's files take, and their names.
func measured(dir string) (names []string, size, disk int64) {
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			names = append(names, f.Name())
			size += (info.Size() + 4095) / 4096 * 4096
			disk += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
	}
	return names, size, disk
}

// stop ends the measuring and says what it found.
func (s *sizes) stop() string {
	close(s.done)
	<-s.ended
	return fmt.Sprintf("%d measurements, at most %d bytes, %d with what the file system needs for itself", s.n, s.largest, s.disk)
}

// mounted mounts a file system of its own for a test, or skips it.
func mounted(t *testing.T, fstype, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, fstype, 0, options); err != nil {
		t.Skipf("mounting a %s takes privileges that this process does not have: %s", fstype, err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill lets another process write to a file system as long as there is room. It
// keeps at it until stop is called, which also frees the room.
func fill(t *testing.T, dir string) (stop func()) {
	t.Helper()
	file := filepath.Join(dir, "filler")
	cmd := exec.Command("sh", "-c", `while :; do cat /dev/zero >> "$1" 2>/dev/null; sleep 0.01; done`, "sh", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			cmd.Process.Kill()
			cmd.Wait()
			stopped = true
			// A cat that was running may write once more.
			for range 20 {
				os.Remove(file)
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	t.Cleanup(stop)
	for free := uint64(1); free > 0; {
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			t.Fatal(err)
		}
		free = st.Bavail
	}
	return stop
}

// Another process fills the disk, and then goes.
func TestDisk_Full(t *testing.T) {
	disk := mounted(t, "tmpfs", "size=2m")
	w := newDiskWorld(t, filepath.Join(disk, "wal"))
	w.begin()
	w.flows(10)
	stop := fill(t, disk)
	w.suffers()
	stop()
	w.recovers()
	w.complete(none)
	w.balanced()
}

// The disk is full already when the agent starts.
func TestDisk_StartOnFull(t *testing.T) {
	slow(t)
	disk := mounted(t, "tmpfs", "size=2m")
	stop := fill(t, disk)
	w := newDiskWorld(t, filepath.Join(disk, "wal"))
	w.begin()
	w.suffers()
	stop()
	w.recovers()
	w.complete(none)
	if s := w.books(); s.Settled-s.From != s.Acknowledged {
		t.Errorf("books: %+v", s)
	}
}

// The disk is read-only when the agent starts, and holds a backlog, which is
// sent. Later it can be written to.
func TestDisk_StartOnReadOnly(t *testing.T) {
	disk := mounted(t, "tmpfs", "size=2m")
	w := newDiskWorld(t, filepath.Join(disk, "wal"))
	backlog := w.backlog()
	remount(t, disk, syscall.MS_RDONLY)
	w.begin()
	w.suffers()
	w.delivered(backlog)
	remount(t, disk, 0)
	w.recovers()
	w.complete(none)
	w.balanced()
}

func remount(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("none", dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
		t.Fatal(err)
	}
}

// A file system becomes read-only under the running agent, as it does after an
// error of the disk, and another is mounted in its place.
func TestDisk_ReadOnly(t *testing.T) {
	disk := t.TempDir()
	mountImage(t, disk)
	trigger := filepath.Join("/sys/fs/ext4", filepath.Base(loopOf(t, disk)), "trigger_fs_error")
	if _, err := os.Stat(trigger); err != nil {
		t.Skipf("this kernel cannot simulate an error of the disk: %s", err)
	}
	w := newDiskWorld(t, filepath.Join(disk, "wal"))
	w.begin()
	w.flows(10)
	if err := os.WriteFile(trigger, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	w.suffers()
	if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	mountImage(t, disk)
	w.recovers()
	w.complete(none)
	w.balanced()
}

// mountImage makes a file system in a file and mounts it at dir, or skips the
// test.
func mountImage(t *testing.T, dir string) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	for _, args := range [][]string{
		{"truncate", "-s", "8M", image},
		{"mkfs.ext4", "-q", image},
		{"mount", "-o", "loop,errors=remount-ro", image, dir},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("an ext4 file system in a file takes tools or privileges that this process does not have: %v: %s%s", args, out, err)
		}
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// loopOf is the loop device that is mounted at dir.
func loopOf(t *testing.T, dir string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Skipf("%s has no /proc/mounts", runtime.GOOS)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == dir && strings.HasPrefix(f[0], "/dev/loop") {
			return f[0]
		}
	}
	t.Fatalf("no loop device is mounted at %s", dir)
	return ""
}
