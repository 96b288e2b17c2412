package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// An upstream is a receiver that can be asked what it has stored.
type upstream struct {
	write, query string     // URLs; the second is the base of an API
	refused      func() int // samples, for what they are; nil if it takes all
}

// Receivers of every kind have, after the program has gone, exactly what its
// source exposed, and it has spoken to each in the best way that it takes.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open   func(*testing.T) upstream
		key    string // of the remote
		spoken string // protocol and compression, or two of them
	}{
		"embedded":                 {openEmbedded, "protocol=auto", "2.0 snappy"},
		"embedded 1.0":             {openEmbedded, "protocol=1.0", "1.0 snappy"},
		"embedded asked for zstd":  {openEmbedded, "compression=zstd", "2.0 snappy"},
		"prometheus":               {openPrometheus, "protocol=auto", "1.0 snappy"},
		"victoria-metrics":         {openVictoriaMetrics, "protocol=auto", "1.0 snappy"},
		"victoria-metrics by zstd": {openVictoriaMetrics, "compression=zstd", "1.0 zstd|1.0 snappy"}, // it takes zstd from 1.88 on
		"like Thanos":              {openThanos, "protocol=auto", "2.0 snappy"},
		"like Thanos 1.0":          {openThanos, "protocol=1.0", "1.0 snappy"},
		"like Mimir":               {openMimir(true), "protocol=auto", "2.0 snappy"},
		"like Mimir 1.0":           {openMimir(false), "protocol=1.0", "1.0 snappy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := c.open(t)
			source, dir := startExporter(t, asText, numberedPage), t.TempDir()
			p := edgetick(t, append(quiet, "--tick.interval=100ms", "--wal.dir="+dir, "--remote-write.max-samples-per-send=20",
				"--remote-write.min-backoff=10ms", "--remote-write.max-backoff=100ms", "--remote-write.max-retry-after=100ms",
				"--remote-write.url=url="+up.write+","+c.key, source.target("numbered"))...)
			source.until(24)
			if got := p.speaks(); !slices.Contains(strings.Split(c.spoken, "|"), got) {
				t.Errorf("it speaks %s, want %s", got, c.spoken)
			}
			if code := p.stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			up.holds(t, source.count())
			books := lastBooks(t, dir, "default")
			if books.Rejected.Total() != uint64(up.refusals()) || books.Dropped.Total() > 0 {
				t.Errorf("%d samples were refused, the books say %+v", up.refusals(), books)
			}
		})
	}
}

// speaks is the protocol and the compression that the receiver takes, as the
// program tells them.
func (p *process) speaks() string {
	p.Helper()
	var spoken string
	p.booksUntil("it is known what the receiver takes", func(b books) bool {
		for _, m := range b["edgetick_remote_protocol_info"].GetMetric() {
			have := make(map[string]string)
			for _, l := range m.Label {
				have[l.GetName()] = l.GetValue()
			}
			spoken = have["protocol"] + " " + have["compression"]
		}
		return spoken != ""
	})
	return spoken
}

// holds fails the test unless all pages up to the last are there, with all that
// is on them at one time. Some receivers take a while until what they have
// stored can be queried.
func (u upstream) holds(t *testing.T, pages int) {
	t.Helper()
	var lack error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if lack = u.complete(t, pages); lack == nil {
			return
		}
	}
	t.Error(lack)
}

// complete says what is not as it was exposed.
func (u upstream) complete(t *testing.T, pages int) error {
	t.Helper()
	at, last, failed := make(map[int64]float64), 0.0, 0
	for _, p := range queried(t, u.query, "scrape_number") {
		if p.v <= last {
			return fmt.Errorf("page %v follows %v", p.v, last)
		}
		at[p.t], last = p.v, p.v
	}
	for _, up := range queried(t, u.query, "up") {
		if up.v == 0 {
			failed++
		}
	}
	if len(at)+failed < pages-1 { // the last may have been cut off
		return fmt.Errorf("%d pages were scraped, %d are here, %d scrapes failed", pages, len(at), failed)
	}
	missing := 0
	for i := range numberedWidth {
		points := queried(t, u.query, fmt.Sprintf("many{i=%q}", fmt.Sprint(i)))
		for _, p := range points {
			if n, ok := at[p.t]; !ok || p.v != 10*n+float64(i) {
				return fmt.Errorf("series %d is %v at page %v", i, p.v, n)
			}
		}
		missing += len(at) - len(points)
	}
	if missing != u.refusals() {
		return fmt.Errorf("%d samples are missing, %d were refused", missing, u.refusals())
	}
	return nil
}

// refusals is how many samples the receiver has refused.
func (u upstream) refusals() int {
	if u.refused == nil {
		return 0
	}
	return u.refused()
}

// openEmbedded is a real database of the newest Prometheus.
func openEmbedded(t *testing.T) upstream {
	d := openDatabase(t)
	return upstream{d.url(), d.server.URL, nil}
}

// openPrometheus is the prometheus of the distribution.
func openPrometheus(t *testing.T) upstream {
	dir, address := t.TempDir(), freeAddress(t)
	prometheusPath(t)
	startPrometheus(t, dir, address, "", receiverArgs(dir)...)
	base := "http://" + address
	return upstream{base + "/api/v1/write", base, nil}
}

// openVictoriaMetrics is the victoria-metrics that is named by the environment
// variable EDGETICK_TEST_VICTORIAMETRICS.
func openVictoriaMetrics(t *testing.T) upstream {
	path := os.Getenv("EDGETICK_TEST_VICTORIAMETRICS")
	if path == "" {
		t.Skip("EDGETICK_TEST_VICTORIAMETRICS does not name a victoria-metrics; make test-receivers does")
	}
	address := freeAddress(t)
	start(t, path, "-storageDataPath="+t.TempDir(), "-httpListenAddr="+address, "-search.latencyOffset=0s", "-retentionPeriod=1y").
		find("(started VictoriaMetrics)")
	base := "http://" + address
	return upstream{base + "/api/v1/write", base, nil}
}

// dislikes refuses all samples of one series.
func dislikes(s told, _ toldSample) string {
	if s.get("i") == "3" {
		return "label value too long"
	}
	return ""
}

func openThanos(t *testing.T) upstream {
	s := newStandIn(t, dislikes)
	return s.open(s.thanos)
}

func openMimir(countsOnError bool) func(t *testing.T) upstream {
	return func(t *testing.T) upstream {
		s := newStandIn(t, dislikes)
		return s.open(s.mimir(rand.New(rand.NewPCG(1, 1)), countsOnError))
	}
}

// open opens the stand-in to the network, with its database's API beside it.
func (s *standIn) open(write http.HandlerFunc) upstream {
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler())
	mux.Handle("POST /push", write)
	server := httptest.NewServer(mux)
	s.Cleanup(server.Close)
	return upstream{server.URL + "/push", server.URL, func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.refused)
	}}
}

// Native histograms and exemplars, through a real database: what was exposed can
// be queried.
func TestMatrix_HistogramsAndExemplars(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"1.0", "2.0"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			d := openDatabase(t)
			native := startExporter(t, asProtobuf, func(n int) servedPage { return nativePage(min(n, lastPage)) })
			p := edgetick(t, append(quiet, "--tick.interval=100ms", "--remote-write.protocol="+protocol, "--remote-write.url="+d.url(),
				native.target("native", "histograms=native"),
				startExporter(t, asText, func(int) servedPage { return customPage(6) }).target("custom", "histograms=custom"),
				startExporter(t, asOpenMetrics, richPage).target("rich"))...)
			native.until(enough)
			if code := p.stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			newest := func(call, series string) string { // that is no stale marker
				return fmt.Sprintf("histogram_%s last_over_time(%s[1m]))", call, series)
			}
			want := map[string]float64{
				newest("count(", "ints"): 3*lastPage + 1, newest("sum(", "ints"): 10 * lastPage, newest("quantile(1,", "ints"): 4,
				newest("fraction(1, 2,", "ints"): float64(lastPage) / (3*lastPage + 1),
				newest("count(", "floats"):       lastPage + .5, newest("quantile(0,", "floats"): 0,
			}
			if protocol == "2.0" {
				want[newest("count(", "size")], want[newest("sum(", "size")], want[newest("quantile(0.25,", "size")] = 12, 18, .5
			}
			for expr, v := range want {
				if got := d.number(expr); got != v {
					t.Errorf("%s = %v, want %v", expr, got, v)
				}
			}
			if got, err := d.Query(context.Background(), "last_over_time(size[1m])", time.Now()); protocol == "1.0" && (err != nil || len(got) > 0) {
				t.Errorf("custom buckets came by 1.0: %v, %v", got, err)
			}
			// By 1.0 a Prometheus drops the exemplars in the first request with
			// a native histogram, which it looks at before the histogram.
			d.examples(t, map[string]int{"requests_total": enough - 3, "latency_seconds_bucket": enough - 3, "ints": lastPage})
		})
	}
}

// number is the one number that an expression yields now.
func (d *database) number(expr string) float64 {
	d.Helper()
	got, err := d.Query(context.Background(), expr, time.Now())
	if err != nil || len(got) != 1 {
		d.Errorf("%s: %v, %v", expr, got, err)
		return math.NaN()
	}
	return got[0].F
}

// examples fails the test unless series have at least so many exemplars.
func (d *database) examples(t *testing.T, want map[string]int) {
	t.Helper()
	for name, n := range want {
		all, err := d.Exemplars(context.Background(), labels.MustNewMatcher(labels.MatchEqual, "__name__", name))
		if err != nil || len(all) != 1 {
			t.Errorf("exemplars of %s: %v, %v", name, all, err)
			continue
		}
		if got := len(all[0].Exemplars); got < n || all[0].Exemplars[0].Labels.Get("trace_id") == "" {
			t.Errorf("%s has %d exemplars: %v", name, got, all[0].Exemplars)
		}
	}
}
