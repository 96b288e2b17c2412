package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// job is what an agent is to do.
type job struct {
	dir      string // of its own
	web      string // address of its own endpoint
	write    string // URL to push to
	interval time.Duration
	targets  []target
	settings settings
}

// settings are what a drill varies. The zero value is an agent's defaults.
type settings struct {
	protocol    string // 1.0 or 2.0
	compression string // snappy or zstd
	packTicks   int
	host        bool // edgetick gathers the host's metrics, too
}

type target struct{ job, instance, url string }

// program is an agent that is installed. All run with their defaults but for
// what a job says.
type program struct {
	name  string
	path  string
	extra []string                      // more flags
	args  func(j job) ([]string, error) // writes configuration files, too
	data  func(j job) string            // the directory of what is kept on disk
	ready string                        // path that answers when the agent runs
}

// paths are the names or paths of programs.
type paths struct{ edgetick, prometheus, vmagent, nodeExporter string }

const (
	edgetickName   = "edgetick"
	prometheusName = "prometheus"
	vmagentName    = "vmagent"
)

// agents are those that take part, in the order of the tables' columns.
func (p paths) agents(edgetickFlags []string) []program {
	return []program{
		{name: edgetickName, path: p.edgetick, extra: edgetickFlags, args: edgetickArgs, data: edgetickData, ready: "/-/healthy"},
		{name: prometheusName, path: p.prometheus, args: prometheusArgs, data: prometheusData, ready: "/-/ready"},
		{name: vmagentName, path: p.vmagent, args: vmagentArgs, data: vmagentData, ready: "/health"},
	}
}

// find looks for a program beside this one and on the PATH.
func find(name string) (string, error) {
	if self, err := os.Executable(); err == nil && !strings.ContainsRune(name, filepath.Separator) {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return path, nil
		}
	}
	return exec.LookPath(name)
}

// version is what a program says of its version, or where it is if it says
// nothing.
func (p program) version() string {
	for _, flag := range []string{"--version", "-version"} {
		text, err := exec.Command(p.path, flag).CombinedOutput()
		line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		if err == nil && line != "" {
			return line
		}
	}
	return p.path + ", which does not tell its version"
}

func edgetickData(j job) string { return filepath.Join(j.dir, "wal") }

func edgetickArgs(j job) ([]string, error) {
	args := []string{
		"--no-collector.self", "--log.level=warn",
		"--tick.interval=" + j.interval.String(),
		"--wal.dir=" + edgetickData(j),
		"--web.listen-address=" + j.web,
		"--remote-write.url=" + j.write,
	}
	if !j.settings.host {
		args = append(args, "--collector.disable-defaults")
	}
	if j.settings.protocol != "" {
		args = append(args, "--remote-write.protocol="+j.settings.protocol)
	}
	if j.settings.compression != "" {
		args = append(args, "--remote-write.compression="+j.settings.compression)
	}
	if j.settings.packTicks > 0 {
		args = append(args, fmt.Sprintf("--remote-write.pack-ticks=%d", j.settings.packTicks))
	}
	for _, t := range j.targets {
		args = append(args, fmt.Sprintf("--scrape.target=job=%s,instance=%s,url=%s", t.job, t.instance, t.url))
	}
	return args, nil
}

func prometheusData(j job) string { return filepath.Join(j.dir, "agent") }

func prometheusArgs(j job) ([]string, error) {
	more := ""
	if j.settings.protocol == "2.0" {
		more = ", protobuf_message: io.prometheus.write.v2.Request"
	}
	file, err := writeScrapeConfig(j, fmt.Sprintf("remote_write: [{url: %q%s}]\n", j.write, more))
	return []string{
		"--enable-feature=agent", "--log.level=warn",
		"--config.file=" + file,
		"--storage.agent.path=" + prometheusData(j),
		"--web.listen-address=" + j.web,
	}, err
}

func vmagentData(j job) string { return filepath.Join(j.dir, "queue") }

// forcePromProto makes a vmagent that knows it use snappy instead of its zstd.
const forcePromProto = "remoteWrite.forcePromProto"

func vmagentArgs(j job) ([]string, error) {
	file, err := writeScrapeConfig(j, "")
	args := []string{
		"-loggerLevel=WARN",
		"-promscrape.config=" + file,
		"-remoteWrite.tmpDataPath=" + vmagentData(j),
		"-remoteWrite.url=" + j.write,
		"-httpListenAddr=" + j.web,
	}
	if j.settings.compression == snappyEncoding {
		args = append(args, "-"+forcePromProto)
	}
	return args, err
}

// writeScrapeConfig writes a configuration that prometheus and vmagent read.
func writeScrapeConfig(j job, more string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "global: {scrape_interval: %s, scrape_timeout: %s}\nscrape_configs:\n",
		model.Duration(j.interval), model.Duration(timeout(j.interval)))
	last := ""
	for _, t := range j.targets {
		u, err := url.Parse(t.url)
		if err != nil {
			return "", err
		}
		if t.job != last {
			fmt.Fprintf(&b, "- job_name: %q\n  static_configs:\n", t.job)
			last = t.job
		}
		fmt.Fprintf(&b, "  - {targets: [%q], labels: {instance: %q}}\n", u.Host, t.instance)
	}
	b.WriteString(more)
	file := filepath.Join(j.dir, "scrape.yml")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// installed leaves out agents that are not there, with a note.
func installed(all []program, wanted []string) (there []program, notes []string, err error) {
	for _, p := range all {
		if !slices.Contains(wanted, p.name) {
			continue
		}
		path, err := find(p.path)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s is left out: %s", p.name, err))
			continue
		}
		p.path = path
		there = append(there, p)
	}
	if len(there) == 0 {
		return nil, nil, errors.New("none of the agents is there: " + strings.Join(notes, "; "))
	}
	return there, notes, nil
}
