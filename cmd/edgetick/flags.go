package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/collector/node"
	"github.com/edgetick/edgetick/agent/remote"
)

// options is what the flags say.
type options struct {
	agent   agent.Config
	node    node.Config
	nodeJob string
	self    bool
	dryRun  bool
	remote  remote.Config // what all remotes have in common
	remotes []remoteSpec  // what each has of its own
	secure  security
	web     *toolkit.FlagConfig
	log     promslog.Config
}

// parseFlags reads the command line. The host's collectors have their flags on
// kingpin's own application, so that is the one; it is parsed once a process.
func parseFlags(args []string) (*options, error) {
	app := kingpin.CommandLine
	app.Name = "edgetick"
	app.Help = "Pushes this node's metrics to Prometheus remote write receivers: the host's own, those of exporters on it, and edgetick's. " +
		"The tools for its write-ahead log have a help of their own: edgetick wal --help."
	app.Version(version.Print("edgetick"))
	app.HelpFlag.Short('h')
	app.UsageWriter(os.Stdout)
	node.SplitHelp()

	o := &options{}
	o.addGatherFlags(app)
	o.addRemoteFlags(app)
	o.addOwnFlags(app)
	_, err := app.Parse(args)
	return o, err
}

func (o *options) addGatherFlags(app *kingpin.Application) {
	c := &o.agent
	one(app, aDuration, &c.TickInterval, "tick.interval", "15s",
		"Time between two beats of the one ticker, which is aligned to it.")
	app.Flag("instance", "The label instance of this node's own metrics; with a port, also of exporters on loopback. Default: the host name.").
		PlaceHolder("HOSTNAME").StringVar(&c.Instance)
	c.Labels = make(map[string]string)
	many(app, aLabel, putOnce(c.Labels, "label"), "label", "NAME=VALUE",
		"A label for every series that has none of the name.")
	many(app, aTarget, appendTo(&c.Targets), "scrape.target", "SPEC",
		"An exporter to scrape: a URL, or key=value pairs with commas between, of url, job, instance, interval, timeout, histograms and label.NAME, "+
			"as in job=nginx,url=http://127.0.0.1:9113/metrics,label.site=eu.")
	one(app, aDuration, &c.ScrapeTimeout, "scrape.timeout", "10s",
		"Deadline of gathering from one target, never more than its interval.")
	one(app, histograms, &c.Histograms, "scrape.histograms", "classic",
		"Form of histograms: classic; native, or classic where a metric has none; both; or custom, which makes native ones with custom buckets of classic ones. All but classic ask for protobuf.")
	one(app, someBytes, &c.MaxBodyBytes, "scrape.body-size-limit", "64MiB",
		"Largest page that is read from an exporter.")
	one(app, someBytes, &c.BufferMaxBytes, "buffer.max-bytes", "4MiB",
		"Memory for recent ticks. The newest two windows are always kept, whatever their size.")
	app.Flag("wal.dir", "Directory of the write-ahead log, which holds what has not been delivered; empty for none.").
		Default("edgetick-data").StringVar(&c.WALDir)
	one(app, manyBytes, &c.WALMaxBytes, "wal.max-bytes", "1GiB",
		"Most disk that the log takes. When it is full the oldest ticks go.")
	one(app, manyBytes, &c.WALSegmentBytes, "wal.segment-bytes", "4MiB",
		"Size of one file of the log; more where the series, which each file restates, would be more than an eighth of it, and at most an eighth of --wal.max-bytes.")
	one(app, aWait, &c.WALSyncInterval, "wal.sync-interval", "0s",
		"Longest time between syncs of the log to the disk; with 0s each tick is synced before it is sent. Only loss of power can cost what is not synced.")
	app.Flag("collector.self", "Gather edgetick's own metrics (default: enabled).").Default("true").BoolVar(&o.self)
	app.Flag("collector.job", "The label job of the host's metrics.").Default("node").StringVar(&o.nodeJob)
	node.AddFlags(&o.node)
}

// putOnce adds pairs to a map of labels or headers.
func putOnce(m map[string]string, what string) func(pair) error {
	return func(p pair) error {
		if _, twice := m[p.name]; twice {
			return fmt.Errorf("there is a %s %s already", what, p.name)
		}
		m[p.name] = p.value
		return nil
	}
}

func appendTo[T any](list *[]T) func(T) error {
	return func(t T) error { *list = append(*list, t); return nil }
}

func (o *options) addRemoteFlags(app *kingpin.Application) {
	r := &o.remote
	many(app, aRemote, appendTo(&o.remotes), "remote-write.url", "SPEC",
		"A receiver to push to: a URL, or key=value pairs with commas between, of url, name, protocol, compression, pack-ticks, max-bytes-per-second, budget, http-config-file and header.NAME, "+
			"as in name=eu,url=http://prometheus.example:9090/api/v1/write,header.X-Scope-OrgID=shop. The flags --remote-write.* are for all remotes, these keys for one.")
	one(app, aProtocol, &r.Protocol, "remote-write.protocol", "auto",
		"Version of remote write: 1.0, 2.0, or auto for the newest that the receiver speaks.")
	one(app, compression, &r.Compression, "remote-write.compression", "snappy",
		"How requests are compressed: snappy, or zstd, which VictoriaMetrics takes and which goes with remote write 1.0 only.")
	r.Headers = make(map[string]string)
	many(app, aHeader, putOnce(r.Headers, "header"), "remote-write.header", "NAME:VALUE",
		"A header for every request, such as X-Scope-OrgID:shop. For a secret one use http_headers in --remote-write.http-config-file.")
	o.secure.addFlags(app)
	one(app, aRate, &r.MaxBytesPerSecond, "remote-write.max-bytes-per-second", "0",
		"Most bytes sent in a second, on average, repeated attempts included; 0 for no limit.")
	one(app, aBudget, &r.Budget, "remote-write.budget", "",
		"Most bytes sent and received in a day or a month (UTC), such as 20MiB/day or 500MiB/month; empty for no limit. It is spread evenly: windows widen to keep within it.")
	one(app, aCount, &r.PackTicks, "remote-write.pack-ticks", "4",
		"Ticks packed together when the receiver is in step; more by itself on a backlog. More ticks are fewer bytes and a later arrival.")
	one(app, aCount, &r.MaxSamplesPerSend, "remote-write.max-samples-per-send", "10000",
		"Most samples in one request.")
	one(app, someBytes, &r.MaxBytesPerSend, "remote-write.max-bytes-per-send", "512KiB",
		"Largest body of one request, compressed.")
	one(app, aDuration, &r.Timeout, "remote-write.timeout", "30s",
		"Deadline of one attempt to send a request.")
	one(app, aDuration, &r.MinBackoff, "remote-write.min-backoff", "500ms",
		"Wait before the second attempt.")
	one(app, aDuration, &r.MaxBackoff, "remote-write.max-backoff", "30s",
		"Longest wait between two attempts, unless the receiver asks for more.")
	one(app, aDuration, &r.MaxRetryAfter, "remote-write.max-retry-after", "5m",
		"Longest wait that a receiver may ask for.")
	one(app, statusCodes, &r.HoldStatus, "remote-write.hold-status", "401,403,404,407",
		"Answers that speak of wrong credentials or a wrong URL: the remote is held until they end, instead of giving samples up. Empty for none.")
	one(app, aDuration, &o.agent.FlushDeadline, "remote-write.flush-deadline", "10s",
		"How long to go on delivering after SIGTERM or SIGINT.")
}

// remoteConfigs are the remotes, each with what the flags say for all.
func (o *options) remoteConfigs() ([]remote.Config, error) {
	common := o.remote
	var err error
	if common.HTTP, err = o.secure.config(); err != nil {
		return nil, err
	}
	var all []remote.Config
	for _, r := range o.remotes {
		all = append(all, r.over(common))
	}
	return all, nil
}

func (o *options) addOwnFlags(app *kingpin.Application) {
	app.Flag("once", "Gather one tick at once, deliver it with what the write-ahead log holds, and exit: with 1 if something is left.").BoolVar(&o.agent.Once)
	app.Flag("dry-run", "Gather one tick, print how much would be sent and what that would cost, and exit. Nothing is sent, nor written to the disk.").BoolVar(&o.dryRun)
	o.web = &toolkit.FlagConfig{
		WebListenAddresses: app.Flag("web.listen-address", "Address of edgetick's own metrics, health and status page. Repeatable.").
			Default("127.0.0.1:9477").Strings(),
		WebConfigFile: app.Flag("web.config.file", "File that turns on TLS or authentication for it, as exporter-toolkit describes.").
			Default("").String(),
		WebSystemdSocket: new(bool),
	}
	if runtime.GOOS == "linux" {
		o.web.WebSystemdSocket = app.Flag("web.systemd-socket", "Use the sockets that systemd passes instead of listening.").Bool()
	}
	promslogflag.AddFlags(app, &o.log)
}
