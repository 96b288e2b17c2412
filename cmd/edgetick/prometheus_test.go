package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// The tests in this file run a real prometheus, named by the environment
// variable EDGETICK_TEST_PROMETHEUS; make test-receivers sets it.
func prometheusPath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("EDGETICK_TEST_PROMETHEUS")
	if path == "" {
		t.Skip("EDGETICK_TEST_PROMETHEUS does not name a prometheus; make test-receivers does")
	}
	return path
}

// promServer is a running prometheus.
type promServer struct {
	*process
	address, dir string
}

func startPrometheus(t *testing.T, dir, address, config string, args ...string) *promServer {
	t.Helper()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, prometheusPath(t), append([]string{"--config.file=" + file, "--web.listen-address=" + address}, args...)...)
	p.find("(Server is ready to receive web requests)")
	return &promServer{process: p, address: address, dir: dir}
}

// receiverArgs make prometheus a remote write receiver.
func receiverArgs(dir string) []string {
	return []string{"--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.enable-remote-write-receiver"}
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// raw reads all samples of the one series that matches.
func (p *promServer) raw(selector string) []point {
	p.Helper()
	return queried(p.T, "http://"+p.address, selector)
}

// The receiver is a real prometheus, killed in the middle and started again.
func TestPrometheus_ReceivesAllAcrossItsOwnCrash(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	prom := startPrometheus(t, dir, address, "", receiverArgs(dir)...)
	c := startCounting(t)
	p := edgetick(t, "--collector.disable-defaults", "--collector.uname", "--collector.cpu", "--no-collector.self",
		"--tick.interval=100ms", "--remote-write.min-backoff=10ms", "--remote-write.max-backoff=200ms",
		"--remote-write.url=http://"+address+"/api/v1/write", "--scrape.target=job=numbered,url="+c.URL)
	c.until(t, 40)
	prom.cmd.Process.Kill()
	prom.wait()
	c.until(t, 80)
	prom = startPrometheus(t, dir, address, "", receiverArgs(dir)...)
	c.until(t, 120)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	allArrived(t, c, prom.raw(`up{job="numbered"}`), prom.raw("scrape_number"))
	if len(prom.raw("node_uname_info")) == 0 {
		t.Error("node_uname_info has not arrived")
	}
	if rates := prom.raw(`node_cpu_seconds_total{cpu="0",mode="idle"}`); len(rates) < 100 {
		t.Errorf("node_cpu_seconds_total has %d samples", len(rates))
	}
}

// Bytes on the wire beside prometheus in agent mode: the same exporter, the same
// interval, the same time, each into a database of its own.
func TestPrometheus_BytesPerSample(t *testing.T) {
	exporter := openDatabase(t) // its /metrics is a real page
	ours, theirs := openDatabase(t), openDatabase(t)
	target := exporter.server.Listener.Addr().String()
	dir := t.TempDir()
	startPrometheus(t, dir, freeAddress(t), fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs: [{job_name: exporter, static_configs: [{targets: [%q]}]}]
remote_write: [{url: %q}]
`, target, theirs.url()), "--enable-feature=agent", "--storage.agent.path="+filepath.Join(dir, "agent"))
	edgetick(t, append(quiet, "--tick.interval=1s",
		"--remote-write.url="+ours.url(), "--scrape.target=job=exporter,url=http://"+target+"/metrics")...)

	const samples = 4000
	perSample := func(d *database, who string) float64 {
		d.until(who+" has sent enough", func() bool { return d.Arrivals().Stats().Accepted().Samples >= samples })
		s := d.Arrivals().Stats().Accepted()
		t.Logf("%-18s %6d samples  %6d TimeSeries  %3d requests  %7d bytes  %5.2f bytes per sample",
			who, s.Samples, s.Series, s.Requests, s.WireBytes, float64(s.WireBytes)/float64(s.Samples))
		return float64(s.WireBytes) / float64(s.Samples)
	}
	a, b := perSample(ours, "edgetick"), perSample(theirs, "prometheus agent")
	if a > b/2 {
		t.Errorf("edgetick sends %.2f bytes per sample, prometheus %.2f", a, b)
	}
}
