package collector_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// The reference is Prometheus itself: its scrape manager on one side of a pipe,
// its database behind it.

// exchange is one answer of an exporter.
type exchange struct {
	body        string
	contentType string
	down        bool // the exporter answers 503
}

// text is a page without a content type of its own.
func text(body string) exchange {
	return exchange{body: body, contentType: "text/plain; version=0.0.4"}
}

func typed(contentType, body string) exchange { return exchange{body: body, contentType: contentType} }

func down() exchange { return exchange{down: true} }

// scraped is an exchange as it took place.
type scraped struct {
	exchange
	at int64 // milliseconds since the epoch
}

// relative matches a time in a page that is relative to the scrape: @-500.
var relative = regexp.MustCompile(`@([+-]?\d+)`)

// resolve fills in the times that are relative to the scrape.
func (x exchange) resolve(at int64) exchange {
	x.body = relative.ReplaceAllStringFunc(x.body, func(s string) string {
		offset, err := strconv.ParseInt(s[1:], 10, 64)
		if err != nil {
			panic(err)
		}
		return strconv.FormatInt(at+offset, 10)
	})
	return x
}

// exporter answers each request with the next of its pages and records it. It
// says so when it has none left, and then holds the request.
type exporter struct {
	pages []exchange
	took  []scraped
	done  chan struct{}
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
// into db. It returns what it was served and what is in the database then. It
// runs in a synctest bubble.
func scrapeWithPrometheus(t *testing.T, db *receiver.Receiver, target labels.Labels, pages []exchange) ([]scraped, []receiver.Series) {
	t.Helper()
	exporter := &exporter{pages: pages, done: make(chan struct{}, 1)}
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
	if err := m.ApplyConfig(scrapeConfig(t)); err != nil {
		t.Fatal(err)
	}
	groups := make(chan map[string][]*targetgroup.Group, 1)
	groups <- map[string][]*targetgroup.Group{"job": {targetGroup(target)}}
	stopped := make(chan error, 1)
	go func() { stopped <- m.Run(groups) }()
	<-exporter.done
	stored := storedSamples(t, db) // before the last scrape, which nobody answers, comes to an end
	m.Stop()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	return exporter.took, stored
}

func scrapeConfig(t *testing.T) *promconfig.Config {
	t.Helper()
	cfg, err := promconfig.Load(`
global: {scrape_interval: 10s, scrape_timeout: 5s}
scrape_configs:
  - job_name: job
    scrape_protocols: [PrometheusText0.0.4]
    fallback_scrape_protocol: PrometheusText0.0.4
`, promslog.NewNopLogger())
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

func storedSamples(t *testing.T, db *receiver.Receiver) []receiver.Series {
	t.Helper()
	all, err := db.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
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
