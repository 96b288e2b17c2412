package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

const about = `Puts edgetick through outages, and measures it, beside prometheus in agent mode and vmagent.

Agents that are not installed are left out. Everything listens on loopback; processes and directories are gone at the end. The exit code is 3 if edgetick lost or changed a sample, sent one twice with different values, or sent one out of order.`

// drill is what a subcommand does.
type drill func(context.Context) error

// common is what all drills share.
type common struct {
	out           io.Writer
	paths         paths
	wanted        []string
	edgetickFlags []string
	dir           string
	keep          bool
	asMarkdown    bool
	pagesDir      string
	load          load
}

func parseFlags(args []string, stdout, stderr io.Writer) (drill, error) {
	return (&common{out: stdout}).parse(args, stderr)
}

func (c *common) parse(args []string, stderr io.Writer) (drill, error) {
	app := kingpin.New(programName, about)
	app.UsageWriter(c.out).ErrorWriter(stderr)
	app.Version(version.Print(programName)).HelpFlag.Short('h')
	c.addFlags(app)
	drills := map[string]drill{
		"outage": addOutage(app, c),
		"disk":   addDisk(app, c),
		"drain":  addDrain(app, c),
		"wire":   addWire(app, c),
		"peers":  addPeers(app, c),
		"scale":  addScale(app, c),
		"churn":  addChurn(app, c),

		pulseCommand: addPulse(app, c),
		floorCommand: addFloor(app, c),
	}
	command, err := app.Parse(args)
	if err != nil {
		return nil, fmt.Errorf("%w; see --help", err)
	}
	return drills[command], c.validate()
}

func (c *common) addFlags(app *kingpin.Application) {
	app.Flag("edgetick", "The edgetick to run: a path, or a name beside this program or on the PATH.").
		Default("edgetick").StringVar(&c.paths.edgetick)
	app.Flag("prometheus", "The prometheus to run, in agent mode.").
		Default("prometheus").StringVar(&c.paths.prometheus)
	app.Flag("vmagent", "The vmagent to run.").
		Default("vmagent").StringVar(&c.paths.vmagent)
	app.Flag("edgetick-flag", "One more flag for edgetick, such as --edgetick-flag=--remote-write.pack-ticks=8. Repeatable.").
		PlaceHolder("FLAG").StringsVar(&c.edgetickFlags)
	app.Flag("agent", "Agent to take part: edgetick, prometheus or vmagent. Repeatable; by default all that are there.").
		EnumsVar(&c.wanted, edgetickName, prometheusName, vmagentName)
	app.Flag("dir", "Directory to make the drill's own in. For figures about the disk it must be on one.").
		Default(os.TempDir()).StringVar(&c.dir)
	app.Flag("keep", "Keep the drill's directory, with the agents' logs and data.").
		BoolVar(&c.keep)
	app.Flag("markdown", "Print each table as Markdown, too.").
		BoolVar(&c.asMarkdown)
	app.Flag("pages-dir", "Directory of the pages captured from real exporters.").
		Default("buffer/testdata/pages").StringVar(&c.pagesDir)
}

// loadDefaults are the defaults of the flags of addLoad.
type loadDefaults struct{ targets, series, interval string }

func (c *common) addLoad(cmd *kingpin.CmdClause, d loadDefaults) {
	l := &load{}
	cmd.Flag("targets", "Simulated exporters for each agent.").Default(d.targets).IntVar(&l.targets)
	cmd.Flag("series", "Series on the page of each.").Default(d.series).IntVar(&l.series)
	cmd.Flag("interval", "Time between scrapes.").Default(d.interval).DurationVar(&l.interval)
	cmd.Action(func(*kingpin.ParseContext) error { c.load = *l; return nil })
}

func addRuns(cmd *kingpin.CmdClause, runs *int, help string) {
	cmd.Flag("runs", help).Default("1").IntVar(runs)
	cmd.Validate(func(*kingpin.CmdClause) error {
		if *runs < 1 {
			return fmt.Errorf("--runs: %d is out of range, want 1 or more", *runs)
		}
		return nil
	})
}

func (c *common) validate() error {
	if c.wanted == nil {
		c.wanted = []string{edgetickName, prometheusName, vmagentName}
	}
	switch l := c.load; {
	case l == load{}: // the command has none
	case l.targets < 1:
		return fmt.Errorf("--targets: %d is out of range, want 1 or more", l.targets)
	case l.series < 2:
		return fmt.Errorf("--series: %d is out of range, want 2 or more", l.series)
	case l.interval < 10*time.Millisecond:
		return fmt.Errorf("--interval: %s is out of range, want 10ms or more", l.interval)
	}
	return nil
}

// begin finds the agents and makes the drill's directory. end removes it.
func (c *common) begin(agents []string) (programs []program, dir string, end func(), err error) {
	programs, notes, err := installed(c.paths.agents(c.edgetickFlags), agents)
	if err != nil {
		return nil, "", nil, err
	}
	if dir, err = os.MkdirTemp(c.dir, programName+"-"); err != nil {
		return nil, "", nil, fmt.Errorf("--dir: %w", err)
	}
	end = func() {
		if c.keep {
			fmt.Fprintf(c.out, "\nkept: %s\n", dir)
			return
		}
		os.RemoveAll(dir)
	}
	for _, p := range programs {
		c.say("%-10s  %s", p.name, p.version())
	}
	for _, n := range notes {
		c.say("note: %s", n)
	}
	return programs, dir, end, nil
}

// say prints a line about the drill.
func (c *common) say(format string, args ...any) {
	fmt.Fprintf(c.out, strings.TrimRight(format, "\n")+"\n", args...)
}

// show prints a table.
func (c *common) show(t table) {
	t.print(c.out)
	if c.asMarkdown {
		c.say("")
		t.markdown(c.out)
	}
}
