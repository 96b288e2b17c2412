package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// Every flag that node_exporter's package brings along must be known as its, lest it shows up in our help.
func TestFlagNames(t *testing.T) {
	builtin := []string{"help", "help-long", "help-man", "completion-bash", "completion-script-bash", "completion-script-zsh"}
	var want []string
	for _, f := range kingpin.CommandLine.Model().Flags {
		if !slices.Contains(builtin, f.Name) {
			want = append(want, f.Name)
		}
	}
	slices.Sort(want)
	if got := FlagNames(); !slices.Equal(got, want) {
		t.Errorf("FlagNames() = %q\nwant %q", got, want)
	}
}

func TestSplitHelp(t *testing.T) {
	for _, test := range []struct {
		args  []string
		has   []string
		lacks []string
	}{
		{
			args: []string{"--help"},
			has: []string{"--[no-]help-collectors", "--tick.interval=15s", "--[no-]collector.disable-defaults",
				"--[no-]collector.report-duration", "Commands:", "run*"},
			lacks: []string{"--path.procfs", "--[no-]collector.cpu", "--collector.textfile.directory"},
		},
		{
			args: []string{"run", "--help"},
			has:  []string{"--tick.interval=15s"}, lacks: []string{"--path.procfs", "collector.cpu"},
		},
		{
			args: []string{"--help-collectors"},
			has: []string{"arp, bcache, bcachefs,", "buddyinfo, cgroups,", "--path.procfs=\"/proc\"",
				"--collector.textfile.directory=", "--[no-]collector.stat.softirq"},
			lacks: []string{"--tick.interval", "--[no-]collector.cpu ", "Commands:", "whitelist", "stat-workers"},
		},
		{
			args: []string{"run", "--help-collectors"},
			has:  []string{"arp, bcache, bcachefs,"}, lacks: []string{"--tick.interval"},
		},
		{
			args: []string{"--help-long"},
			has:  []string{"--tick.interval=15s", "--path.procfs=\"/proc\"", "--[no-]collector.cpu "},
		},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			out, log, err := rawProcess(t, job{Args: test.args})
			if err != nil || log != "" {
				t.Errorf("%v, stderr %q", err, log)
			}
			for _, s := range test.has {
				if !strings.Contains(out, s) {
					t.Errorf("the help lacks %q", s)
				}
			}
			for _, s := range test.lacks {
				if strings.Contains(out, s) {
					t.Errorf("the help has %q", s)
				}
			}
			if t.Failed() {
				t.Logf("help:\n%s", out)
			}
		})
	}
}

func TestNew_BadFlag(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		has  []string
	}{
		"regexp that panics": {
			[]string{"--collector.netstat.fields=(((", "--collector.netclass.ignored-devices=ok"},
			[]string{`node collector netstat, given --collector.netstat.fields="(((": `, "missing closing )"},
		},
		"regexp that fails": {
			[]string{"--collector.cpu.info.flags-include=*"},
			[]string{`node collector cpu, given `, `--collector.cpu.info.flags-include="*": `, "missing argument to repetition operator"},
		},
		"collector whose flags are named otherwise": {
			[]string{"--collector.powersupply.ignored-supplies=["},
			[]string{`node collector powersupplyclass, given --collector.powersupply.ignored-supplies="[": `},
		},
		"several": {
			[]string{"--collector.vmstat.fields=(", "--collector.netdev.device-include=a", "--collector.netdev.device-exclude=b"},
			[]string{`node collector netdev, given --collector.netdev.device-include="a" --collector.netdev.device-exclude="b": `,
				`node collector vmstat, given --collector.vmstat.fields="(": `},
		},
		"path that is not there": {
			[]string{"--path.procfs=/nonexistent"},
			[]string{"/nonexistent"},
		},
		"unknown flag": {
			[]string{"--collector.nonsense"},
			[]string{"unknown long flag '--collector.nonsense'"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, log, err := rawProcess(t, job{Args: test.args})
			if err == nil {
				t.Error("accepted")
			}
			for _, s := range test.has {
				if !strings.Contains(log, s) {
					t.Errorf("the error lacks %q: %s", s, log)
				}
			}
			if strings.Contains(log, "goroutine ") {
				t.Errorf("a panic: %s", log)
			}
		})
	}
}

func TestNew_Disabled(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--collector.disable-defaults"}, ""},
		{[]string{"--collector.disable-defaults", "--collector.uname", "--no-collector.loadavg"}, "uname"},
		{[]string{"--collector.disable-defaults", "--collector.netstat.fields=("}, ""}, // what is not enabled is not checked
	} {
		a, _ := process(t, job{Args: test.args, Pages: 1})
		if got := strings.Join(a.Names, " "); got != test.want {
			t.Errorf("%q: collectors %q, want %q", test.args, got, test.want)
		}
		if want := strings.Count(a.Ours, "node_scrape_collector_success{"); want != len(a.Names) {
			t.Errorf("%q: page:\n%s", test.args, a.Ours)
		}
	}
	a, _ := process(t, job{Args: []string{"--no-collector.loadavg", "--collector.interrupts"}})
	if slices.Contains(a.Names, "loadavg") || !slices.Contains(a.Names, "interrupts") || !slices.Contains(a.Names, "cpu") {
		t.Errorf("collectors %q", a.Names)
	}
}
