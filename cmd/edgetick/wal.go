package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"github.com/edgetick/edgetick/wal"
)

// The tools for the write-ahead log, edgetick wal. They only read, take no lock,
// and may be used while an agent has the log open:
//
//   - wal_dir.go: the directory, who has it open, its ticks.
//   - wal_survey.go: all that there is to know of a log, for the first two.
//   - wal_info.go, wal_verify.go, wal_dump.go: what is printed.
//   - wal_text.go, wal_json.go: how dump prints samples.
//   - wal_select.go: what a flag of dump can say.

// walCommand is what a command line of edgetick wal asks for.
type walCommand struct {
	name   string
	dir    string
	format string
	dump   dumpConfig
}

// runWAL is edgetick wal. Its exit code is exitError if the log is damaged, and
// exitUsage if there is none where the command line says.
func runWAL(args []string, stdout, stderr io.Writer) int {
	// A reader such as head closes the pipe when it has seen enough. The write
	// that fails then is no error.
	signal.Ignore(syscall.SIGPIPE)
	cmd, err := parseWAL(args, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "edgetick wal: %s\nTry edgetick wal --help.\n", err)
		return exitUsage
	}
	in, err := inspectDir(cmd.dir)
	if err != nil {
		fmt.Fprintf(stderr, "edgetick wal %s: %s\n", cmd.name, err)
		return exitUsage
	}
	out := bufio.NewWriterSize(stdout, 64<<10)
	clean, err := cmd.run(in, out, stderr)
	err = errors.Join(err, out.Flush())
	switch {
	case errors.Is(err, syscall.EPIPE):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "edgetick wal %s: %s\n", cmd.name, err)
		return exitError
	case !clean:
		return exitError
	}
	return exitOK
}

// run carries the command out. It returns false if damage stood in its way.
func (c *walCommand) run(in *wal.Inspection, out *bufio.Writer, stderr io.Writer) (bool, error) {
	if c.name == "dump" {
		return dumpLog(in, c.dump, out, stderr)
	}
	s, err := newSurvey(in)
	if err != nil {
		return false, err
	}
	if c.name == "verify" {
		return s.clean(), printVerdict(out, s)
	}
	info := newInfo(s)
	if c.format == "json" {
		return true, info.writeJSON(out)
	}
	return true, info.writeText(out)
}

// parseWAL reads the command line of edgetick wal.
func parseWAL(args []string, stdout io.Writer) (*walCommand, error) {
	app := kingpin.New("edgetick wal", "Looks into the write-ahead log of edgetick. It changes nothing and takes no lock, so the log may be in use.")
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout)
	c := &walCommand{}
	add := func(name, help string) *kingpin.CmdClause {
		cmd := app.Command(name, help)
		cmd.Arg("DIR", "Directory of the log, the agent's --wal.dir.").Required().StringVar(&c.dir)
		return cmd
	}

	info := add("info", "Show what is in the log: segments, ticks, samples, series, and how far each remote has come.")
	walFlag(info, value[string]{flag: "format", kind: oneOf("text", "json"), take: to(&c.format)},
		"How to print it: text or json.").Default("text")

	add("verify", "Read and decode everything and list what is damaged. Exit code 0: nothing is; 1: something is; 2: there is no log.")

	c.dump.addFlags(add("dump", "Print samples, the oldest tick first. Exit code 1: some could not be read."))
	if len(args) == 0 {
		return nil, errors.New("what to do is missing; want info, verify or dump")
	}
	name, err := app.Parse(args)
	c.name = name
	if err == nil && c.dump.start > c.dump.end {
		err = fmt.Errorf("--start is after --end: %s, %s", stamp(c.dump.start), stamp(c.dump.end))
	}
	return c, err
}

func (d *dumpConfig) addFlags(dump *kingpin.CmdClause) {
	d.start, d.end = math.MinInt64, math.MaxInt64
	walFlag(dump, value[string]{flag: "format", kind: oneOf("text", "jsonl"), take: func(s string) error { d.jsonl = s == "jsonl"; return nil }},
		"text: one sample a line as exporters write it; stale markers, native histograms, exemplars and starts as comments. jsonl: one JSON object a line, exact to the bit.").Default("text")
	walFlag(dump, value[selector]{flag: "match", kind: aSelector, take: appendTo(&d.selectors), many: true},
		"Only series that a selector matches, as in '{job=\"node\",__name__=~\"node_cpu.*\"}'. Repeatable: any of them.").PlaceHolder("SELECTOR")
	walFlag(dump, value[int64]{flag: "start", kind: aTime, take: to(&d.start)},
		"Only samples at or after a time: RFC 3339, or unix seconds.").PlaceHolder("TIME")
	walFlag(dump, value[int64]{flag: "end", kind: aTime, take: to(&d.end)},
		"Only samples at or before a time.").PlaceHolder("TIME")
	walFlag(dump, value[int]{flag: "limit", kind: aLimit, take: to(&d.limit)},
		"Stop after so many samples; 0 for all.").Default("0")
}

// walFlag adds a flag to a command.
func walFlag[T any](cmd *kingpin.CmdClause, v value[T], help string) *kingpin.FlagClause {
	f := cmd.Flag(v.flag, help)
	f.SetValue(v)
	return f
}

// wantDir says what would be right.
const wantDir = "want the directory that the agent has as --wal.dir"

// inspectDir looks into a directory that must hold a log.
func inspectDir(dir string) (*wal.Inspection, error) {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s does not exist; %s", dir, wantDir)
	case err != nil:
		return nil, err
	case !st.IsDir():
		return nil, fmt.Errorf("%s is not a directory; %s", dir, wantDir)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := false
	for _, f := range files {
		if !ofLog(f.Name()) {
			continue
		}
		found = true
		// What may not be read is not damaged.
		if err := readable(filepath.Join(dir, f.Name())); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fmt.Errorf("%s holds no write-ahead log: there are no segments (*%s) and no cursors (*%s) in it; %s", dir, segmentSuffix, cursorSuffix, wantDir)
	}
	return wal.Inspect(dir, nil)
}

// Files of a log; see the package wal.
const (
	segmentSuffix = ".seg"
	cursorSuffix  = ".cursor"
	asideSuffix   = ".corrupt"
	stateFile     = "STATE"
	lockFile      = "LOCK"
)

func ofLog(name string) bool {
	for _, suffix := range []string{segmentSuffix, cursorSuffix, asideSuffix} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return name == stateFile || name == lockFile
}

func readable(path string) error {
	f, err := os.Open(path)
	if err == nil {
		return f.Close()
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; run as the user that the agent runs as", err)
	}
	return nil
}
