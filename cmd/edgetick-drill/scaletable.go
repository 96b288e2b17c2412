package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// scaleTable has a column for each number of series.
func scaleTable(all []scaled) (t table) {
	head := []string{"series"}
	for _, r := range all {
		head = append(head, fmt.Sprint(r.layout.series()))
	}
	t.row(head...)
	for _, list := range [][]line[scaled]{beatLines(), costLines(all[0]), checkLines()} {
		lines(&t, list, all)
	}
	return t
}

func (d *scale) report(all []scaled) {
	d.say("")
	d.show(scaleTable(all))
	for _, r := range all {
		fmt.Fprint(d.out, r.reasons())
	}
	d.say(`
missed, late, within  what edgetick says of its own ticks in the time measured; late is by more than a tenth of the interval
seen at the source    when the first page of each tick was asked for, after the tick was due
bare ticker           in a process of its own that does nothing else, at the same time
CPU, RSS, disk        those of edgetick's process; exporters and receiver are in this one, whose CPU stands beside
bytes per series      what edgetick holds more than with the fewest series, by series`)
}

// reasons are why edgetick dropped samples, one in a line.
func (r scaled) reasons() (text string) {
	for _, series := range slices.Sorted(maps.Keys(r.settled)) {
		if n := r.settled[series]; n > 0 && strings.HasPrefix(series, droppedMetric+"{") {
			text += fmt.Sprintf("%d series: %s %.0f\n", r.layout.series(), series, n)
		}
	}
	return text
}

// grew is how much one of the agent's own counters grew in the time measured.
func (r scaled) grew(name string) float64 { return r.after[name] - r.before[name] }

// within is the percentage of ticks that were no later than a bound, as a bucket
// has it.
func (r scaled) within(bound string) float64 {
	const histogram = "edgetick_tick_lateness_seconds"
	return 100 * r.grew(histogram+`_bucket{le="`+bound+`"}`) / r.grew(histogram+"_count")
}

func beatLines() []line[scaled] {
	grew := func(title, name string) line[scaled] {
		return line[scaled]{title, func(r scaled) float64 { return r.grew(name) }, whole}
	}
	list := []line[scaled]{
		{"exporters", func(r scaled) float64 { return float64(r.layout.targets) }, whole},
		{"ticks", func(r scaled) float64 { return float64(r.ticks) }, whole},
		grew("  missed", "edgetick_ticks_missed_total"),
		grew("  late", "edgetick_ticks_late_total"),
		{"  within 1 ms, %", func(r scaled) float64 { return r.within("0.001") }, number},
		{"  within 10 ms, %", func(r scaled) float64 { return r.within("0.01") }, number},
		{"  within 100 ms, %", func(r scaled) float64 { return r.within("0.1") }, number},
	}
	list = append(list, latenessLines("  seen at the source", func(r scaled) lateness { return r.seen })...)
	return append(list, latenessLines("  bare ticker", func(r scaled) lateness { return r.bare })...)
}

func latenessLines(what string, of func(scaled) lateness) (list []line[scaled]) {
	for _, q := range []struct {
		name string
		part float64
	}{{"p50", .5}, {"p99", .99}, {"max", 1}} {
		list = append(list, line[scaled]{what + ", ms " + q.name, func(r scaled) float64 { return of(r).quantile(q.part) }, number})
	}
	return list
}

func costLines(least scaled) []line[scaled] {
	perSample := func(v float64, r scaled) float64 { return v / float64(max(r.samples, 1)) }
	return []line[scaled]{
		{"samples measured", func(r scaled) float64 { return float64(r.samples) }, whole},
		{"CPU us per sample", func(r scaled) float64 { return r.micros() }, precise},
		{"  of this drill itself", func(r scaled) float64 { return perSample(float64(r.own.Microseconds()), r) }, precise},
		{"CPU, % of a core", func(r scaled) float64 { return r.ofCore(r.end.cpu - r.start.cpu) }, number},
		{"  of this drill itself", func(r scaled) float64 { return r.ofCore(r.own) }, number},
		{"RSS MiB, median", func(r scaled) float64 { return median(r.rss) }, number},
		{"RSS MiB, max", func(r scaled) float64 { return slices.Max(r.rss) }, number},
		{"  bytes per series", func(r scaled) float64 {
			return (median(r.rss) - median(least.rss)) * (1 << 20) / float64(r.layout.series()-least.layout.series())
		}, number},
		{"disk, bytes per sample", func(r scaled) float64 { return perSample(float64(r.end.disk-r.start.disk), r) }, number},
		{"  written to the log", func(r scaled) float64 { return perSample(r.grew("edgetick_wal_written_bytes_total"), r) }, number},
		{"wire, bytes per sample: body", func(r scaled) float64 { return r.weight.body() }, number},
		{"wire, bytes per sample: with HTTP", func(r scaled) float64 { return r.weight.withHTTP(r.envelope) }, number},
		{"  samples per TimeSeries", func(r scaled) float64 { return float64(r.weight.samples) / float64(r.weight.entries) }, number},
		{"  samples per request", func(r scaled) float64 { return float64(r.weight.samples) / float64(r.weight.messages) }, number},
	}
}

// ofCore is CPU time as a percentage of a core in the time measured.
func (r scaled) ofCore(cpu time.Duration) float64 {
	return 100 * cpu.Seconds() / r.end.at.Sub(r.start.at).Seconds()
}

func precise(v float64) string { return fmt.Sprintf("%.3f", v) }

func checkLines() []line[scaled] {
	count := func(name string, of func(account) int) line[scaled] {
		return line[scaled]{name, func(r scaled) float64 { return float64(of(r.account)) }, whole}
	}
	settled := func(title, name string) line[scaled] {
		return line[scaled]{title, func(r scaled) float64 { return r.settled[name] }, whole}
	}
	return []line[scaled]{
		settled("edgetick says, all in all: gathered", gatheredMetric),
		settled("  acknowledged", acknowledgedMetric),
		settled("  pending", pendingMetric),
		settled("  rejected", rejectedMetric),
		settled("  dropped", droppedMetric),
		count("checked: samples handed out, all in all", func(a account) int { return a.samples }),
		count(givenUpTitle, func(a account) int { return a.givenUp }),
		count("  missing", account.absent),
		count("  wrong value", func(a account) int { return a.wrong }),
		count("  duplicates, identical", func(a account) int { return a.identical }),
		count("  duplicates, other value", func(a account) int { return a.different }),
		count("  stale markers", func(a account) int { return a.stale }),
		count("  series on no page", func(a account) int { return a.extra }),
	}
}
