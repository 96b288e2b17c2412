package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRun_SaysWhatIsWrong(t *testing.T) {
	for flags, want := range map[string]string{
		"outage --series=1":         "--series: 1 is out of range",
		"disk --targets=0":          "--targets: 0 is out of range",
		"drain --interval=1ms":      "--interval: 1ms is out of range",
		"drain --runs=0":            "--runs: 0 is out of range",
		"outage --agent=telegraf":   "enum value must be one of",
		"wire --ticks=0":            "--ticks: 0 is out of range",
		"peers --runs=0":            "--runs: 0 is out of range",
		"peers --scenario=idle":     "enum value must be one of",
		"scale --series=1":          "--series: 1 is out of range",
		"scale --page=1":            "--page: 1 is out of range",
		"scale --interval=1ms":      "--interval: 1ms is out of range",
		"churn --churn=1.5":         "--churn: 1.5 is out of range",
		"churn --churn-interval=0s": "--churn-interval: 0s is out of range",
		"churn --measure=1s":        "--measure: 1s is out of range",
		"churn --series=1":          "--series: 1 is out of range",
		"drain --edgetick=/no/such": "none of the agents is there",
	} {
		t.Run(flags, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(context.Background(), strings.Fields(flags), &stdout, &stderr)
			if code == exitOK || !strings.Contains(stderr.String(), want) {
				t.Errorf("exit code %d, %q, want %q", code, stderr.String(), want)
			}
		})
	}
}

func TestParseFlags_LoadIsThatOfTheCommand(t *testing.T) {
	for command, want := range map[string]load{
		"outage":                       {2, 500, time.Second},
		"disk --series=7":              {2, 7, time.Second},
		"drain --interval=1s":          {10, 1000, time.Second},
		"wire":                         {3, 500, time.Second},
		"peers --targets=2":            {2, 1000, time.Second},
		"drain --targets=3 --series=4": {3, 4, 100 * time.Millisecond},
	} {
		c := &common{out: io.Discard}
		if _, err := c.parse(strings.Fields(command), io.Discard); err != nil || c.load != want {
			t.Errorf("%s: %+v, %v, want %+v", command, c.load, err, want)
		}
		if len(c.wanted) != 3 {
			t.Errorf("%s: agents %v", command, c.wanted)
		}
	}
}

func TestInstalled_LeavesOutWithANote(t *testing.T) {
	all := paths{edgetick: os.Args[0], prometheus: "no-such-program", vmagent: os.Args[0]}.agents(nil)
	there, notes, err := installed(all, []string{edgetickName, prometheusName})
	if err != nil || len(there) != 1 || there[0].name != edgetickName || len(notes) != 1 || !strings.Contains(notes[0], "prometheus is left out") {
		t.Errorf("%v, %q, %v", there, notes, err)
	}
}

func TestArgs(t *testing.T) {
	j := job{
		dir: t.TempDir(), web: "127.0.0.1:1", write: "http://127.0.0.1:2/write", interval: 500 * time.Millisecond,
		targets: []target{{"drill", "a", "http://127.0.0.1:3/metrics"}, {"drill", "b", "http://127.0.0.1:4/metrics"}, {"node", "n", "http://127.0.0.1:5/metrics"}},
	}
	for name, c := range map[string]struct {
		args func(job) ([]string, error)
		want []string
	}{
		"edgetick": {edgetickArgs, []string{"--tick.interval=500ms", "--remote-write.url=http://127.0.0.1:2/write", "--web.listen-address=127.0.0.1:1",
			"--scrape.target=job=drill,instance=b,url=http://127.0.0.1:4/metrics", "--wal.dir=" + j.dir + "/wal"}},
		"prometheus": {prometheusArgs, []string{"--enable-feature=agent", "--web.listen-address=127.0.0.1:1", "--storage.agent.path=" + j.dir + "/agent"}},
		"vmagent":    {vmagentArgs, []string{"-httpListenAddr=127.0.0.1:1", "-remoteWrite.url=http://127.0.0.1:2/write", "-remoteWrite.tmpDataPath=" + j.dir + "/queue"}},
	} {
		args, err := c.args(j)
		if err != nil {
			t.Error(name, err)
		}
		for _, want := range c.want {
			if !slices.Contains(args, want) {
				t.Errorf("%s: no %s in %q", name, want, args)
			}
		}
	}
	file, err := writeScrapeConfig(j, "remote_write: []\n")
	if err != nil {
		t.Fatal(err)
	}
	const want = `global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
- job_name: "drill"
  static_configs:
  - {targets: ["127.0.0.1:3"], labels: {instance: "a"}}
  - {targets: ["127.0.0.1:4"], labels: {instance: "b"}}
- job_name: "node"
  static_configs:
  - {targets: ["127.0.0.1:5"], labels: {instance: "n"}}
remote_write: []
`
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("configuration\n%s\nwant\n%s", got, want)
	}
}

func TestTable_AlignsColumns(t *testing.T) {
	var b bytes.Buffer
	table{{"", "one", "µ"}, {"name", "2", "345"}, {"n", ""}}.print(&b)
	const want = "      one    µ\nname    2  345\nn\n"
	if b.String() != want {
		t.Errorf("printed\n%q, want\n%q", b.String(), want)
	}
}

func TestTable_Markdown(t *testing.T) {
	var b bytes.Buffer
	table{{"", "one", "two"}, {"name", "2", "3"}}.markdown(&b)
	const want = "|  | one | two |\n|---|---:|---:|\n| name | 2 | 3 |\n"
	if b.String() != want {
		t.Errorf("printed\n%q, want\n%q", b.String(), want)
	}
}

func TestArgs_Settings(t *testing.T) {
	j := job{dir: t.TempDir(), interval: time.Second}
	for name, c := range map[string]struct {
		args     func(job) ([]string, error)
		settings settings
		want     []string
		not      string
	}{
		"edgetick": {edgetickArgs, settings{protocol: "2.0", compression: "zstd", packTicks: 20, host: true},
			[]string{"--remote-write.protocol=2.0", "--remote-write.compression=zstd", "--remote-write.pack-ticks=20"}, "--collector.disable-defaults"},
		"edgetick's defaults": {edgetickArgs, settings{}, []string{"--collector.disable-defaults"}, "--remote-write.p"},
		"vmagent":             {vmagentArgs, settings{compression: "snappy"}, []string{"-remoteWrite.forcePromProto"}, "zstd"},
		"vmagent's defaults":  {vmagentArgs, settings{}, nil, "-remoteWrite.forcePromProto"},
	} {
		j.settings = c.settings
		args, err := c.args(j)
		if err != nil {
			t.Error(name, err)
		}
		for _, want := range c.want {
			if !slices.Contains(args, want) {
				t.Errorf("%s: no %s in %q", name, want, args)
			}
		}
		if strings.Contains(strings.Join(args, " "), c.not) {
			t.Errorf("%s: %s in %q", name, c.not, args)
		}
	}
	for protocol, want := range map[string]bool{"": false, "1.0": false, "2.0": true} {
		j.settings = settings{protocol: protocol}
		if _, err := prometheusArgs(j); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(j.dir + "/scrape.yml")
		if got := strings.Contains(string(text), "protobuf_message: io.prometheus.write.v2.Request"); err != nil || got != want {
			t.Errorf("protocol %q: %s, %v", protocol, text, err)
		}
	}
}

func TestSpeaksV2(t *testing.T) {
	for version, want := range map[string]bool{
		"prometheus, version 2.42.0+ds (branch: debian/sid)": false,
		"prometheus, version 2.54.1 (branch: HEAD)":          true,
		"prometheus, version 3.14.0 (branch: HEAD)":          true,
		"which does not tell its version":                    false,
	} {
		if got := speaksV2(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", .234: "0.23", 9.876: "9.88", 12.34: "12.3", 1234.5: "1234", -123: "-123", math.NaN(): "-"} {
		if got := number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if m := median([]float64{5, 1, 9, 2}); m != 2 {
		t.Errorf("median %v", m)
	}
}

func TestDiskMark_Cells(t *testing.T) {
	m := diskMark{at: time.Minute, samples: 1000, ticks: 10, disk: 10 << 10, data: 500, logBytes: math.NaN(), syncs: 20}
	want := []string{"10.0", "1000", "-", "0.50", "10.2", "1.00", "2.00", "0.59", "0.23"}
	if got := m.cells(); !slices.Equal(got, want) {
		t.Errorf("cells %q, want %q", got, want)
	}
	if got := (diskMark{at: time.Minute}).cells(); got[2] != "-" {
		t.Errorf("cells %q of nothing", got)
	}
}
