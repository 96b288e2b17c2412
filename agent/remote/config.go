package remote

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/config"
)

// Protocol is a version of remote write.
type Protocol string

// Versions of remote write.
const (
	ProtocolAuto Protocol = "auto" // the newest that the receiver speaks
	Protocol1    Protocol = "1.0"
	Protocol2    Protocol = "2.0"
)

// Compression is how requests are compressed.
type Compression string

// Ways of compressing requests.
const (
	Snappy Compression = "snappy" // what the specification has
	Zstd   Compression = "zstd"   // what VictoriaMetrics takes as well
)

// Config describes one receiver. The zero value of a field is its default.
type Config struct {
	// Name names the remote in metrics and logs, and its place in the log. A
	// new URL under the same name goes on where the old one stopped. Default:
	// "default".
	Name string
	// URL is where requests are posted to.
	URL string
	// Protocol is the version of remote write. Default: auto.
	Protocol Protocol
	// Compression is how requests are compressed. Only the message of remote
	// write 1.0 goes with zstd. Default: snappy.
	Compression Compression
	// PackTicks is the number of ticks packed together when the remote is in
	// step. Default: 4.
	PackTicks int
	// MaxSamplesPerSend limits the samples of one request. Default: 10 000,
	// which is also that of vmagent: each request costs as much as packing some
	// thousand samples.
	MaxSamplesPerSend int
	// MaxBytesPerSend limits the compressed body of one request, in bytes.
	// Default: 512 KiB.
	MaxBytesPerSend int
	// MaxBytesPerSecond limits what is sent, over some seconds. Default: no
	// limit.
	MaxBytesPerSecond int
	// Budget limits what is sent in a day or a month. Default: none.
	Budget Budget
	// Timeout is the deadline of one attempt. Default: 30s.
	Timeout time.Duration
	// MinBackoff and MaxBackoff bound the wait between two attempts. Default:
	// 500ms and 30s.
	MinBackoff, MaxBackoff time.Duration
	// MaxRetryAfter is the longest Retry-After that is obeyed. Default: 5m.
	MaxRetryAfter time.Duration
	// HoldStatus lists the answers, 4xx, that pause the remote instead of
	// costing samples. Empty but not nil, none does: the letter of the
	// specification. Default: 401, 403, 404 and 407.
	HoldStatus []int
	// UserAgent is sent with each request. Default: "edgetick".
	UserAgent string
	// Headers are sent with each request, probes included.
	Headers map[string]string
	// HTTP says how to connect and to authenticate; HTTP/2 is never used.
	// Secrets in files are read again for each request. Default: that of
	// Prometheus, no authentication.
	HTTP *config.HTTPClientConfig
	// Transport carries the requests in place of HTTP. It is meant for tests.
	Transport http.RoundTripper
}

// WithDefaults fills in the fields that are not set.
func (c Config) WithDefaults() Config {
	c.Protocol = cmp.Or(c.Protocol, ProtocolAuto)
	c.Compression = cmp.Or(c.Compression, Snappy)
	c.PackTicks = cmp.Or(c.PackTicks, 4)
	c.MaxSamplesPerSend = cmp.Or(c.MaxSamplesPerSend, 10_000)
	c.MaxBytesPerSend = cmp.Or(c.MaxBytesPerSend, 512<<10)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.MinBackoff = cmp.Or(c.MinBackoff, 500*time.Millisecond)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 30*time.Second)
	c.MaxRetryAfter = cmp.Or(c.MaxRetryAfter, 5*time.Minute)
	if c.HoldStatus == nil {
		c.HoldStatus = []int{401, 403, 404, 407}
	}
	c.UserAgent = cmp.Or(c.UserAgent, "edgetick")
	c.Name = cmp.Or(c.Name, "default")
	return c
}

// maxName is the length of the longest name, which is that of a file, too.
const maxName = 64

// Validate returns an error that names the flag of the first field that cannot
// be used.
func (c Config) Validate() error {
	for _, check := range []func() error{c.checkURL, c.checkMessage, c.checkLimits, c.checkWaits, c.checkHTTP} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) checkURL() error {
	if c.URL == "" {
		return fmt.Errorf("--remote-write.url: no URL given, want for example http://prometheus.example:9090/api/v1/write")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("--remote-write.url: %q is not an HTTP URL, want for example http://prometheus.example:9090/api/v1/write", Redacted(c.URL))
	case u.User != nil:
		return fmt.Errorf("--remote-write.url: %q holds credentials, which others on the node may see; "+
			"use --remote-write.basic-auth.username and --remote-write.basic-auth.password-file", Redacted(c.URL))
	case len(c.Name) > maxName:
		return fmt.Errorf("--remote-write.url: the name %q is too long, want at most %d bytes", c.Name, maxName)
	}
	return nil
}

func (c Config) checkMessage() error {
	switch {
	case !slices.Contains([]Protocol{ProtocolAuto, Protocol1, Protocol2}, c.Protocol):
		return fmt.Errorf("--remote-write.protocol: %q is not a version of remote write, want auto, 1.0 or 2.0", c.Protocol)
	case !slices.Contains([]Compression{Snappy, Zstd}, c.Compression):
		return fmt.Errorf("--remote-write.compression: %q is not a way of compressing, want snappy or zstd", c.Compression)
	case c.Compression == Zstd && c.Protocol == Protocol2:
		return fmt.Errorf("--remote-write.compression: zstd does not go with --remote-write.protocol=2.0, whose messages are always snappy; want protocol auto or 1.0")
	}
	return nil
}

func (c Config) checkLimits() error {
	switch {
	case c.PackTicks < 1 || c.PackTicks > maxWindowTicks:
		return fmt.Errorf("--remote-write.pack-ticks: %d is out of range, want 1 to %d ticks", c.PackTicks, maxWindowTicks)
	case c.MaxSamplesPerSend < 1:
		return fmt.Errorf("--remote-write.max-samples-per-send: %d is out of range, want 1 or more", c.MaxSamplesPerSend)
	case c.MaxBytesPerSend < 1<<10 || c.MaxBytesPerSend > 16<<20:
		return fmt.Errorf("--remote-write.max-bytes-per-send: %d bytes is out of range, want 1KiB to 16MiB", c.MaxBytesPerSend)
	case c.MaxBytesPerSecond < 0:
		return fmt.Errorf("--remote-write.max-bytes-per-second: %d is out of range, want 1 byte or more, or 0 for no limit", c.MaxBytesPerSecond)
	}
	if err := c.Budget.check(); err != nil {
		return fmt.Errorf("--remote-write.budget: %w", err)
	}
	return nil
}

func (c Config) checkWaits() error {
	switch {
	case c.MaxRetryAfter < 0:
		return fmt.Errorf("--remote-write.max-retry-after: %s is out of range, want 0s or more", c.MaxRetryAfter)
	case c.Timeout <= 0:
		return fmt.Errorf("--remote-write.timeout: %s is out of range, want more than 0s", c.Timeout)
	case c.MinBackoff <= 0:
		return fmt.Errorf("--remote-write.min-backoff: %s is out of range, want more than 0s", c.MinBackoff)
	case c.MaxBackoff < c.MinBackoff:
		return fmt.Errorf("--remote-write.max-backoff: %s is less than --remote-write.min-backoff=%s, want at least as much", c.MaxBackoff, c.MinBackoff)
	}
	for _, status := range c.HoldStatus {
		if status/100 != 4 || status == 429 {
			return fmt.Errorf("--remote-write.hold-status: %d cannot be held, want 4xx codes but for 429, such as 401,403,404,407", status)
		}
	}
	return nil
}

func (c Config) checkHTTP() error {
	for name, value := range c.Headers {
		if err := CheckHeader(name, value); err != nil {
			return fmt.Errorf("--remote-write.header: %w", err)
		}
	}
	if c.HTTP == nil {
		return nil
	}
	settings := *c.HTTP // Validate writes
	if err := settings.Validate(); err != nil {
		return fmt.Errorf("--remote-write.http-config-file: %w", err)
	}
	if err := checkConfigured(settings.HTTPHeaders, c.Headers); err != nil {
		return fmt.Errorf("--remote-write.http-config-file: http_headers: %w", err)
	}
	return nil
}

// Redacted is a URL without a user's name and password, even if it is none.
func Redacted(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		if u.User != nil {
			u.User = url.User("xxxxx") // a token may stand in place of the name
		}
		return u.String()
	}
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		return "***" + raw[i:]
	}
	return raw
}

// Hidden is a receiver's URL without what may be secret in it: credentials and the
// query.
func Hidden(raw string) string {
	address, _, query := strings.Cut(Redacted(raw), "?")
	if query {
		address += "?…"
	}
	return address
}
