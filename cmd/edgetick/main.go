// Command edgetick pushes this node's metrics to Prometheus remote write
// receivers. See the package agent for how; here are the flags and the wiring.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/collector/node"
	"github.com/edgetick/edgetick/agent/web"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "wal" {
		loosenTimers()
	}
	os.Exit(run(os.Args[1:], os.Stderr))
}

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func run(args []string, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "wal" {
		return runWAL(args[1:], os.Stdout, stderr)
	}
	opts, err := parseFlags(args)
	if err != nil {
		fmt.Fprintf(stderr, "edgetick: %s\nTry edgetick --help.\n", err)
		return exitUsage
	}
	log := promslog.New(&opts.log)
	cfg, err := opts.config(log)
	if err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		fmt.Fprintf(stderr, "edgetick: %s\nTry edgetick --help.\n", err)
		return exitUsage
	}

	// After the first signal the default is restored: a second one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	if opts.dryRun {
		if err := dryRun(ctx, cfg, os.Stdout); err != nil {
			log.Error("the dry run fails", "err", err)
			return exitError
		}
		return exitOK
	}
	tuneMemory(opts.agent.BufferMaxBytes)
	go giveBack(ctx)
	go pace(ctx, opts.agent.TickInterval)
	log.Info("starting edgetick", "version", version.Version, "tick_interval", opts.agent.TickInterval)
	if err := serve(ctx, cfg, opts, log); err != nil {
		log.Error("edgetick stops", "err", err)
		return exitError
	}
	log.Info("edgetick has stopped")
	return exitOK
}

// config completes the agent's configuration with what needs a logger.
func (o *options) config(log *slog.Logger) (agent.Config, error) {
	cfg := o.agent
	var err error
	if cfg.Remotes, err = o.remoteConfigs(); err != nil {
		return cfg, err
	}
	cfg.NoSelf = !o.self
	cfg.Logger = log
	cfg.UserAgent = "edgetick/" + cmp.Or(version.Version, "unknown") // it must have a version
	cfg.Registry = prometheus.NewRegistry()
	cfg.Registry.MustRegister(
		versioncollector.NewCollector("edgetick"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	o.node.Logger = log
	host, err := node.New(o.node)
	if err != nil {
		return cfg, err
	}
	if o.nodeJob == "" {
		return cfg, errors.New("--collector.job: it is empty, want a label such as node")
	}
	if len(host.Names()) > 0 {
		cfg.Targets = append([]agent.Target{{Job: o.nodeJob, Gather: host.Gather}}, cfg.Targets...)
	}
	return cfg, nil
}

// serve runs the agent and its HTTP endpoint until ctx is done or the endpoint
// fails.
func serve(ctx context.Context, cfg agent.Config, opts *options, log *slog.Logger) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	a := agent.New(cfg)
	if cfg.Once {
		return a.Run(ctx)
	}
	listeners, err := listen(opts.web)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: web.NewHandler(web.Config{
		Status:   a.Status,
		Gatherer: cfg.Registry,
		Version:  version.Info(),
	})}
	failed := make(chan error, 1)
	go func() {
		err := toolkit.ServeMultiple(listeners, server, opts.web, log)
		if !errors.Is(err, http.ErrServerClosed) && err != nil {
			err = fmt.Errorf("--web.listen-address: %w", err)
			stop(err)
			failed <- err
		}
		close(failed)
	}()
	err = a.Run(ctx)
	server.Close()
	return errors.Join(err, <-failed)
}
