package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/node_exporter/collector"
	"go.uber.org/goleak"
)

// jobEnv makes this test binary do a job instead of running tests. Flags of node_exporter are global and can be parsed
// only once in a process, so a test with flags of its own runs in a process of its own.
const jobEnv = "EDGETICK_NODE_TEST_JOB"

// job is what such a process does with its flags: print Pages pages of ours, then of node_exporter's if Theirs.
type job struct {
	Args   []string
	Pages  int
	Theirs bool
}

// answer is what it prints.
type answer struct {
	Names  []string
	Ours   string // the last page
	Theirs string
	Errors []string // of each page, "" for none
}

func TestMain(m *testing.M) {
	if text := os.Getenv(jobEnv); text != "" {
		if err := doJob(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if _, err := kingpin.CommandLine.Parse(nil); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func doJob(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	var cfg Config
	AddFlags(&cfg)
	SplitHelp()
	kingpin.Flag("tick.interval", "The one ticker.").Default("15s").Duration()
	kingpin.Command("run", "Run.").Default()
	kingpin.CommandLine.UsageWriter(os.Stdout)
	if _, err := New(cfg); err == nil {
		return errors.New("New succeeded before the flags were parsed")
	}
	if _, err := kingpin.CommandLine.Parse(j.Args); err != nil {
		return err
	}
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	c, err := New(cfg)
	if err != nil {
		return err
	}
	a := answer{Names: c.Names()}
	for range j.Pages {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		families, err := c.Gather(ctx)
		cancel()
		a.Ours = format(families)
		a.Errors = append(a.Errors, fmt.Sprint(err))
	}
	if j.Theirs {
		if a.Theirs, err = theirPage(); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// theirPage is what node_exporter serves with the same flags.
func theirPage() (string, error) {
	nc, err := collector.NewNodeCollector(slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	r := prometheus.NewRegistry()
	if err := r.Register(nc); err != nil {
		return "", err
	}
	w := httptest.NewRecorder()
	h := promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	page, err := io.ReadAll(w.Result().Body)
	return string(page), err
}

// process does a job in a process of its own and returns its answer and what it logged.
func process(t *testing.T, j job) (a answer, log string) {
	t.Helper()
	out, log, err := rawProcess(t, j)
	if err != nil {
		t.Fatalf("process: %v\n%s", err, log)
	}
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatalf("answer: %v\n%s", err, out)
	}
	return a, log
}

func rawProcess(t *testing.T, j job) (stdout, stderr string, err error) {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), jobEnv+"="+string(text), "GORACE=atexit_sleep_ms=0")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// format returns families in the text format.
func format(families []*dto.MetricFamily) string {
	var b strings.Builder
	for _, mf := range families {
		if _, err := expfmt.MetricFamilyToText(&b, mf); err != nil {
			panic(err)
		}
	}
	return b.String()
}

// has fails the test unless page has each of the lines.
func has(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+page, "\n"+line+"\n") {
			t.Errorf("the page lacks %q", line)
		}
	}
	if t.Failed() {
		t.Logf("page:\n%s", page)
	}
}

// lacks fails the test if page has any of the strings.
func lacks(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}
