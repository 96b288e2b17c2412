package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
	"github.com/edgetick/edgetick/proto"
)

// reexec makes the test binary be edgetick itself, so that tests run the real
// program, with the race detector if the tests have it.
const reexec = "EDGETICK_TEST_REEXEC"

func TestMain(m *testing.M) {
	if os.Getenv(reexec) != "" {
		main()
		return
	}
	if os.Getenv(askSlack) != "" {
		tellSlack()
		return
	}
	os.Exit(m.Run())
}

// patience is how long tests wait for something that must come.
const patience = time.Minute

// process is a running program.
type process struct {
	*testing.T
	cmd  *exec.Cmd
	out  output
	done chan struct{}
	err  error // of Wait, once done is closed
}

// start starts a program and kills it at the end of the test.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return startWith(t, nil, name, args...)
}

// startWith starts a program that reads from a file.
func startWith(t *testing.T, stdin *os.File, name string, args ...string) *process {
	t.Helper()
	p := &process{T: t, cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.out.changed = make(chan struct{})
	p.cmd.Env = append(os.Environ(), reexec+"=1")
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s %v printed:\n%s", name, args, p.out.String())
		}
	})
	return p
}

// edgetick starts edgetick. Its own endpoint gets a free port, its log a new
// directory, unless args say otherwise.
func edgetick(t *testing.T, args ...string) *process {
	t.Helper()
	own := []string{"--web.listen-address=127.0.0.1:0"}
	if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--wal.dir=") }) {
		own = append(own, "--wal.dir="+t.TempDir())
	}
	return start(t, os.Args[0], append(own, args...)...)
}

// quiet are flags for a process that gathers nothing but its targets.
var quiet = []string{"--collector.disable-defaults", "--no-collector.self"}

// stop sends SIGTERM and returns the exit code.
func (p *process) stop() int {
	p.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	return p.wait()
}

func (p *process) wait() int {
	p.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.Fatal("the process does not end")
		return 0
	}
}

// find waits for output that matches and returns the first group.
func (p *process) find(pattern string) string {
	p.Helper()
	found, err := p.out.await(pattern, p.done)
	if err != nil {
		p.Fatal(err)
	}
	return found[1]
}

// output is what a process prints.
type output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.b.Write(b)
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String(), o.changed
}

// await waits for output that matches, of a process that has not ended, and returns
// the match and its groups.
func (o *output) await(pattern string, ended <-chan struct{}) ([]string, error) {
	re := regexp.MustCompile(pattern)
	for deadline := time.After(patience); ; {
		text, changed := o.read()
		if m := re.FindStringSubmatch(text); m != nil {
			return m, nil
		}
		select {
		case <-changed:
		case <-ended:
			return nil, fmt.Errorf("the process ended without printing %s", pattern)
		case <-deadline:
			return nil, fmt.Errorf("the process does not print %s", pattern)
		}
	}
}

func (o *output) String() string { s, _ := o.read(); return s }

// database is a real Prometheus database behind a real socket.
type database struct {
	*receiver.Receiver
	*testing.T
	server *httptest.Server
	fault  atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]

	mu     sync.Mutex
	bodies []captured // all requests that came
	came   chan struct{}
}

func openDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{T: t, came: make(chan struct{})}
	var err error
	d.Receiver, err = receiver.Open(receiver.Config{
		Dir: t.TempDir(),
		Capture: func(h http.Header, body []byte) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.bodies = append(d.bodies, captured{h.Get("Content-Type"), body})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.server = httptest.NewServer(d)
	t.Cleanup(func() {
		d.server.Close()
		d.Receiver.Close()
	})
	return d
}

func (d *database) url() string { return d.server.URL + "/api/v1/write" }

// ServeHTTP handles a request, unless the fault of the moment has, and then
// wakes those who wait.
func (d *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		close(d.came)
		d.came = make(chan struct{})
	}()
	if f := d.fault.Load(); f != nil && r.Method == http.MethodPost && (*f)(w, r) {
		return
	}
	d.Handler().ServeHTTP(w, r)
}

// breaks sets the fault: a function that answers a request itself, or leaves it
// to the database by returning false.
func (d *database) breaks(f func(http.ResponseWriter, *http.Request) bool) {
	if f == nil {
		d.fault.Store(nil)
		return
	}
	d.fault.Store(&f)
}

// until waits until cond holds, looking at each request that comes.
func (d *database) until(what string, cond func() bool) {
	d.Helper()
	deadline := time.After(patience)
	for {
		d.mu.Lock()
		came := d.came
		d.mu.Unlock()
		if cond() {
			return
		}
		select {
		case <-came:
		case <-deadline:
			d.Fatalf("waited in vain until %s", what)
		}
	}
}

func (d *database) requests() []captured {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]captured(nil), d.bodies...)
}

// captured is a request as it came.
type captured struct {
	contentType string
	body        []byte
}

func (c captured) decode() (*prompb.WriteRequest, error) { return proto.Decode(c.contentType, c.body) }

// points reads the one series of that name, or nil if there is none.
func (d *database) points(name string) []point {
	d.Helper()
	all, err := d.Samples(context.Background(), labels.MustNewMatcher(labels.MatchEqual, "__name__", name))
	if err != nil {
		d.Fatal(err)
	}
	if len(all) > 1 {
		d.Fatalf("%d series named %s", len(all), name)
	}
	if len(all) == 0 {
		return nil
	}
	var points []point
	for _, p := range all[0].Points {
		points = append(points, point{p.T, p.Value()})
	}
	return points
}

// counting is an exporter whose every scrape is numbered.
type counting struct {
	*httptest.Server
	mu      sync.Mutex
	scrapes int
	came    chan struct{}
}

func startCounting(t *testing.T) *counting {
	t.Helper()
	c := &counting{came: make(chan struct{})}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.scrapes++
		close(c.came)
		c.came = make(chan struct{})
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(w, "# TYPE scrape_number gauge\nscrape_number %d\n", c.scrapes)
		for i := range 20 {
			fmt.Fprintf(w, "many{i=\"%02d\"} %d.5\n", i, c.scrapes*i)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scrapes
}

// until waits until the exporter has been scraped n times.
func (c *counting) until(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		scrapes, came := c.scrapes, c.came
		c.mu.Unlock()
		if scrapes >= n {
			return
		}
		select {
		case <-came:
		case <-deadline:
			t.Fatalf("%d scrapes, want %d", scrapes, n)
		}
	}
}

// point is one sample as a test looks at it.
type point struct {
	t int64
	v float64
}

// allArrived fails the test unless scrapes 1, 2, 3 … have arrived in order, each
// once and at its own time. A scrape may be missing only where up says that it
// failed, and at the end, where SIGTERM cut it short.
func allArrived(t *testing.T, c *counting, up, numbers []point) {
	t.Helper()
	down := make(map[int64]bool)
	for _, p := range up {
		down[p.t] = p.v == 0
	}
	next, failed, arrived := 1, 0, 0
	var last int64
	for _, p := range numbers {
		if p.t <= last {
			t.Fatalf("sample at %d after %d", p.t, last)
		}
		last = p.t
		if down[p.t] { // a stale marker
			failed++
			continue
		}
		if n := int(p.v); n < next || n > next+failed {
			t.Fatalf("sample at %d is of scrape %d, want %d to %d", p.t, n, next, next+failed)
		}
		next, failed = int(p.v)+1, 0
		arrived++
	}
	if c.count() > next+failed {
		t.Errorf("scrapes up to %d arrived of %d", next-1, c.count())
	}
	if arrived < c.count()/2 {
		t.Errorf("%d of %d scrapes arrived", arrived, c.count())
	}
}

// reset breaks a connection off, as a crashed peer does.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}
