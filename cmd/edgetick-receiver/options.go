package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	"github.com/prometheus/prometheus/promql/parser"
)

const about = `A Prometheus database to push to, for trying edgetick out and for tests.

It accepts remote_write 1.0 and 2.0 at /api/v1/write, answers PromQL at /api/v1/query and /api/v1/query_range, and prints a line every few seconds about what arrived. Example:

  edgetick-receiver -- ./edgetick --remote-write.url=http://127.0.0.1:9478/api/v1/write`

// flags are the flags as they were written.
type flags struct {
	listen, storageDir, interval, captureDir string
	queries                                  []string
	logLevel, logFormat                      string
	command                                  []string
}

// options are the flags after validation.
type options struct {
	listen     string
	storageDir string
	interval   time.Duration // 0: no reports
	queries    []string
	captureDir string
	command    []string // nil: no agent
	logger     *slog.Logger
}

// errDone is returned when --help or --version has said all there is to say.
var errDone = errors.New("nothing to do")

func parseOptions(args []string, env environment) (*options, error) {
	app := kingpin.New(programName, about)
	done := false
	app.Terminate(func(int) { done = true })
	app.UsageWriter(env.stdout).ErrorWriter(env.stderr)
	app.Version(version.Print(programName)).HelpFlag.Short('h')
	app.Interspersed(false)

	f := &flags{}
	f.define(app)
	_, err := app.Parse(args)
	switch {
	case done:
		return nil, errDone
	case err != nil:
		return nil, fmt.Errorf("%w; see --help", err)
	}
	return f.validate(env)
}

func (f *flags) define(app *kingpin.Application) {
	app.Flag("web.listen-address", "Where to listen, host:port. Port 0 takes any free one.").
		Default("127.0.0.1:9478").StringVar(&f.listen)
	app.Flag("storage.dir", "Directory of the database. By default a temporary one, removed at the end.").
		PlaceHolder("DIR").StringVar(&f.storageDir)
	app.Flag("report.interval", "How often to print a line about what arrived. 0 prints none.").
		Default("5s").StringVar(&f.interval)
	app.Flag("report.query", "PromQL expression to show in each line. Repeatable.").
		PlaceHolder("node_load1").Default("node_load1").StringsVar(&f.queries)
	app.Flag("capture-dir", "Directory to write each request to, as it came: NNNN.sz, with NNNN.header beside it.").
		PlaceHolder("DIR").StringVar(&f.captureDir)
	app.Flag("log.level", "Least severe messages to log: debug, info, warn or error. The database talks at info.").
		Default("warn").StringVar(&f.logLevel)
	app.Flag("log.format", "Format of log messages: logfmt or json.").
		Default("logfmt").StringVar(&f.logFormat)
	app.Arg("command", "Command, with its arguments, to run once the receiver listens: an agent that pushes to it. "+
		"Its environment has "+urlVariable+". The receiver ends when it ends, with its exit code, and stops it on SIGINT and SIGTERM.").
		StringsVar(&f.command)
}

// validate reports everything that is wrong at once.
func (f *flags) validate(env environment) (*options, error) {
	o := &options{listen: f.listen, storageDir: f.storageDir, captureDir: f.captureDir, queries: f.queries, command: f.command}
	var intervalErr, loggerErr error
	o.interval, intervalErr = parseInterval(f.interval)
	o.logger, loggerErr = f.newLogger(env)
	err := errors.Join(
		checkAddress(f.listen),
		checkDirectory("--storage.dir", f.storageDir),
		intervalErr,
		checkQueries(f.queries),
		checkDirectory("--capture-dir", f.captureDir),
		loggerErr,
		checkCommand(f.command),
	)
	if err != nil {
		return nil, err
	}
	return o, nil
}

func checkAddress(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--web.listen-address: %q is not host:port; write for example 127.0.0.1:9478", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--web.listen-address: the port in %q is not a number from 0 to 65535; write for example 127.0.0.1:9478", addr)
	}
	return nil
}

func parseInterval(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("--report.interval: %q is not a duration; write for example 5s or 1m, or 0 for no reports", s)
	}
	return time.Duration(d), nil
}

func checkQueries(queries []string) error {
	p := parser.NewParser(parser.Options{})
	var errs []error
	for _, q := range queries {
		expr, err := p.ParseExpr(q)
		if err != nil {
			errs = append(errs, fmt.Errorf("--report.query: %q is not PromQL: %w", q, err))
			continue
		}
		if t := expr.Type(); t != parser.ValueTypeVector && t != parser.ValueTypeScalar {
			errs = append(errs, fmt.Errorf("--report.query: %q gives a %s; write an expression that gives a vector or a scalar, such as node_load1", q, parser.DocumentedType(t)))
		}
	}
	return errors.Join(errs...)
}

// checkDirectory accepts what does not exist yet: it will be made.
func checkDirectory(flag, dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: cannot use %q: %w", flag, dir, err)
	case !info.IsDir():
		return fmt.Errorf("%s: %q is not a directory; name a directory, or a path that does not exist yet", flag, dir)
	}
	return nil
}

func (f *flags) newLogger(env environment) (*slog.Logger, error) {
	level, format := promslog.NewLevel(), promslog.NewFormat()
	var levelErr, formatErr error
	if level.Set(f.logLevel) != nil {
		levelErr = fmt.Errorf("--log.level: %q is not a level; write one of %s", f.logLevel, strings.Join(promslog.LevelFlagOptions, ", "))
	}
	if format.Set(f.logFormat) != nil {
		formatErr = fmt.Errorf("--log.format: %q is not a format; write one of %s", f.logFormat, strings.Join(promslog.FormatFlagOptions, ", "))
	}
	return promslog.New(&promslog.Config{Level: level, Format: format, Writer: env.stderr}), errors.Join(levelErr, formatErr)
}

func checkCommand(command []string) error {
	if len(command) == 0 {
		return nil
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		return fmt.Errorf("command: cannot run %q: %w; name a program, by its path or on $PATH", command[0], err)
	}
	return nil
}
