package remote

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config describes one receiver. The zero value of a field is its default.
type Config struct {
	// Name names the remote in metrics and logs, and its place in the log. A
	// new URL under the same name goes on where the old one stopped. Default:
	// "default".
	Name string
	// URL is where requests are posted to.
	URL string
	// PackTicks is the number of ticks packed together when the remote is in
	// step. Default: 4.
	PackTicks int
	// MaxSamplesPerSend limits the samples of one request. Default: 2000.
	MaxSamplesPerSend int
	// MaxBytesPerSend limits the compressed body of one request, in bytes.
	// Default: 512 KiB.
	MaxBytesPerSend int
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
	// Transport carries the requests. Default: a pool of one kept connection,
	// HTTP/1.1.
	Transport http.RoundTripper
}

// WithDefaults fills in the fields that are not set.
func (c Config) WithDefaults() Config {
	c.PackTicks = cmp.Or(c.PackTicks, 4)
	c.MaxSamplesPerSend = cmp.Or(c.MaxSamplesPerSend, 2000)
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
	if c.URL == "" {
		return fmt.Errorf("--remote-write.url: no URL given, want for example http://prometheus.example:9090/api/v1/write")
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--remote-write.url: %q is not an HTTP URL, want for example http://prometheus.example:9090/api/v1/write", Redacted(c.URL))
	}
	switch {
	case len(c.Name) > maxName:
		return fmt.Errorf("--remote-write.url: the name %q is too long, want at most %d bytes", c.Name, maxName)
	case c.PackTicks < 1 || c.PackTicks > maxWindowTicks:
		return fmt.Errorf("--remote-write.pack-ticks: %d is out of range, want 1 to %d ticks", c.PackTicks, maxWindowTicks)
	case c.MaxSamplesPerSend < 1:
		return fmt.Errorf("--remote-write.max-samples-per-send: %d is out of range, want 1 or more", c.MaxSamplesPerSend)
	case c.MaxBytesPerSend < 1<<10 || c.MaxBytesPerSend > 16<<20:
		return fmt.Errorf("--remote-write.max-bytes-per-send: %d bytes is out of range, want 1KiB to 16MiB", c.MaxBytesPerSend)
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

// Redacted is a URL without a password, even if it is none.
func Redacted(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		return u.Redacted()
	}
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		return "***" + raw[i:]
	}
	return raw
}
