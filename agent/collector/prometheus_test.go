package collector_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// The reference is Prometheus itself: its scrape manager on one side of a pipe,
// its database behind it.

// exchange is one answer of an exporter.
type exchange struct {
	body        string
	contentType string
	prototext   bool // the body is to be put into the protobuf format
	down        bool // the exporter answers 503
}

// text is a page without a content type of its own.
func text(body string) exchange {
	return exchange{body: body, contentType: "text/plain; version=0.0.4"}
}

func typed(contentType, body string) exchange { return exchange{body: body, contentType: contentType} }

// openMetricsPage is a page of the OpenMetrics format, without its end.
func openMetricsPage(body string) exchange {
	return typed("application/openmetrics-text; version=1.0.0; charset=utf-8", body+"# EOF\n")
}

// families is a page of the protobuf format. Each line is a family as protobuf
// writes it in text.
func families(lines string) exchange {
	x := typed("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", lines)
	x.prototext = true
	return x
}

func down() exchange { return exchange{down: true} }

// scraped is an exchange as it took place.
type scraped struct {
	exchange
	at int64 // milliseconds since the epoch
}

// relative matches a time in a page that is relative to the scrape: @-500 in
// milliseconds; @s-500 the same in seconds; @t-500 as protobuf's Timestamp.
var relative = regexp.MustCompile(`@([st]?)([+-]?\d+)`)

// resolve fills in the times that are relative to the scrape.
func (x exchange) resolve(at int64) exchange {
	x.body = relative.ReplaceAllStringFunc(x.body, func(s string) string {
		m := relative.FindStringSubmatch(s)
		offset, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil {
			panic(err)
		}
		t := at + offset
		switch m[1] {
		case "s":
			return fmt.Sprintf("%d.%03d", t/1000, t%1000)
		case "t":
			return fmt.Sprintf("{seconds: %d nanos: %d}", t/1000, t%1000*1e6)
		default:
			return strconv.FormatInt(t, 10)
		}
	})
	if x.prototext {
		x.body = delimited(x.body)
	}
	return x
}

// delimited is the protobuf format of families in text, one a line.
func delimited(lines string) string {
	var b bytes.Buffer
	for line := range strings.Lines(lines) {
		var f dto.MetricFamily
		if err := prototext.Unmarshal([]byte(line), &f); err != nil {
			panic(fmt.Sprintf("%s: %v", line, err))
		}
		if _, err := protodelim.MarshalTo(&b, &f); err != nil {
			panic(err)
		}
	}
	return b.String()
}

// exporter answers each request with the next of its pages and records it. It
// says so when it has none left, and then holds the request.
type exporter struct {
	pages []exchange
	took  []scraped
	asked []string // what was accepted
	done  chan struct{}

	stored []string // what the database held in the end
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(e.took) == len(e.pages) {
		select {
		case e.done <- struct{}{}:
		default:
		}
		<-r.Context().Done()
		return
	}
	e.asked = append(e.asked, r.Header.Get("Accept"))
	at := time.Now().UnixMilli()
	x := e.pages[len(e.took)].resolve(at)
	e.took = append(e.took, scraped{x, at})
	if x.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header()["Content-Type"] = nil
	if x.contentType != "" {
		w.Header().Set("Content-Type", x.contentType)
	}
	w.Write([]byte(x.body))
}

// scrapeWithPrometheus lets Prometheus scrape the pages, one after the other,
// into db. It returns what it was served. It runs in a synctest bubble.
func scrapeWithPrometheus(t *testing.T, db *receiver.Receiver, target labels.Labels, c comparison) *exporter {
	t.Helper()
	exporter := &exporter{pages: c.pages, done: make(chan struct{}, 1)}
	pipes := newPipeListener()
	server := &httptest.Server{Listener: pipes, Config: &http.Server{Handler: exporter}}
	server.Start()
	defer server.Close()

	m, err := scrape.NewManager(&scrape.Options{
		DiscoveryReloadOnStartup: true,
		HTTPClientOptions:        []config.HTTPClientOption{config.WithDialContextFunc(pipes.dial)},
	}, promslog.NewNopLogger(), nil, nil, db.Storage(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.ApplyConfig(scrapeConfig(t, c.form)); err != nil {
		t.Fatal(err)
	}
	groups := make(chan map[string][]*targetgroup.Group, 1)
	groups <- map[string][]*targetgroup.Group{"job": {targetGroup(target)}}
	stopped := make(chan error, 1)
	go func() { stopped <- m.Run(groups) }()
	<-exporter.done
	exporter.stored = stored(t, db, exporter.took) // before the last scrape, which nobody answers, comes to an end
	m.Stop()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	return exporter
}

func scrapeConfig(t *testing.T, h collector.Histograms) *promconfig.Config {
	t.Helper()
	cfg, err := promconfig.Load(fmt.Sprintf(`
global: {scrape_interval: 10s, scrape_timeout: 5s}
scrape_configs:
  - job_name: job
    fallback_scrape_protocol: PrometheusText0.0.4
    scrape_native_histograms: %v
    always_scrape_classic_histograms: %v
    convert_classic_histograms_to_nhcb: %v
`, h != collector.Classic, h == collector.Both, h == collector.Custom), promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// targetGroup makes target the labels of the one target. Its address is made
// up: all connections lead to the exporter.
func targetGroup(target labels.Labels) *targetgroup.Group {
	set := model.LabelSet{model.AddressLabel: "exporter.invalid:80"}
	target.Range(func(l labels.Label) { set[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
	return &targetgroup.Group{Source: "test", Targets: []model.LabelSet{set}}
}

// stored is all that is in a database, as lines and exemplarLines write it.
func stored(t *testing.T, db *receiver.Receiver, took []scraped) []string {
	t.Helper()
	samples, err := db.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exemplars, err := db.Exemplars(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return append(lines(samples, took), exemplarLines(exemplars, took)...)
}

// pipeListener accepts connections that are pipes within the process, so that a
// synctest bubble knows when they are idle.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipeListener() *pipeListener {
	done := make(chan struct{})
	return &pipeListener{conns: make(chan net.Conn), done: done, close: sync.OnceFunc(func() { close(done) })}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.close()
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// noNames makes lookups of names fail at once: Prometheus looks up its host's
// name, and a lookup would hold up a synctest bubble's clock. It is called
// outside of bubbles, because the resolver keeps what its first call made.
func noNames(t *testing.T) {
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no names are looked up in tests")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
	net.LookupIP("name.invalid")
}
