// Package receiver is a real Prometheus database behind Prometheus's own
// remote-write handler and PromQL engine, small enough to open in a test.
//
// It accepts remote_write 1.0 and 2.0 exactly as a Prometheus started with
// --web.enable-remote-write-receiver does, answers PromQL in Prometheus's JSON,
// reads raw samples back bit for bit, and counts what arrived. It leaves
// listening, TLS and authentication to its caller: Handler is all it offers to
// the network.
//
// A Receiver may be used from any number of goroutines. Open starts the
// database's goroutines, because the database does so itself; all of them have
// ended when Close returns. No package-level goroutine or state is used, so a
// Receiver works inside a testing/synctest bubble.
package receiver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	defaultExemplars = 4096
	// Prometheus's own defaults of --query.max-samples and --query.timeout.
	maxQuerySamples = 50_000_000
	queryTimeout    = 2 * time.Minute
	// subqueryStep is the default of global.evaluation_interval, which
	// Prometheus uses for subqueries without a step: [5m:].
	subqueryStep = time.Minute
	// stripes is far below tsdb's 16384: tests open many databases, and a lock
	// per few hundred series is plenty.
	stripes = 512
)

// Config describes a Receiver. The zero value is a temporary database that is
// as strict as a Prometheus with default settings.
type Config struct {
	// Dir holds the database. Empty: a temporary directory that Close removes.
	Dir string
	// Logger gets the database's and the write handler's messages. Nil: none.
	Logger *slog.Logger
	// Registry gets the metrics of this one Receiver and is served at /metrics.
	// Nil: a new one that holds Go and process metrics as well.
	Registry *prometheus.Registry
	// Retention is how long blocks are kept. Zero: 15 days.
	Retention time.Duration
	// OutOfOrderWindow is how much older than a series' newest sample a sample
	// may be. Zero: none, as in a default Prometheus.
	OutOfOrderWindow time.Duration
	// MaxExemplars is how many exemplars are kept. Zero: 4096.
	MaxExemplars int64
	// Capture, if set, sees every write request before it is handled: a copy of
	// its header, and its body as it came over the wire. Both belong to
	// Capture. It may be called from several goroutines at once.
	Capture func(header http.Header, body []byte)
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	switch {
	case c.Retention < 0:
		return fmt.Errorf("retention %s is negative; use 0 for the default of 15 days", c.Retention)
	case c.OutOfOrderWindow < 0:
		return fmt.Errorf("out-of-order window %s is negative; use 0 for none", c.OutOfOrderWindow)
	case c.MaxExemplars < 0:
		return fmt.Errorf("max exemplars %d is negative; use 0 for the default of %d", c.MaxExemplars, defaultExemplars)
	}
	return nil
}

// Receiver is an open database and its HTTP handler.
type Receiver struct {
	dir       string
	temporary bool
	db        *tsdb.DB
	engine    *promql.Engine
	parser    parser.Parser
	arrivals  *Arrivals
	handler   http.Handler

	closeOnce sync.Once
	closeErr  error
}

// Open opens or creates the database. The caller must call Close.
func Open(cfg Config) (*Receiver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	cfg = cfg.withDefaults()
	r := &Receiver{dir: cfg.Dir, parser: parser.NewParser(parser.Options{})}
	if err := r.openStorage(cfg); err != nil {
		return nil, err
	}
	r.engine = newEngine(cfg, r.parser)
	r.arrivals = &Arrivals{}
	r.handler = newHandler(cfg, r)
	return r, nil
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = promslog.NewNopLogger()
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
		c.Registry.MustRegister(
			collectors.NewGoCollector(),
			collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		)
	}
	if c.MaxExemplars == 0 {
		c.MaxExemplars = defaultExemplars
	}
	return c
}

func (r *Receiver) openStorage(cfg Config) error {
	if r.dir == "" {
		dir, err := os.MkdirTemp("", "edgetick-receiver-*")
		if err != nil {
			return fmt.Errorf("create temporary database directory: %w", err)
		}
		r.dir, r.temporary = dir, true
	}
	db, err := tsdb.Open(r.dir, cfg.Logger, cfg.Registry, storageOptions(cfg), nil)
	if err != nil {
		return errors.Join(fmt.Errorf("open database %s: %w", r.dir, err), r.removeTemporary())
	}
	r.db = db
	return nil
}

func storageOptions(cfg Config) *tsdb.Options {
	o := tsdb.DefaultOptions()
	// A temporary directory is ours alone.
	o.NoLockfile = cfg.Dir == ""
	o.StripeSize = stripes
	o.EnableExemplarStorage = true
	o.MaxExemplars = cfg.MaxExemplars
	o.OutOfOrderTimeWindow = cfg.OutOfOrderWindow.Milliseconds()
	if cfg.Retention > 0 {
		o.RetentionDuration = cfg.Retention.Milliseconds()
	}
	return o
}

func newEngine(cfg Config, p parser.Parser) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger:                   cfg.Logger,
		Reg:                      cfg.Registry,
		MaxSamples:               maxQuerySamples,
		Timeout:                  queryTimeout,
		NoStepSubqueryIntervalFn: func(int64) int64 { return subqueryStep.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   p,
	})
}

// Handler serves /api/v1/write, the query API, /metrics, /-/healthy and
// /-/ready. It must not be called after Close.
func (r *Receiver) Handler() http.Handler { return r.handler }

// Arrivals counts the write requests that Handler was given.
func (r *Receiver) Arrivals() *Arrivals { return r.arrivals }

// Storage is the database itself, for what the other methods do not offer. The
// caller must not close it.
func (r *Receiver) Storage() *tsdb.DB { return r.db }

// HeadSeries is the number of series in the database's head.
func (r *Receiver) HeadSeries() uint64 { return r.db.Head().NumSeries() }

// Dir is where the database is.
func (r *Receiver) Dir() string { return r.dir }

// Close ends all goroutines, closes the database and removes its directory if
// that is temporary. The caller stops calling Handler first. Calls after the
// first do nothing and return the same error.
func (r *Receiver) Close() error {
	r.closeOnce.Do(func() {
		var err error
		if err = r.db.Close(); err != nil {
			err = fmt.Errorf("close database %s: %w", r.dir, err)
		}
		r.closeErr = errors.Join(err, r.engine.Close(), r.removeTemporary())
	})
	return r.closeErr
}

func (r *Receiver) removeTemporary() error {
	if !r.temporary {
		return nil
	}
	if err := os.RemoveAll(r.dir); err != nil {
		return fmt.Errorf("remove temporary database: %w", err)
	}
	return nil
}
