package agent

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/remote"
)

// Target is one local source of metrics: an exporter's URL, a Gatherer or a
// function. Exactly one of URL, Gatherer and Gather is set.
type Target struct {
	// URL is scraped over HTTP.
	URL string
	// Gatherer is gathered from, such as a prometheus.Registry.
	Gatherer prometheus.Gatherer
	// Gather is called.
	Gather collector.GatherFunc

	// Job and Instance are the labels job and instance. Job is needed unless
	// there is a URL, whose default is "scrape". Instance defaults to the
	// URL's host and port, with the node's instance in place of a loopback
	// address, or to the node's instance if there is no URL.
	Job, Instance string
	// Labels are put on every series of the target.
	Labels map[string]string
	// Interval is a multiple of the agent's TickInterval. Default: the same.
	Interval time.Duration
	// Timeout is at most the Interval. Default: the agent's ScrapeTimeout.
	Timeout time.Duration
	// Histograms is the form of histograms. Default: the agent's.
	Histograms *collector.Histograms
}

func (t Target) withDefaults(c Config) Target {
	t.Interval = cmp.Or(t.Interval, c.TickInterval)
	t.Timeout = cmp.Or(t.Timeout, min(c.ScrapeTimeout, t.Interval))
	if t.Histograms == nil {
		t.Histograms = &c.Histograms
	}
	if t.URL == "" {
		t.Instance = cmp.Or(t.Instance, c.Instance)
		return t
	}
	t.Job = cmp.Or(t.Job, "scrape")
	if u, err := url.Parse(t.URL); err == nil {
		t.Instance = cmp.Or(t.Instance, instanceOf(u, c.Instance))
	}
	return t
}

// instanceOf is the instance label of a scraped URL.
func instanceOf(u *url.URL, node string) string {
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if collector.OnLoopback(u) {
		host = node
	}
	return net.JoinHostPort(host, port)
}

func (t Target) validate(c Config) error {
	flag := "--scrape.target: " + t.describe()
	sources := 0
	for _, given := range []bool{t.URL != "", t.Gatherer != nil, t.Gather != nil} {
		if given {
			sources++
		}
	}
	if sources != 1 {
		return fmt.Errorf("%s: %d sources given, want exactly one of a URL, a Gatherer and a Gather function", flag, sources)
	}
	if t.URL != "" {
		u, err := url.Parse(t.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s: not an HTTP URL, want for example http://127.0.0.1:9100/metrics", flag)
		}
	}
	if t.Job == "" {
		return fmt.Errorf("%s: no job given", flag)
	}
	if t.Interval <= 0 || t.Interval%c.TickInterval != 0 {
		return fmt.Errorf("%s: interval=%s is not a multiple of --tick.interval=%s", flag, t.Interval, c.TickInterval)
	}
	if t.Timeout <= 0 || t.Timeout > t.Interval {
		return fmt.Errorf("%s: timeout=%s is out of range, want more than 0s and at most the interval of %s", flag, t.Timeout, t.Interval)
	}
	if *t.Histograms > collector.Custom {
		return fmt.Errorf("%s: histograms=%s is unknown, want classic, native, both or custom", flag, *t.Histograms)
	}
	return checkLabels(flag+": label", t.Labels)
}

// labels are the labels that tell the target's series from those of others.
func (t Target) labels() labels.Labels {
	b := labels.NewBuilder(labels.FromMap(t.Labels))
	b.Set(model.JobLabel, t.Job)
	b.Set(model.InstanceLabel, t.Instance)
	return b.Labels()
}

func (t Target) describe() string {
	if t.URL != "" {
		return remote.Redacted(t.URL)
	}
	return "job " + t.Job
}

// apart tells whether series with the labels a can never be equal to series
// with the labels b: they differ in a label that both have.
func apart(a, b labels.Labels) bool {
	differ := false
	a.Range(func(l labels.Label) {
		if v := b.Get(l.Name); v != "" && v != l.Value {
			differ = true
		}
	})
	return differ
}
