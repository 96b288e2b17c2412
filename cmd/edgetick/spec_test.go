package main

import (
	"errors"
	"reflect"
	"testing"

	"github.com/edgetick/edgetick/agent/remote"
)

// What a SPEC says goes before what the flags say, nothing and zero too; headers
// are merged. The flags' own headers stay as they are.
func TestSpec_RemoteOverFlags(t *testing.T) {
	flags := remote.Config{
		Protocol: remote.Protocol2, Compression: remote.Snappy, PackTicks: 4, MaxBytesPerSecond: 1000,
		Budget: remote.Budget{Bytes: 1 << 20, Period: remote.PerDay}, Headers: map[string]string{"X-A": "1", "X-B": "1"},
	}
	for spec, change := range map[string]func(*remote.Config){
		"http://h/w,x=y":    func(c *remote.Config) { c.URL = "http://h/w,x=y" },
		"url=http://h/\\,a": func(c *remote.Config) { c.URL = "http://h/,a" },
		"name=eu,url=http://h/,protocol=1.0,compression=zstd,pack-ticks=20,max-bytes-per-second=16KiB,budget=2MB/month": func(c *remote.Config) {
			c.Name, c.URL, c.Protocol, c.Compression, c.PackTicks = "eu", "http://h/", remote.Protocol1, remote.Zstd, 20
			c.MaxBytesPerSecond, c.Budget = 16<<10, remote.Budget{Bytes: 2e6, Period: remote.PerMonth}
		},
		"url=http://h/,max-bytes-per-second=0,budget=": func(c *remote.Config) {
			c.URL, c.MaxBytesPerSecond, c.Budget = "http://h/", 0, remote.Budget{}
		},
		"url=http://h/,header.x-b=2,header.X-C=a=b": func(c *remote.Config) {
			c.URL, c.Headers = "http://h/", map[string]string{"X-A": "1", "X-B": "2", "X-C": "a=b"}
		},
	} {
		r, err := parseRemote(spec)
		if err != nil {
			t.Errorf("%s: %s", spec, err)
			continue
		}
		want := flags
		change(&want)
		if got := r.over(flags); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", spec, got, want)
		}
	}
	if len(flags.Headers) != 2 || flags.Headers["X-B"] != "1" {
		t.Errorf("the flags' headers have become %v", flags.Headers)
	}
}

func TestSpec_IsShownWithoutSecrets(t *testing.T) {
	for spec, want := range map[string]string{
		"http://h/w":                             "http://h/w",
		"http://u:secret@h/w":                    "http://***@h/w",
		"http://u:sec=ret,sec@ret@h/w":           "http://***@h/w",
		"url=u:secret@h,name=a":                  "url=***@h,name=a",
		"name=a,url=http://h,pasword=secret":     "name=a,url=http://h,pasword=***",
		"url=http://h,header.X-Key=sec\\,ret":    "url=http://h,header.X-Key=***",
		"job=a,url=http://h,label.site=lyon":     "job=a,url=http://h,label.site=lyon",
		"url=http://h,header.X-Key=secret@there": "url=http://***@there",
	} {
		if got := showSpec(spec); got != want {
			t.Errorf("%s is shown as %s, want %s", spec, got, want)
		}
	}
}

func TestValue_Bytes(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "512B": 512, "1KiB": 1024, "1KB": 1000, "1.5MiB": 3 << 19, "20MB": 20e6, "1GiB": 1 << 30,
	} {
		if got, err := parseBytes(text); got != want || err != nil {
			t.Errorf("%s is %d bytes, want %d: %v", text, got, want, err)
		}
	}
	for _, text := range []string{"", "0", "-1KiB", "many", "1XB"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q is %d bytes", text, got)
		}
	}
	if got, err := parseRate("0"); got != 0 || err != nil {
		t.Errorf("no limit is %d: %v", got, err)
	}
}

// YAML's decoder quotes the file that it cannot read.
func TestHTTPConfig_ErrorsQuoteNothing(t *testing.T) {
	for said, want := range map[string]string{
		"line 1: cannot unmarshal !!str `hunter2` into config.plain":                    "line 1: cannot unmarshal !!str *** config.plain",
		"line 1: cannot unmarshal !!str `a`b\nc` into int\n  line 2: field x not found": "line 1: cannot unmarshal !!str *** int\n  line 2: field x not found",
		"yaml: unknown anchor 'it's' referenced":                                        "yaml: *** referenced",
		"at most one of basic_auth, oauth2 & authorization must be configured":          "at most one of basic_auth, oauth2 & authorization must be configured",
	} {
		if got := withoutExcerpts(errors.New(said)).Error(); got != want {
			t.Errorf("%q becomes %q, want %q", said, got, want)
		}
	}
}
