package remote

import (
	"strings"
	"testing"

	"github.com/prometheus/common/config"
)

func TestConfig_ValidateNamesFlagValueAndCure(t *testing.T) {
	for _, test := range []struct {
		spoil func(*Config)
		want  string // all in the message, between spaces
	}{
		{func(c *Config) { c.URL = "" }, "--remote-write.url no URL http://"},
		{func(c *Config) { c.URL = "ftp://x/" }, "--remote-write.url ftp://x/ http://"},
		{func(c *Config) { c.URL = "http://secret@x/" }, "--remote-write.url xxxxx@x/ --remote-write.basic-auth.username"},
		{func(c *Config) { c.URL = "http://u:secret@x/" }, "--remote-write.url xxxxx@x/ --remote-write.basic-auth.password-file"},
		{func(c *Config) { c.Name = strings.Repeat("n", 65) }, "--remote-write.url nnn 64"},
		{func(c *Config) { c.Protocol = "3.0" }, `--remote-write.protocol "3.0" auto 1.0 2.0`},
		{func(c *Config) { c.Compression = "gzip" }, `--remote-write.compression "gzip" snappy zstd`},
		{func(c *Config) { c.Compression, c.Protocol = Zstd, Protocol2 }, "--remote-write.compression zstd --remote-write.protocol=2.0 1.0"},
		{func(c *Config) { c.MaxBytesPerSecond = -1 }, "--remote-write.max-bytes-per-second -1 0"},
		{func(c *Config) { c.Budget = Budget{5, "year"} }, `--remote-write.budget "year" month`},
		{func(c *Config) { c.Budget = Budget{-5, PerDay} }, "--remote-write.budget -5"},
		{func(c *Config) { c.Headers = map[string]string{"a b": "secret"} }, `--remote-write.header "a b" X-Scope-OrgID`},
		{func(c *Config) { c.Headers = map[string]string{"X-A": "secret\r\nHost: b"} }, "--remote-write.header X-A control"},
		{func(c *Config) { c.Headers = map[string]string{"X-A": ""} }, "--remote-write.header X-A value"},
		{func(c *Config) { c.HTTP = &config.HTTPClientConfig{BearerToken: "secret", BearerTokenFile: "f"} }, "--remote-write.http-config-file bearer_token"},
		{func(c *Config) { c.HTTP = withConfigured("Te", config.Header{Secrets: []config.Secret{"secret"}}) }, "--remote-write.http-config-file http_headers Te"},
		{func(c *Config) { c.HTTP = withConfigured("X-A", config.Header{Secrets: []config.Secret{"secret\n"}}) }, "http_headers X-A control"},
		{func(c *Config) { c.HTTP = withConfigured("Retry-Attempt", config.Header{Files: []string{"f"}}) }, "http_headers Retry-Attempt"},
		{func(c *Config) { c.HTTP = withConfigured("X-A", config.Header{}) }, "http_headers X-A no value"},
		{func(c *Config) {
			c.Headers = map[string]string{"X-A": "b"}
			c.HTTP = withConfigured("x-a", config.Header{Values: []string{"secret"}})
		}, "http_headers x-a --remote-write.header"},
	} {
		c := Config{URL: "http://receiver.test/"}.WithDefaults()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		test.spoil(&c)
		err := c.Validate()
		if err == nil {
			t.Errorf("no error that says %s", test.want)
			continue
		}
		for want := range strings.FieldsSeq(test.want) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %s", err, want)
			}
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q shows a secret", err)
		}
	}
}

func withConfigured(name string, h config.Header) *config.HTTPClientConfig {
	return &config.HTTPClientConfig{HTTPHeaders: &config.Headers{Headers: map[string]config.Header{name: h}}}
}

func TestConfig_ReservedHeadersHaveACure(t *testing.T) {
	for name, cure := range map[string]string{
		"authorization":                          "--remote-write.bearer-token-file",
		"HOST":                                   "--remote-write.url",
		"User-Agent":                             "version",
		"content-encoding":                       "--remote-write.compression",
		"Content-Type":                           "--remote-write.protocol",
		"Content-Length":                         "edgetick sets it",
		"Content-Anything":                       "edgetick sets it",
		"Accept-Encoding":                        "edgetick sets it",
		"Connection":                             "connection",
		"Keep-Alive":                             "connection",
		"TE":                                     "connection",
		"Trailer":                                "connection",
		"Transfer-Encoding":                      "connection",
		"Upgrade":                                "connection",
		"Proxy-Authorization":                    "proxy_connect_header",
		"Proxy-Authenticate":                     "proxy_connect_header",
		"WWW-Authenticate":                       "edgetick sets it",
		"Retry-Attempt":                          "attempts",
		"X-Prometheus-Remote-Write-Version":      "--remote-write.protocol",
		"X-Prometheus-Remote-Read-Version":       "edgetick sets it",
		"X-VictoriaMetrics-Remote-Write-Version": "--remote-write.compression=zstd",
		"X-Amz-Date":                             "signing",
		"X-Amz-Security-Token":                   "signing",
		"X-Amz-Content-Sha256":                   "signing",
	} {
		err := CheckHeader(name, "secret")
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), cure) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"X-Scope-OrgID", "THANOS-TENANT", "Cookie", "Contents"} {
		if err := CheckHeader(name, "shop 1"); err != nil {
			t.Error(err)
		}
	}
}

func TestConfig_RedactedHidesUsers(t *testing.T) {
	for raw, want := range map[string]string{
		"http://h/p?q=1":        "http://h/p?q=1",
		"https://token@h/p":     "https://xxxxx@h/p",
		"http://u:p@h:1/":       "http://xxxxx@h:1/",
		"http://u:p%@q@h:1/":    "***@h:1/",
		"u:p@h/":                "***@h/",
		"http://u:p@h:port/a@b": "***@b",
	} {
		if got := Redacted(raw); got != want {
			t.Errorf("%s is shown as %s, want %s", raw, got, want)
		}
	}
}

func TestBudget_Text(t *testing.T) {
	for text, want := range map[string]Budget{
		"":             {},
		"500MiB/month": {500 << 20, PerMonth},
		"500MB/month":  {500e6, PerMonth},
		"1KiB1B/day":   {1025, PerDay},
	} {
		var b Budget
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want || b.String() != text {
			t.Errorf("%q is read as %d per %s and written as %q: %v", text, b.Bytes, b.Period, b, err)
		}
	}
	for text, complaint := range map[string]string{
		"500MiB":       "period",
		"500MiB/year":  `"year"`,
		"lots/day":     `"lots"`,
		"0B/day":       "0 bytes",
		"-5MiB/month":  "-5242880 bytes",
		"/":            `""`,
		"1MiB/day/day": `"day/day"`,
	} {
		b := Budget{1, PerDay}
		if err := b.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), complaint) || b != (Budget{}) {
			t.Errorf("%q is read as %q: %v", text, b, err)
		}
	}
}
