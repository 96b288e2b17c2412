// Package node gathers the metrics of this host: node_exporter's collectors, used as a library, with node_exporter's own
// names, help texts, flags and defaults.
//
// It adds the two things that library lacks. It has deadlines: a collector that hangs, panics or fails costs its own
// metrics and nothing else, and is not started again while it hangs. And it keeps node_exporter's global flags in one
// place: they live on kingpin.CommandLine, so the program must use that application, call AddFlags, parse, and call New.
//
// A life: AddFlags and SplitHelp before the command line is parsed, New once after it, then Gather for every tick. Gather
// may be called from any goroutine; calls take turns. The package starts no goroutine outside of Gather, and the only
// ones that outlive a Gather are those of collectors that did not return in time. A collector that panics in a goroutine of
// its own making cannot be caught from here.
//
// Timestamps, staleness and labels such as job and instance are the caller's business.
package node

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/node_exporter/collector"
)

// Config says how to gather. The zero value is node_exporter's behaviour without its duration metrics. AddFlags fills
// all but Logger.
type Config struct {
	// Logger gets the beginning and the end of a collector's failures, not each one. Nil means no logging.
	Logger *slog.Logger
	// DisableDefaults leaves out every collector that was not asked for on the command line.
	DisableDefaults bool
	// ReportDuration adds node_scrape_collector_duration_seconds, one series for each collector. These change at every tick
	// and so cost far more on the wire than their number suggests.
	ReportDuration bool
}

// Collector gathers from a fixed set of node_exporter's collectors. Create it with New.
type Collector struct {
	logger         *slog.Logger
	quiet          *quietHandler
	reportDuration bool

	turn     chan struct{} // holds a token while a Gather is under way
	subs     []*sub        // sorted by name, so that of two duplicates always the same one wins
	page     *page
	registry *prometheus.Registry
}

// New returns a Collector of all collectors that the command line enables. It must be called after kingpin.CommandLine was
// parsed (with no arguments will do), because that is where the flags of the collectors are. node_exporter creates each of
// its collectors once in a process: a second New shares them, and does not see flags changed in between.
//
// An error names every collector that could not be created, and the flags of it that were set.
func New(cfg Config) (*Collector, error) {
	if !parsed() {
		return nil, errors.New("node collector: kingpin.CommandLine has not been parsed")
	}
	if cfg.DisableDefaults {
		collector.DisableDefaultCollectors()
	}
	quiet := newQuietHandler(cfg.Logger)
	subs, err := createAll(slog.New(quiet))
	if err != nil {
		return nil, err
	}
	return newCollector(cfg, quiet, subs), nil
}

// newCollector returns a Collector of the given collectors by name.
func newCollector(cfg Config, quiet *quietHandler, collectors map[string]collector.Collector) *Collector {
	c := &Collector{
		logger:         slog.New(quiet.next),
		quiet:          quiet,
		reportDuration: cfg.ReportDuration,
		turn:           make(chan struct{}, 1),
		page:           &page{},
		registry:       prometheus.NewRegistry(),
	}
	for _, name := range slices.Sorted(maps.Keys(collectors)) {
		c.subs = append(c.subs, newSub(name, collectors[name]))
	}
	c.registry.MustRegister(c.page) // It describes nothing, so that registering cannot fail.
	return c
}

// Names returns the names of the enabled collectors, sorted. The caller owns the slice.
func (c *Collector) Names() []string {
	names := make([]string, len(c.subs))
	for i, s := range c.subs {
		names[i] = s.name
	}
	return names
}

// createAll creates the enabled collectors. It returns an error for each that failed, not just for the first.
func createAll(logger *slog.Logger) (map[string]collector.Collector, error) {
	subs, err := create(logger)
	if err == nil {
		return subs, nil
	}
	var errs []error
	for _, name := range enabled() {
		if _, err := create(logger, name); err != nil {
			errs = append(errs, createError(name, err))
		}
	}
	if len(errs) == 0 {
		return nil, fmt.Errorf("node collector: %w", err)
	}
	return nil, errors.Join(errs...)
}

// create is collector.NewNodeCollector with panics turned into errors: many of node_exporter's constructors compile a
// regular expression from a flag with regexp.MustCompile. Without names it creates all that are enabled.
func create(logger *slog.Logger, names ...string) (subs map[string]collector.Collector, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	nc, err := collector.NewNodeCollector(logger, names...)
	if err != nil {
		return nil, err
	}
	return nc.Collectors, nil
}

// createError says which collector could not be created, and with which flags.
func createError(name string, err error) error {
	flags := setFlags(name)
	if len(flags) == 0 {
		return fmt.Errorf("node collector %s: %w (--no-collector.%s turns it off)", name, err, name)
	}
	return fmt.Errorf("node collector %s, given %s: %w", name, strings.Join(flags, " "), err)
}
