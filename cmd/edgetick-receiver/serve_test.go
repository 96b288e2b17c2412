package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// running is the program, running in this process with a test's signals.
type running struct {
	t       *testing.T
	out     *bufio.Scanner
	seen    strings.Builder
	stderr  bytes.Buffer
	signals chan os.Signal
	code    chan int
}

// start runs the program on a free port. grace replaces the child's; role, if
// not empty, is played by the child.
func start(t *testing.T, grace time.Duration, role string, args ...string) *running {
	t.Helper()
	args = append([]string{"--web.listen-address=127.0.0.1:0"}, args...)
	if role != "" {
		t.Setenv(agentVariable, role)
		args = append(args, "--", os.Args[0], "--some-flag")
	}
	pr, pw := io.Pipe()
	r := &running{t: t, out: bufio.NewScanner(pr), signals: make(chan os.Signal, 1), code: make(chan int, 1)}
	env := environment{stdout: pw, stderr: &r.stderr, signals: r.signals}
	o, err := parseOptions(args, env)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		code, err := (&program{options: o, env: env, grace: grace}).run()
		if err != nil {
			complain(env, err)
			code = 1
		}
		pw.Close()
		r.code <- code
	}()
	return r
}

// until reads the program's output up to a line that matches, and returns it.
func (r *running) until(pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	for lines := 0; lines < 1000 && r.out.Scan(); lines++ {
		r.seen.WriteString(r.out.Text() + "\n")
		if re.MatchString(r.out.Text()) {
			return r.out.Text()
		}
	}
	r.t.Fatalf("no line matches %q in\n%s\nstderr: %s", pattern, &r.seen, &r.stderr)
	return ""
}

// end reads what is left and returns the exit code.
func (r *running) end() int {
	for r.out.Scan() {
		r.seen.WriteString(r.out.Text() + "\n")
	}
	return <-r.code
}

func (r *running) baseURL() string {
	return strings.TrimSuffix(strings.Fields(r.until("^look at"))[2], "/")
}

func TestProgram_AgentFlushesWhileBeingStopped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	r := start(t, time.Minute, "flushes", "--storage.dir="+dir, "--report.interval=0", "--report.query=max_over_time(up[1m])")
	r.until("^agent ready$")
	r.signals <- syscall.SIGTERM
	r.until("^agent flushed$")
	r.until(`in all  series 1  samples 2  requests 2  wire \d+\.\d B/sample  refused 0  up \d/1  max_over_time`)
	if code := r.end(); code != 0 {
		t.Errorf("exit code %d, want 0; stderr: %s", code, &r.stderr)
	}
	if !strings.Contains(r.stderr.String(), "exit_code=3") {
		t.Errorf("the agent's own exit code is not logged: %s", &r.stderr)
	}
	again, err := receiver.Open(receiver.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	all, err := again.Samples(context.Background())
	if err != nil || len(all) != 1 || len(all[0].Points) != 2 {
		t.Errorf("stored %v, %v; want one series with two samples", all, err)
	}
}

func TestProgram_EndsAsItsAgentEnds(t *testing.T) {
	for _, c := range []struct {
		role   string
		code   int
		stderr string
	}{
		{"fails", 7, "agent failed with --some-flag"},
		{"dies", 128 + 9, ""},
	} {
		t.Run(c.role, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			r := start(t, time.Minute, c.role)
			if code := r.end(); code != c.code {
				t.Errorf("exit code %d, want %d; stderr: %s", code, c.code, &r.stderr)
			}
			if !strings.Contains(r.stderr.String(), c.stderr) {
				t.Errorf("stderr %q, want %q in it", &r.stderr, c.stderr)
			}
			if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestProgram_KillsDeafAgent(t *testing.T) {
	r := start(t, 10*time.Millisecond, "deaf")
	r.until("^agent ready$")
	r.signals <- os.Interrupt
	if code := r.end(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if !strings.Contains(r.stderr.String(), "killed the agent") {
		t.Errorf("stderr %q does not say that the agent was killed", &r.stderr)
	}
}

func TestProgram_ServesReportsAndCaptures(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := filepath.Join(t.TempDir(), "requests")
	r := start(t, 0, "", "--report.interval=1ms", "--report.query=up", "--capture-dir="+dir)
	base := r.baseURL()
	t.Setenv(urlVariable, base+"/api/v1/write")
	if err := pushSample(time.Now(), 1); err != nil {
		t.Fatal(err)
	}
	r.until(`^\d\d:\d\d:\d\d  series      1  samples      \+1 \(total 1\)  requests  \+1  wire +\d+\.0 B/sample  up 1/1  up 1$`)
	r.until(`^\d\d:\d\d:\d\d  series      1  samples      \+0 \(total 1\)  requests  \+0  wire     - B/sample  up 1/1  up 1$`)

	for path, want := range map[string]string{
		"/":                             `<a href="/api/v1/query?query=rate%28node_cpu_seconds_total%5B1m%5D%29">rate(node_cpu_seconds_total[1m])</a>`,
		"/api/v1/query?query=count(up)": `"resultType":"vector"`,
		"/metrics":                      "prometheus_tsdb_head_series 1",
	} {
		if body := fetch(t, base+path); !strings.Contains(body, want) {
			t.Errorf("%s answered %s\nwithout %s", path, body, want)
		}
	}
	r.signals <- syscall.SIGTERM
	if code := r.end(); code != 0 {
		t.Errorf("exit code %d, want 0; stderr: %s", code, &r.stderr)
	}
	header, err := os.ReadFile(filepath.Join(dir, "0001.header"))
	if err != nil || !strings.Contains(string(header), "Content-Type: application/x-protobuf\r\n") {
		t.Errorf("captured header %q, %v", header, err)
	}
	if body, err := os.ReadFile(filepath.Join(dir, "0001.sz")); err != nil || len(body) == 0 {
		t.Errorf("captured body %q, %v", body, err)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestRun_FailsBeforeAnythingStarts(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--web.listen-address=" + taken}, 1, `--web.listen-address: cannot listen on "` + taken + `": `},
		{[]string{"--web.listen-address=x"}, 2, `--web.listen-address: "x" is not host:port`},
		{[]string{"--web.listen-address=127.0.0.1:0", "--capture-dir=/dev/null/x"}, 2, "--capture-dir: "},
		{[]string{"--web.listen-address=127.0.0.1:0", "--storage.dir=" + filepath.Join(tmp, strings.Repeat("x", 300))}, 2, "--storage.dir: "},
	} {
		var stdout, stderr bytes.Buffer
		code := run(c.args, environment{&stdout, &stderr, nil})
		if code != c.code || !strings.HasPrefix(stderr.String(), "edgetick-receiver: "+c.want) {
			t.Errorf("%q: exit code %d, stderr %q; want %d, %q", c.args, code, &stderr, c.code, c.want)
		}
		if stdout.Len() != 0 {
			t.Errorf("%q: printed %q", c.args, &stdout)
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
