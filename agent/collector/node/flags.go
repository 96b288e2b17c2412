package node

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// upstream holds the names of node_exporter's flags. Its init functions have put them on kingpin.CommandLine by the time
// this variable is initialized; the program has not yet added its own.
var upstream = upstreamFlags(kingpin.CommandLine.Model().Flags)

func upstreamFlags(flags []*kingpin.FlagModel) map[string]bool {
	names := make(map[string]bool)
	for _, f := range flags {
		if strings.HasPrefix(f.Name, "collector.") || strings.HasPrefix(f.Name, "path.") {
			names[f.Name] = true
		}
	}
	return names
}

// AddFlags adds this package's own flags to kingpin.CommandLine, beside node_exporter's, which are there from the start
// and cannot live on another application. Parsing fills cfg, which must stay valid until then.
func AddFlags(cfg *Config) {
	kingpin.Flag("collector.disable-defaults", "Set all collectors to disabled by default.").
		BoolVar(&cfg.DisableDefaults)
	kingpin.Flag("collector.report-duration", "Report node_scrape_collector_duration_seconds for every collector.").
		BoolVar(&cfg.ReportDuration)
}

// FlagNames returns the names of node_exporter's flags, without dashes, sorted: the ones that SplitHelp moves out of --help.
// Deprecated and hidden ones are among them, AddFlags' own are not.
func FlagNames() []string {
	names := make([]string, 0, len(upstream))
	for name := range upstream {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// SplitHelp leaves node_exporter's more than a hundred flags out of the --help of kingpin.CommandLine, and adds
// --help-collectors, which shows them alone. --help-long, --help-man and shell completion keep all flags. It sets the usage
// template and the usage functions of the application; call it once, before parsing.
func SplitHelp() {
	app := kingpin.CommandLine
	app.UsageFuncs(map[string]any{
		"OwnFlags": func(fs []*kingpin.FlagModel) []*kingpin.FlagModel { return pick(fs, isOwn) },
		"NodeFlags": func(fs []*kingpin.FlagModel) []*kingpin.FlagModel {
			return append(pick(fs, isPath), pick(fs, isOption)...)
		},
		"CollectorsOn":  func(fs []*kingpin.FlagModel) string { return switches(fs, "true") },
		"CollectorsOff": func(fs []*kingpin.FlagModel) string { return switches(fs, "false") },
	})
	app.UsageTemplate(ownHelp())
	app.HelpFlag.Help("Show context-sensitive help (also try --help-collectors, --help-long and --help-man).")
	app.Flag("help-collectors", "Show the collectors of host metrics and their flags.").
		PreAction(func(ctx *kingpin.ParseContext) error {
			// From here on as if --help had been given, so that kingpin's writer and its way to terminate apply.
			app.UsageTemplate(nodeHelp)
			ctx.Elements = append(ctx.Elements, &kingpin.ParseElement{Clause: app.HelpFlag})
			return nil
		}).Bool()
}

// ownHelp is kingpin's usual help without node_exporter's flags.
func ownHelp() string {
	return strings.Replace(kingpin.DefaultUsageTemplate, ".Context.Flags|", ".Context.Flags|OwnFlags|", 1)
}

const nodeHelp = `usage: {{.App.Name}} [<flags>]

The collectors of host metrics are node_exporter's, and so are their names, flags and defaults.

On by default, turned off with --no-collector.NAME, or all at once with --collector.disable-defaults:
{{CollectorsOn .App.Flags|Wrap 2}}
Off by default, turned on with --collector.NAME:
{{CollectorsOff .App.Flags|Wrap 2}}
Flags:
{{.App.Flags|NodeFlags|FlagsToTwoColumns|FormatTwoColumns}}`

// isOwn tells the program's flags from node_exporter's.
func isOwn(f *kingpin.FlagModel) bool { return !upstream[f.Name] }

// isSwitch reports whether f is the --collector.NAME that turns a collector on.
func isSwitch(f *kingpin.FlagModel) bool {
	name, ok := strings.CutPrefix(f.Name, "collector.")
	return ok && upstream[f.Name] && f.IsBoolFlag() && !strings.Contains(name, ".")
}

// isPath reports whether f says where node_exporter is to look for the host.
func isPath(f *kingpin.FlagModel) bool { return upstream[f.Name] && strings.HasPrefix(f.Name, "path.") }

// isOption reports whether f is a flag of node_exporter's for one of its collectors.
func isOption(f *kingpin.FlagModel) bool { return upstream[f.Name] && !isSwitch(f) && !isPath(f) }

func pick(flags []*kingpin.FlagModel, keep func(*kingpin.FlagModel) bool) []*kingpin.FlagModel {
	var kept []*kingpin.FlagModel
	for _, f := range flags {
		if keep(f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// switches lists the collectors whose default is as given.
func switches(flags []*kingpin.FlagModel, byDefault string) string {
	var names []string
	for _, f := range pick(flags, isSwitch) {
		if slices.Equal(f.Default, []string{byDefault}) {
			names = append(names, strings.TrimPrefix(f.Name, "collector."))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// parsed reports whether the flags have their values: before parsing even the default of --path.procfs is missing.
func parsed() bool {
	return kingpin.CommandLine.GetFlag("path.procfs").Model().String() != ""
}

// enabled returns the names of the collectors that the command line turns on.
func enabled() []string {
	var names []string
	for _, f := range pick(kingpin.CommandLine.Model().Flags, isSwitch) {
		if f.String() == "true" {
			names = append(names, strings.TrimPrefix(f.Name, "collector."))
		}
	}
	slices.Sort(names)
	return names
}

// setFlags returns the flags of a collector that are not at their defaults, as on a command line. Some collectors' flags
// bear a shorter name than the collector: those of powersupplyclass begin with --collector.powersupply.
func setFlags(name string) []string {
	var set []string
	for _, f := range pick(kingpin.CommandLine.Model().Flags, isOption) {
		group, _, ok := strings.Cut(strings.TrimPrefix(f.Name, "collector."), ".")
		if !ok || !strings.HasPrefix(name, group) {
			continue
		}
		if v := f.String(); v != strings.Join(f.Default, "") && !(f.IsBoolFlag() && v == "false") {
			set = append(set, fmt.Sprintf("--%s=%q", f.Name, v))
		}
	}
	return set
}
