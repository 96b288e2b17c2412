package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The main job, by the real program: the host's metrics, an exporter's and its
// own in a real database.
func TestBinary_MainJob(t *testing.T) {
	d := openDatabase(t)
	p := edgetick(t,
		"--tick.interval=1s", "--remote-write.pack-ticks=2", "--instance=here", "--label=site=lab",
		"--remote-write.url="+d.url(), "--remote-write.max-samples-per-send=100000",
		"--scrape.target=job=receiver,url="+d.server.URL+"/metrics")
	own := "http://" + p.find(`msg="Listening on" address=(\S+)`)
	d.until("three windows have come", func() bool { return len(d.requests()) >= 3 })

	if status, body := get(t, own+"/-/ready"); status != http.StatusOK {
		t.Errorf("/-/ready answers %d: %s", status, body)
	}
	_, metrics := get(t, own+"/metrics")
	if !strings.Contains(metrics, "edgetick_ledger_imbalance_samples{remote=") {
		t.Error("/metrics has no ledger")
	}
	if _, page := get(t, own+"/"); !strings.Contains(page, "<td>receiver</td>") {
		t.Error("the status page does not show the target")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}

	ctx, now := context.Background(), time.Now()
	for query, check := range map[string]func(float64) bool{
		`count(up == 1)`: func(v float64) bool { return v == 3 },
		`count(node_uname_info{job="node", instance="here", site="lab"})`:                   func(v float64) bool { return v == 1 },
		`count(rate(node_cpu_seconds_total{mode="idle"}[1m]))`:                              func(v float64) bool { return v >= 1 },
		`max_over_time(edgetick_ledger_imbalance_samples[1m])`:                              func(v float64) bool { return v == 0 },
		`count(last_over_time(go_goroutines{job="receiver", instance=~"here:[0-9]+"}[1m]))`: func(v float64) bool { return v == 1 },
		`count({__name__="node_scrape_collector_duration_seconds"}) or vector(0)`:           func(v float64) bool { return v == 0 },
	} {
		got, err := d.Query(ctx, query, now)
		if err != nil || len(got) != 1 || !check(got[0].F) {
			t.Errorf("%s: %v, %v", query, got, err)
		}
	}
	for i, req := range d.requests() {
		checkPacked(t, i, req, 2)
	}
}

// checkPacked fails the test unless the request has each series once, and most
// of them with a sample of each of so many ticks. The last window may be short.
func checkPacked(t *testing.T, n int, c captured, ticks int) {
	t.Helper()
	req, err := c.decode()
	if err != nil {
		t.Fatalf("request %d: %s", n, err)
	}
	seen := make(map[string]bool)
	longest := 0
	for _, ts := range req.Timeseries {
		key := fmt.Sprint(ts.Labels)
		if seen[key] {
			t.Errorf("request %d has %s twice", n, key)
		}
		seen[key] = true
		longest = max(longest, len(ts.Samples))
		for i := 1; i < len(ts.Samples); i++ {
			if ts.Samples[i].Timestamp <= ts.Samples[i-1].Timestamp {
				t.Errorf("request %d has samples of %s out of order", n, key)
			}
		}
	}
	if longest != ticks && n < 3 {
		t.Errorf("request %d packs %d ticks, want %d", n, longest, ticks)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fetch(t, http.DefaultClient, req)
}

// Real broken connections, refusals and an absence, one after the other: each
// scrape arrives once and in order.
func TestBinary_ReceiverInTrouble(t *testing.T) {
	d, c := openDatabase(t), startCounting(t)
	p := edgetick(t, append(quiet, "--tick.interval=100ms",
		"--remote-write.url="+d.url(), "--remote-write.min-backoff=10ms", "--remote-write.max-backoff=50ms",
		"--remote-write.timeout=200ms", "--remote-write.max-samples-per-send=30",
		"--scrape.target="+c.URL)...)

	answer := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return true }
	}
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"500":   answer(500),
		"503":   answer(503),
		"429":   answer(429),
		"reset": func(w http.ResponseWriter, _ *http.Request) bool { reset(w); return true },
		"stored, then reset": func(w http.ResponseWriter, r *http.Request) bool {
			d.Handler().ServeHTTP(httptest.NewRecorder(), r)
			reset(w)
			return true
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body) // or the server would not see the client go
			<-r.Context().Done()
			return true
		},
	} {
		var hits atomic.Int32
		d.breaks(func(w http.ResponseWriter, r *http.Request) bool { hits.Add(1); return fault(w, r) })
		d.until(name+" has hit three requests", func() bool { return hits.Load() >= 3 })
		d.breaks(nil)
		arrived := len(d.points("scrape_number"))
		d.until("scrapes arrive after "+name, func() bool { return len(d.points("scrape_number")) > arrived+5 })
	}

	// Away for a while: nobody listens on the port.
	address := d.server.Listener.Addr().String()
	d.server.Close()
	before := c.count()
	c.until(t, before+20)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	d.server = httptest.NewUnstartedServer(d)
	d.server.Listener.Close()
	d.server.Listener = l
	d.server.Start()
	d.until("the receiver has caught up", func() bool { return len(d.points("scrape_number")) >= before+20 })

	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	allArrived(t, c, d.points("up"), d.points("scrape_number"))
}

func TestBinary_BadFlags(t *testing.T) {
	const receiver = "--remote-write.url=http://127.0.0.1:1/w"
	for _, test := range []struct {
		args []string
		want []string // all in the message
	}{
		{nil, []string{"--remote-write.url", "no receiver", "http://"}},
		{[]string{"--remote-write.url=prometheus:9090"}, []string{"--remote-write.url", `"prometheus:9090"`, "key=value"}},
		{[]string{"--remote-write.url=url=ftp://x/y"}, []string{"--remote-write.url", "ftp://x/y", "http://"}},
		{[]string{receiver, receiver}, []string{"--remote-write.url", "two remotes", "default", "name="}},
		{[]string{"--remote-write.url=name=a,name=b,url=http://x/"}, []string{"--remote-write.url", "name=", "twice"}},
		{[]string{"--remote-write.url=nam=a,url=http://x/"}, []string{"--remote-write.url", "nam=", "no such key"}},
		{[]string{receiver, "--tick.interval=fast"}, []string{"--tick.interval", `"fast"`, "15s"}},
		{[]string{receiver, "--tick.interval=0s"}, []string{"--tick.interval", "0s", "more than zero"}},
		{[]string{receiver, "--tick.interval=1500us"}, []string{"--tick.interval", "1.5ms", "whole milliseconds"}},
		{[]string{receiver, "--tick.interval=-1s"}, []string{"--tick.interval", `"-1s"`, "more than zero"}},
		{[]string{receiver, "--buffer.max-bytes=lots"}, []string{"--buffer.max-bytes", `"lots"`, "4MiB"}},
		{[]string{receiver, "--buffer.max-bytes=1KiB"}, []string{"--buffer.max-bytes", "1024", "64KiB"}},
		{[]string{receiver, "--remote-write.pack-ticks=0"}, []string{"--remote-write.pack-ticks", `"0"`, "1 or more"}},
		{[]string{receiver, "--remote-write.pack-ticks=10000"}, []string{"--remote-write.pack-ticks", "10000", "240"}},
		{[]string{receiver, "--remote-write.max-bytes-per-send=1"}, []string{"--remote-write.max-bytes-per-send", "1KiB"}},
		{[]string{receiver, "--remote-write.max-backoff=1ms"}, []string{"--remote-write.max-backoff", "1ms", "--remote-write.min-backoff"}},
		{[]string{receiver, "--remote-write.timeout=0s"}, []string{"--remote-write.timeout", `"0s"`, "more than zero"}},
		{[]string{receiver, "--wal.max-bytes=1KiB"}, []string{"--wal.max-bytes", "1024", "1MiB"}},
		{[]string{receiver, "--wal.segment-bytes=7"}, []string{"--wal.segment-bytes", "7", "64KiB"}},
		{[]string{receiver, "--wal.sync-interval=-1s"}, []string{"--wal.sync-interval", `"-1s"`, "0s"}},
		{[]string{receiver, "--remote-write.hold-status=500"}, []string{"--remote-write.hold-status", "500", "4xx"}},
		{[]string{receiver, "--remote-write.hold-status=401;403"}, []string{"--remote-write.hold-status", `"401;403"`, "401,403"}},
		{[]string{receiver, "--remote-write.pack-ticks=100"}, []string{"--remote-write.pack-ticks", "100", "15s", "15m"}},
		{[]string{"--remote-write.url=name=x,urll=http://u:secret@h/x"}, []string{"--remote-write.url", "urll=***"}},
		{[]string{"--remote-write.url=name=eu,http://user:secret@host/x"}, []string{"--remote-write.url", "not key=value"}},
		{[]string{"--remote-write.url=name=eu,url=user:secret@host/x"}, []string{"--remote-write.url", "not an HTTP URL"}},
		{[]string{"--remote-write.url=name=eu,url=http://u:x@secret@h/,foo=1"}, []string{"--remote-write.url", "no such key"}},
		{[]string{receiver, "--scrape.target=url=u:secret@h/"}, []string{"--scrape.target", "not an HTTP URL"}},
		{[]string{receiver, "--label=a=1", "--label=a=2"}, []string{"--label", "a=2", "already"}},
		{[]string{receiver, "--collector.job="}, []string{"--collector.job", "empty"}},
		{[]string{receiver, "--label=site"}, []string{"--label", `"site"`, "NAME=VALUE"}},
		{[]string{receiver, "--label=9site=x"}, []string{"--label", `"9site"`, "letters"}},
		{[]string{receiver, "--label=__x=y"}, []string{"--label", `"__x"`, "reserved"}},
		{[]string{receiver, "--label=job=y"}, []string{"--label", `"job"`, "--scrape.target"}},
		{[]string{receiver, "--label=x="}, []string{"--label", `"x"`, "empty"}},
		{[]string{receiver, "--scrape.target=127.0.0.1:9100"}, []string{"--scrape.target", `"127.0.0.1:9100"`, "key=value"}},
		{[]string{receiver, "--scrape.target=job=x"}, []string{"--scrape.target", `"job=x"`, "url="}},
		{[]string{receiver, "--scrape.target=url=http://x/,colour=red"}, []string{"--scrape.target", "colour", "label.NAME="}},
		{[]string{receiver, "--scrape.target=url=http://x/,interval=20s"}, []string{"--scrape.target", "http://x/", "20s", "--tick.interval=15s"}},
		{[]string{receiver, "--scrape.target=url=http://x/,timeout=20s"}, []string{"--scrape.target", "http://x/", "20s", "15s"}},
		{[]string{receiver, "--scrape.target=url=http://x/,timeout=soon"}, []string{"--scrape.target", "timeout=soon", "timeout=: it is not a duration"}},
		{[]string{receiver, "--scrape.target=http://x/a", "--scrape.target=http://x/b"}, []string{"--scrape.target", "http://x/a", "http://x/b", "same labels"}},
		{[]string{receiver, "--collector.netstat.fields=((("}, []string{"--collector.netstat.fields"}},
		{[]string{receiver, "--web.config.file=/nowhere.yml"}, []string{"--web.config.file", "/nowhere.yml"}},
		{[]string{receiver, "--log.level=loud"}, []string{"loud"}},
		{[]string{receiver, "--colour"}, []string{"--colour"}},
		{[]string{receiver, "extra"}, []string{"extra"}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			p := start(t, os.Args[0], test.args...)
			if code := p.wait(); code != exitUsage && !(code == exitError && strings.Contains(test.args[len(test.args)-1], "web.")) {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(p.out.String(), "secret") {
				t.Error("the message shows the password")
			}
			for _, want := range test.want {
				if !strings.Contains(p.out.String(), want) {
					t.Errorf("the message does not mention %q", want)
				}
			}
		})
	}
}

func TestBinary_PortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := start(t, os.Args[0], "--remote-write.url=http://127.0.0.1:1/w", "--wal.dir="+t.TempDir(), "--web.listen-address="+l.Addr().String())
	if code := p.wait(); code != exitError {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"--web.listen-address", l.Addr().String(), "in use"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("the message does not mention %q", want)
		}
	}
}

func TestBinary_Help(t *testing.T) {
	p := start(t, os.Args[0], "--help")
	if code := p.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"--tick.interval=15s", "--scrape.target=SPEC", "--remote-write.url=SPEC", "--help-collectors"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("the help does not mention %s", want)
		}
	}
	if lines := strings.Count(p.out.String(), "\n"); lines > 160 {
		t.Errorf("the help has %d lines", lines)
	}
}
