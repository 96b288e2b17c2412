package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	"go.uber.org/goleak"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
	"github.com/edgetick/edgetick/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is an agent and a real Prometheus database in a bubble of time. The
// network between them is a function: it may answer itself, lose a request
// before or after the database has seen it, or take its time.
type world struct {
	*testing.T
	db      *receiver.Receiver
	network func(attempt int, w http.ResponseWriter, deliver func()) error
	cfg     agent.Config
	logs    lockedBuffer

	mu       sync.Mutex
	attempts []attempt // of the agent, in order
}

type attempt struct {
	at     time.Time
	header http.Header
	body   []byte
}

// decode reads what was sent, in either version of the protocol.
func (a attempt) decode() (*prompb.WriteRequest, error) {
	return proto.Decode(a.header.Get("Content-Type"), a.body)
}

// inWorld runs f in a bubble with a world whose network is perfect.
func inWorld(t *testing.T, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.db.Close()
		w.cfg = agent.Config{
			TickInterval: time.Second,
			Instance:     "node",
			NoSelf:       true,
			Remotes:      []remote.Config{{URL: "http://db.test/api/v1/write", Transport: w}},
			Logger:       slog.New(slog.NewTextHandler(&w.logs, nil)),
		}
		f(w)
	})
}

// newWorld makes a world without an agent, whose database the caller closes.
func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := receiver.Open(receiver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &world{T: t, db: db, network: perfect}
}

func perfect(_ int, _ http.ResponseWriter, deliver func()) error { deliver(); return nil }

// RoundTrip implements http.RoundTripper.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	n := len(w.attempts)
	w.attempts = append(w.attempts, attempt{time.Now(), req.Header.Clone(), body})
	w.mu.Unlock()

	rec := httptest.NewRecorder()
	failed := w.network(n, rec, func() {
		r := req.Clone(context.Background())
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.db.Handler().ServeHTTP(rec, r)
	})
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return rec.Result(), nil
}

// run runs the agent for some time and then stops it, which flushes.
func (w *world) run(d time.Duration) *agent.Agent {
	w.Helper()
	a := agent.New(w.cfg)
	w.runAgent(a, d)
	return a
}

func (w *world) runAgent(a *agent.Agent, d time.Duration) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := a.Run(ctx); err != nil {
		w.Fatal(err)
	}
}

// balanced fails the test unless the books of every remote balance and say that
// nothing was refused, dropped or left.
func (w *world) balanced(a *agent.Agent) {
	w.Helper()
	for _, r := range a.Status().Remotes {
		b := r.Books
		if b.Imbalance != 0 || b.Pending != 0 || b.Rejected.Total() != 0 || b.Dropped[remote.DroppedBufferFull] != 0 || b.Acknowledged != b.Gathered || b.Gathered == 0 {
			w.Errorf("books of %s: %+v", r.Name, b)
		}
	}
}

// series reads a series by its name.
func (w *world) series(name string) []receiver.Point {
	w.Helper()
	return w.one(name, labels.MustNewMatcher(labels.MatchEqual, "__name__", name))
}

// count is the number of samples of the series of that name, if there is one.
func (w *world) count(name string) int {
	w.Helper()
	all, err := w.db.Samples(context.Background(), labels.MustNewMatcher(labels.MatchEqual, "__name__", name))
	if err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, s := range all {
		n += len(s.Points)
	}
	return n
}

// upOf reads the series up of a job.
func (w *world) upOf(job string) []receiver.Point {
	w.Helper()
	return w.one("up", labels.MustNewMatcher(labels.MatchEqual, "__name__", "up"), labels.MustNewMatcher(labels.MatchEqual, "job", job))
}

func (w *world) one(name string, matchers ...*labels.Matcher) []receiver.Point {
	w.Helper()
	all, err := w.db.Samples(context.Background(), matchers...)
	if err != nil {
		w.Fatal(err)
	}
	if len(all) != 1 {
		w.Fatalf("%d series named %s, want one", len(all), name)
	}
	return all[0].Points
}

// scrapes is a source whose every scrape is numbered: the series scrape_number
// is 1, 2, 3 …, and page writes what else there is.
type scrapes struct {
	mu   sync.Mutex
	n    int // read while the agent runs through made
	page func(n int) ([]*dto.MetricFamily, error)
}

// scraped makes a source whose every scrape is numbered the world's only target.
// page may be nil.
func (w *world) scraped(page func(n int) ([]*dto.MetricFamily, error)) *scrapes {
	s := &scrapes{page: page}
	w.cfg.Targets = []agent.Target{{Job: "numbered", Gather: s.gather}}
	return s
}

func (s *scrapes) gather(context.Context) ([]*dto.MetricFamily, error) {
	s.mu.Lock()
	s.n++
	n := s.n
	s.mu.Unlock()
	families := []*dto.MetricFamily{gauge("scrape_number", float64(n))}
	if s.page == nil {
		return families, nil
	}
	more, err := s.page(n)
	return append(families, more...), err
}

// made is the number of scrapes so far.
func (s *scrapes) made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// complete fails the test unless each scrape arrived once, in order, one second
// after the other.
func (w *world) complete(s *scrapes) {
	w.Helper()
	points := w.series("scrape_number")
	if len(points) != s.n {
		w.Errorf("%d of %d scrapes arrived", len(points), s.n)
	}
	for i, p := range points {
		if p.Value() != float64(i+1) || p.T != points[0].T+int64(i)*1000 {
			w.Fatalf("sample %d is %v at %d, the first was at %d", i, p.Value(), p.T, points[0].T)
		}
	}
}

func gauge(name string, v float64, pairs ...string) *dto.MetricFamily {
	m := &dto.Metric{Gauge: &dto.Gauge{Value: &v}}
	for i := 0; i < len(pairs); i += 2 {
		m.Label = append(m.Label, &dto.LabelPair{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return &dto.MetricFamily{Name: &name, Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{m}}
}

const stale = "stale"

// shown writes points as their values, a stale marker as "stale".
func shown(points []receiver.Point) string {
	var s []string
	for _, p := range points {
		if p.Bits == value.StaleNaN {
			s = append(s, stale)
		} else {
			s = append(s, fmt.Sprint(math.Float64frombits(p.Bits)))
		}
	}
	return strings.Join(s, " ")
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// sorted tells whether the names are in byte order, each once.
func sorted(names []string) bool {
	return slices.IsSorted(names) && len(slices.Compact(slices.Clone(names))) == len(names)
}
