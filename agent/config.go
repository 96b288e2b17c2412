package agent

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/wal"
)

// Config describes an agent. The zero value of a field is its default.
type Config struct {
	// TickInterval is the time between two beats of the ticker, in whole
	// milliseconds. Default: 15s.
	TickInterval time.Duration
	// Instance is the instance label of this node's own metrics, and stands for
	// the node in those of targets on loopback. Default: the host name.
	Instance string
	// Labels are put on every series that has no label of the name.
	Labels map[string]string
	// Targets are what is gathered.
	Targets []Target
	// ScrapeTimeout is the deadline of targets without one of their own; never
	// more than the target's interval. Default: 10s.
	ScrapeTimeout time.Duration
	// MaxBodyBytes limits the size of a scraped page. Default: 64 MiB.
	MaxBodyBytes int
	// Histograms is the form of histograms of targets without one of their own.
	// Default: classic.
	Histograms collector.Histograms
	// NoSelf leaves out the agent's own metrics.
	NoSelf bool
	// BufferMaxBytes bounds the memory of the ring of recent ticks. It always
	// holds the newest two windows, whatever their size. Default: 4 MiB.
	BufferMaxBytes int
	// WALDir is the directory of the write-ahead log. If it is empty there is
	// no log, and what has not been delivered is lost when the process ends.
	WALDir string
	// WALMaxBytes caps the log on disk. Default: 1 GiB.
	WALMaxBytes int64
	// WALSegmentBytes is the size of one file of the log, but for many series,
	// which each file restates. Default: 4 MiB. It is never more than an eighth
	// of WALMaxBytes.
	WALSegmentBytes int64
	// WALSyncInterval is the longest time that a tick may be in the log without
	// being on the disk. Default: none, each tick is synced before it is sent.
	WALSyncInterval time.Duration
	// Remotes are the receivers. At least one is needed.
	Remotes []remote.Config
	// FlushDeadline bounds how long Run goes on delivering after its context is
	// done. Default: 10s.
	FlushDeadline time.Duration
	// Once has Run gather a single tick, at once, and end when it is delivered or
	// FlushDeadline has passed.
	Once bool
	// UserAgent names the program to exporters and receivers. Default:
	// "edgetick".
	UserAgent string
	// Registry holds the agent's own metrics. Default: a new one.
	Registry *prometheus.Registry
	// Logger is where the agent logs to. Default: nowhere.
	Logger *slog.Logger
}

// Bounds of the write-ahead log.
const (
	minWALBytes     = 1 << 20
	minSegmentBytes = 64 << 10
)

// withDefaults fills in what is not set. The result shares nothing that is
// changed with c.
func (c Config) withDefaults() Config {
	c.TickInterval = cmp.Or(c.TickInterval, 15*time.Second)
	c.ScrapeTimeout = cmp.Or(c.ScrapeTimeout, 10*time.Second)
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 64<<20)
	c.BufferMaxBytes = cmp.Or(c.BufferMaxBytes, 4<<20)
	c.FlushDeadline = cmp.Or(c.FlushDeadline, 10*time.Second)
	c.WALMaxBytes = cmp.Or(c.WALMaxBytes, wal.DefaultMaxBytes)
	c.WALSegmentBytes = cmp.Or(c.WALSegmentBytes, wal.DefaultSegmentBytes)
	c.UserAgent = cmp.Or(c.UserAgent, "edgetick")
	if c.Instance == "" {
		c.Instance, _ = os.Hostname()
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	targets := append([]Target(nil), c.Targets...)
	if !c.NoSelf {
		targets = append(targets, Target{Job: "edgetick", Gatherer: c.Registry})
	}
	c.Targets = targets
	for i := range c.Targets {
		c.Targets[i] = c.Targets[i].withDefaults(c)
	}
	c.Remotes = append([]remote.Config(nil), c.Remotes...)
	for i := range c.Remotes {
		c.Remotes[i].UserAgent = cmp.Or(c.Remotes[i].UserAgent, c.UserAgent)
		c.Remotes[i] = c.Remotes[i].WithDefaults()
	}
	return c
}

// Validate returns an error for a configuration that cannot be run. It names the
// flag that the field is set by, the value and what would be right.
func (c Config) Validate() error {
	c = c.withDefaults()
	if c.TickInterval < 10*time.Millisecond || c.TickInterval%time.Millisecond != 0 {
		return fmt.Errorf("--tick.interval: %s cannot be used, want whole milliseconds and at least 10ms", c.TickInterval)
	}
	if c.ScrapeTimeout < 0 {
		return fmt.Errorf("--scrape.timeout: %s is out of range, want more than 0s", c.ScrapeTimeout)
	}
	if c.MaxBodyBytes < 0 {
		return fmt.Errorf("--scrape.body-size-limit: %d is out of range, want more than 0 bytes", c.MaxBodyBytes)
	}
	if c.Histograms > collector.Custom {
		return fmt.Errorf("--scrape.histograms: %s is unknown, want classic, native, both or custom", c.Histograms)
	}
	if c.BufferMaxBytes < 64<<10 {
		return fmt.Errorf("--buffer.max-bytes: %d bytes is too small, want at least 64KiB", c.BufferMaxBytes)
	}
	if c.WALMaxBytes < minWALBytes {
		return fmt.Errorf("--wal.max-bytes: %d bytes is too small, want at least 1MiB", c.WALMaxBytes)
	}
	if c.WALSegmentBytes < minSegmentBytes {
		return fmt.Errorf("--wal.segment-bytes: %d bytes is too small, want at least 64KiB", c.WALSegmentBytes)
	}
	if c.WALSyncInterval < 0 {
		return fmt.Errorf("--wal.sync-interval: %s is out of range, want 0s or more", c.WALSyncInterval)
	}
	if c.FlushDeadline < 0 {
		return fmt.Errorf("--remote-write.flush-deadline: %s is out of range, want more than 0s", c.FlushDeadline)
	}
	if c.Instance == "" {
		return errors.New("--instance: the host name is not known, give the instance label to use")
	}
	if err := checkLabels("--label", c.Labels); err != nil {
		return err
	}
	if err := c.validateTargets(); err != nil {
		return err
	}
	return c.validateRemotes()
}

func (c Config) validateTargets() error {
	if len(c.Targets) == 0 {
		return errors.New("--scrape.target: nothing to gather, enable a collector or give a target to scrape")
	}
	for i, t := range c.Targets {
		if err := t.validate(c); err != nil {
			return err
		}
		for _, u := range c.Targets[:i] {
			if !apart(t.labels(), u.labels()) {
				return fmt.Errorf("--scrape.target: %s and %s have the same labels %s, so their series could not be told apart; give one of them another job, instance or label",
					u.describe(), t.describe(), t.labels())
			}
		}
	}
	return nil
}

func (c Config) validateRemotes() error {
	if len(c.Remotes) == 0 {
		return errors.New("--remote-write.url: no receiver given, want for example --remote-write.url=http://prometheus.example:9090/api/v1/write")
	}
	names := make(map[string]bool)
	for _, r := range c.Remotes {
		if err := r.Validate(); err != nil {
			return err
		}
		if names[r.Name] {
			return fmt.Errorf("--remote-write.url: two remotes have the name %q, give each its own: name=NAME,url=URL", r.Name)
		}
		if span := time.Duration(r.PackTicks-1) * c.TickInterval; span > remote.MaxWindowSpan {
			return fmt.Errorf("--remote-write.pack-ticks: %d ticks of --tick.interval=%s span more than %s, which receivers may refuse as too old; want fewer", r.PackTicks, c.TickInterval, remote.MaxWindowSpan)
		}
		names[r.Name] = true
	}
	return nil
}

// checkLabels refuses names that are not legal or are the agent's to set.
func checkLabels(flag string, ls map[string]string) error {
	for name, value := range ls {
		switch {
		case !model.LegacyValidation.IsValidLabelName(name):
			return fmt.Errorf("%s: %q is not a label name, want letters, digits and underscores, beginning with no digit", flag, name)
		case strings.HasPrefix(name, model.ReservedLabelPrefix):
			return fmt.Errorf("%s: %q is reserved, want a name that does not begin with two underscores", flag, name)
		case name == model.JobLabel || name == model.InstanceLabel:
			return fmt.Errorf("%s: %q is set per target, use --instance, or job= and instance= of --scrape.target", flag, name)
		case value == "":
			return fmt.Errorf("%s: %q has an empty value, which is the same as no label", flag, name)
		case !model.LabelValue(value).IsValid():
			return fmt.Errorf("%s: the value of %q is not valid UTF-8", flag, name)
		}
	}
	return nil
}
