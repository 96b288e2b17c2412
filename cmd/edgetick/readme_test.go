package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/collector/node"
	"github.com/edgetick/edgetick/agent/remote"
)

var update = flag.Bool("update", false, "rewrite what the README says about flags, metrics and answers")

// What the README says about flags, metrics and answers is what the program has.
func TestReadme_FlagsAndMetrics(t *testing.T) {
	const path = "../../README.md"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	opts, err := parseFlags([]string{"--remote-write.url=http://receiver.test/", "--remote-write.budget=1GiB/month", "--collector.disable-defaults", "--instance=node"})
	if err != nil {
		t.Fatal(err)
	}
	want := string(readme)
	for section, table := range map[string]string{"flags": flagTable(), "metrics": metricTable(t, opts), "answers": answerTable()} {
		begin, end := "<!-- "+section+" -->\n", "<!-- end of "+section+" -->"
		head, rest, ok1 := strings.Cut(want, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("the README has no section between %q and %q", begin, end)
		}
		want = head + begin + table + end + tail
	}
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("the README's tables are not what the program says; go test ./cmd/edgetick -run Readme -update rewrites them")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func flagTable() string {
	hidden := append(node.FlagNames(), "help", "help-long", "help-man", "help-collectors", "completion-bash",
		"completion-script-bash", "completion-script-zsh", "version")
	var b strings.Builder
	b.WriteString("| Flag | Default | What it does |\n|---|---|---|\n")
	for _, f := range kingpin.CommandLine.Model().Flags {
		if slices.Contains(hidden, f.Name) {
			continue
		}
		fmt.Fprintf(&b, "| `--%s` | %s | %s |\n", f.Name, code(strings.Join(f.Default, " ")), cell(f.Help))
	}
	return b.String()
}

func answerTable() string {
	var b strings.Builder
	b.WriteString("| Answer | What is done |\n|---|---|\n| `--remote-write.hold-status` | the remote is held: nothing is sent and nothing given up, an empty request asks now and then, readiness and a metric say so |\n")
	for _, t := range remote.Treatments() {
		fmt.Fprintf(&b, "| %s | %s |\n", t.Answer, cell(t.Does))
	}
	return b.String()
}

func metricTable(t *testing.T, opts *options) string {
	t.Helper()
	cfg, err := opts.config(promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Registry = prometheus.NewRegistry()
	agent.New(cfg)
	families, err := cfg.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| Metric | Type | Labels | What it tells |\n|---|---|---|---|\n")
	for _, f := range families {
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, " "), cell(f.GetHelp()))
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
