package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// Agent gathers and pushes. Make one with [New].
type Agent struct {
	cfg     Config
	err     error // of New, returned by Run
	log     *slog.Logger
	ring    *buffer.Ring
	journal *journal.Journal
	remotes []*remote.Remote
	loop    *loop
	spares  collector.Spares
}

// errFlushDeadline ends the remotes when the last flush takes too long.
var errFlushDeadline = errors.New("flush deadline exceeded")

// New makes an agent. It starts nothing. A configuration that cannot be run is
// reported by Run, and by [Config.Validate] before.
func New(cfg Config) *Agent {
	a := &Agent{}
	if a.err = cfg.Validate(); a.err != nil {
		return a
	}
	a.cfg = cfg.withDefaults()
	a.log = a.cfg.Logger
	a.err = a.build()
	return a
}

func (a *Agent) build() (err error) {
	defer func() {
		if p := recover(); p != nil {
			already, ok := p.(prometheus.AlreadyRegisteredError)
			if !ok {
				panic(p)
			}
			err = fmt.Errorf("the registry is that of another agent: %w", already)
		}
	}()
	window := 1
	for _, r := range a.cfg.Remotes {
		window = max(window, r.PackTicks)
	}
	a.ring = buffer.NewRing(a.cfg.BufferMaxBytes, 2*window)
	a.journal = journal.New(journal.Config{
		Dir: a.cfg.WALDir,
		Options: wal.Options{
			MaxBytes:     a.cfg.WALMaxBytes,
			SegmentBytes: a.cfg.WALSegmentBytes,
			SyncInterval: a.cfg.WALSyncInterval,
		},
		Ring:       a.ring,
		Registerer: a.cfg.Registry,
		Logger:     a.log,
	})
	for _, cfg := range a.cfg.Remotes {
		r, err := remote.New(cfg, a.ring, a.cfg.Registry, a.log)
		if err != nil {
			return err
		}
		a.remotes = append(a.remotes, r)
	}
	var targets []*target
	for i, cfg := range a.cfg.Targets {
		t, err := a.newTarget(i, cfg)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	a.loop = newLoop(a, targets)
	return nil
}

func (a *Agent) newTarget(number int, cfg Target) (*target, error) {
	source, err := a.newSource(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.describe(), err)
	}
	return &target{
		Target: collector.New(collector.Config{
			Number:     number,
			Source:     source,
			Labels:     cfg.labels(),
			External:   labels.FromMap(a.cfg.Labels),
			Timeout:    cfg.Timeout,
			Histograms: *cfg.Histograms,
			Logger:     a.log,
		}),
		index: number,
		every: int64(cfg.Interval / a.cfg.TickInterval),
	}, nil
}

func (a *Agent) newSource(cfg Target) (collector.Source, error) {
	warn := func(err error) {
		a.log.Debug("gathered with errors", "target", cfg.describe(), "err", err)
	}
	switch {
	case cfg.Gatherer != nil:
		return collector.FromGatherer(cfg.Gatherer, warn), nil
	case cfg.Gather != nil:
		return collector.FromFunc(cfg.Gather, warn), nil
	default:
		return collector.FromHTTP(collector.HTTPConfig{
			URL:          cfg.URL,
			Timeout:      cfg.Timeout,
			MaxBodyBytes: a.cfg.MaxBodyBytes,
			UserAgent:    a.cfg.UserAgent,
			Histograms:   *cfg.Histograms,
			Spares:       &a.spares,
		})
	}
}

// ErrNotDelivered is returned by Run if Config.Once is set and samples are left
// that could not be delivered.
var ErrNotDelivered = errors.New("not all samples were delivered")

// Run gathers and pushes until ctx is done, or once. It then delivers what it has
// gathered, for as long as the configured deadline, and returns nil; or it
// returns an error at once if the configuration cannot be run. It must be called
// once.
func (a *Agent) Run(ctx context.Context) error {
	if a.err != nil {
		return a.err
	}
	if err := a.open(); err != nil {
		return err
	}
	sending, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var senders sync.WaitGroup
	for _, r := range a.remotes {
		senders.Go(func() { r.Run(sending) })
	}
	written := make(chan struct{})
	go func() {
		a.journal.Run()
		close(written)
	}()

	if a.cfg.Once {
		a.loop.once(ctx)
	} else {
		a.loop.run(ctx)
	}
	a.journal.Close()
	deadline := time.AfterFunc(a.cfg.FlushDeadline, func() { stop(errFlushDeadline) })
	defer deadline.Stop()
	senders.Wait()
	return a.close(written)
}

// open opens the journal, and says where the loop and the remotes go on.
func (a *Agent) open() error {
	var names []string
	for _, r := range a.remotes {
		names = append(names, r.Name())
	}
	start, err := a.journal.Open(names, time.Now())
	if err != nil {
		return err
	}
	for _, r := range a.remotes {
		r.Begin(a.journal, start)
	}
	a.loop.continueFrom(start)
	return nil
}

// close says what was left, and closes the journal unless the disk hangs.
func (a *Agent) close(written <-chan struct{}) error {
	var left error
	for _, r := range a.remotes {
		if n := r.Ledger.Books().Pending; n > 0 {
			if a.cfg.Once {
				left = ErrNotDelivered
			}
			a.log.Warn("stopped before all samples were delivered", "remote", r.Name(), "samples", n, "kept", a.cfg.WALDir != "" && a.journal.Trouble() == nil)
		}
	}
	select {
	case <-written:
		if err := a.journal.CloseLog(); err != nil {
			return fmt.Errorf("close the write-ahead log: %w", err)
		}
		return left
	case <-time.After(a.cfg.FlushDeadline):
		return errors.New("the disk holds up the write-ahead log")
	}
}
