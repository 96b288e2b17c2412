package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parse(args ...string) (o *options, stdout string, err error) {
	var out, errs bytes.Buffer
	o, err = parseOptions(args, environment{stdout: &out, stderr: &errs})
	return o, out.String(), err
}

func TestOptions_Defaults(t *testing.T) {
	o, _, err := parse()
	if err != nil {
		t.Fatal(err)
	}
	if o.logger == nil {
		t.Error("no logger")
	}
	o.logger = nil
	want := &options{listen: "127.0.0.1:9478", interval: 5 * time.Second, queries: []string{"node_load1"}}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("defaults %+v, want %+v", o, want)
	}
}

func TestOptions_CommandKeepsItsFlags(t *testing.T) {
	program := os.Args[0]
	want := []string{program, "--help", "--report.interval=9s", "@file", "--"}
	for _, args := range [][]string{
		append([]string{"--report.interval=0", "--"}, want...),
		append([]string{"--report.interval=0"}, want[:3]...),
	} {
		o, _, err := parse(args...)
		if err != nil {
			t.Fatal(err)
		}
		if want := want[:len(o.command)]; !reflect.DeepEqual(o.command, want) || len(o.command) < 3 || o.interval != 0 {
			t.Errorf("%q: command %q, interval %s", args, o.command, o.interval)
		}
	}
}

func TestOptions_QueriesReplaceTheDefault(t *testing.T) {
	o, _, err := parse("--report.query=up", `--report.query=rate(node_cpu_seconds_total{mode="idle"}[1m])`)
	if err != nil || len(o.queries) != 2 || o.queries[0] != "up" {
		t.Errorf("queries %q, %v", o.queries, err)
	}
}

func TestOptions_Refused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arg, want string }{
		{"--web.listen-address=9478", `--web.listen-address: "9478" is not host:port; write for example 127.0.0.1:9478`},
		{"--web.listen-address=localhost:http", `--web.listen-address: the port in "localhost:http" is not a number from 0 to 65535`},
		{"--web.listen-address=:65536", `--web.listen-address: the port in ":65536"`},
		{"--storage.dir=" + file, `--storage.dir: "` + file + `" is not a directory`},
		{"--storage.dir=" + file + "/x", `--storage.dir: cannot use "` + file + `/x"`},
		{"--capture-dir=" + file, `--capture-dir: "` + file + `" is not a directory`},
		{"--report.interval=five", `--report.interval: "five" is not a duration; write for example 5s`},
		{"--report.interval=-5s", `--report.interval: "-5s" is not a duration`},
		{"--report.query=up{", `--report.query: "up{" is not PromQL: 1:4`},
		{"--report.query=up[1m]", `--report.query: "up[1m]" gives a range vector`},
		{`--report.query="x"`, `--report.query: "\"x\"" gives a string`},
		{"--log.level=loud", `--log.level: "loud" is not a level; write one of debug, info, warn, error`},
		{"--log.format=xml", `--log.format: "xml" is not a format; write one of logfmt, json`},
		{"--nosuch", `unknown long flag '--nosuch'; see --help`},
		{"no-such-command", `command: cannot run "no-such-command"`},
	} {
		_, _, err := parse(c.arg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.arg, err, c.want)
		}
	}
}

func TestOptions_AllThatIsWrongAtOnce(t *testing.T) {
	_, _, err := parse("--report.interval=x", "--log.level=x", "--log.format=x")
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("error %v, want three lines", err)
	}
}

func TestOptions_Help(t *testing.T) {
	for _, arg := range []string{"--help", "-h", "--version"} {
		_, out, err := parse(arg)
		if !errors.Is(err, errDone) || !strings.Contains(out, programName) {
			t.Errorf("%s printed %q, error %v", arg, out, err)
		}
	}
	_, out, _ := parse("--help")
	for _, flag := range []string{"--web.listen-address=", "--storage.dir=", "--report.interval=", "--report.query=", "--capture-dir=", "<command>"} {
		if !strings.Contains(out, flag) {
			t.Errorf("--help does not tell of %s", flag)
		}
	}
}
