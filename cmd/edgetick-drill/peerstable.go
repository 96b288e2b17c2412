package main

import (
	"fmt"
	"slices"
)

func (p *peers) gathered() string {
	switch p.scenario {
	case nodeScenario:
		return "the host's own metrics, edgetick by itself, the others from a node_exporter"
	case pagesScenario:
		return fmt.Sprintf("%d exporters, each with pages of a node_exporter captured every 15s", p.load.targets)
	default:
		return fmt.Sprintf("%d exporters of %d series", p.load.targets, p.load.series)
	}
}

// property is a line of the table of peers.
type property struct {
	name   string
	of     func(measured) float64
	format func(float64) string
	kind   propertyKind
}

// propertyKind is how a property is compared.
type propertyKind int

const (
	fact  propertyKind = iota
	cost               // as a ratio to the first agent's
	noisy              // the same, and with its spread
)

func (p *peers) report(agents [][]measured) {
	p.say("")
	p.show(peersTable(agents))
	if len(p.floors) > 0 {
		f, first := spreadOf(p.floors), spreadOf(each(agents[0], measured.micros))
		p.say(`
The floor: a process that reads the same pages, compares each with the one before, copies a column and writes and syncs a byte for each value
takes %s us of CPU per sample (%s to %s). %s takes %s times that.`,
			number(f.median), number(f.min), number(f.max), agents[0][0].name, number(first.median/f.median))
	}
	c := spreadOf(p.calibrations)
	p.say(`
CPU, RSS, PSS and disk are those of the agent's process%s; exporters and receiver are in another.
disk is what the process caused to be written, in whole pages, as /proc/PID/io counts.
Medians of %d runs, CPU with the smallest and the largest. Noise of the machine: the same bare loop before each took %.0f to %.0f ms, median %.0f.`,
		p.companions(), p.runs, c.min, c.max, c.median)
}

func (p *peers) companions() string {
	if p.scenario == nodeScenario {
		return " and, but for edgetick, its node_exporter (whose pages nobody knows: of what came only the order is checked)"
	}
	return ""
}

// peersTable has a column for each agent with the medians of its runs, and one
// for how it compares with the first.
func peersTable(agents [][]measured) (t table) {
	head := []string{""}
	for _, runs := range agents {
		head = append(head, runs[0].name)
	}
	for _, runs := range agents[1:] {
		head = append(head, runs[0].name+" / "+agents[0][0].name)
	}
	t.row(head...)
	for _, q := range properties() {
		t.row(q.row(agents)...)
	}
	return t
}

func (q property) row(agents [][]measured) []string {
	row := []string{q.name}
	var middles []float64
	for _, runs := range agents {
		s := spreadOf(each(runs, q.of))
		cell := q.format(s.median)
		if q.kind == noisy && len(runs) > 1 {
			cell += fmt.Sprintf(" (%s to %s)", q.format(s.min), q.format(s.max))
		}
		row = append(row, cell)
		middles = append(middles, s.median)
	}
	for _, middle := range middles[1:] {
		cell := ""
		if q.kind != fact && middles[0] > 0 {
			cell = number(middle / middles[0])
		}
		row = append(row, cell)
	}
	return row
}

// each is a property of each run.
func each(runs []measured, of func(measured) float64) (values []float64) {
	for _, m := range runs {
		values = append(values, of(m))
	}
	return values
}

func properties() []property {
	perSample := func(v float64, m measured) float64 { return v / float64(max(m.samples, 1)) }
	checked := func(name string, of func(account) int) property {
		return property{name, func(m measured) float64 { return float64(of(m.account)) }, whole, fact}
	}
	return []property{
		{"CPU us per sample", measured.micros, number, noisy},
		{"CPU ms per tick", func(m measured) float64 { return micros(m.start, m.end) / 1000 / float64(max(m.ticks, 1)) }, number, cost},
		{"CPU, % of a core", func(m measured) float64 {
			return 100 * micros(m.start, m.end) / float64(m.end.at.Sub(m.start.at).Microseconds())
		}, number, cost},
		{"CPU, seconds per hour", func(m measured) float64 {
			return 3600 * micros(m.start, m.end) / float64(m.end.at.Sub(m.start.at).Microseconds())
		}, number, cost},
		{"RSS MiB, median", func(m measured) float64 { return median(m.rss) }, number, cost},
		{"RSS MiB, max", func(m measured) float64 { return slices.Max(m.rss) }, number, cost},
		{"PSS MiB, median", func(m measured) float64 { return median(m.pss) }, number, cost},
		{"PSS MiB, max", func(m measured) float64 { return slices.Max(m.pss) }, number, cost},
		{"disk, bytes per sample", func(m measured) float64 { return perSample(float64(m.end.disk-m.start.disk), m) }, number, cost},
		{"wire, bytes per sample: body", func(m measured) float64 { return m.weight.body() }, number, cost},
		{"wire, bytes per sample: with HTTP", func(m measured) float64 { return m.weight.withHTTP(m.envelope) }, number, cost},
		{"samples per TimeSeries", func(m measured) float64 { return float64(m.weight.samples) / float64(m.weight.entries) }, number, fact},
		{"ticks measured", func(m measured) float64 { return float64(m.ticks) }, whole, fact},
		{"samples of these", func(m measured) float64 { return float64(m.samples) }, whole, fact},
		checked("checked: samples handed out, all in all", func(a account) int { return a.samples }),
		checked(givenUpTitle, func(a account) int { return a.givenUp }),
		checked("  missing", account.absent),
		checked("  wrong value", func(a account) int { return a.wrong }),
		checked("  duplicates, identical", func(a account) int { return a.identical }),
		checked("  duplicates, other value", func(a account) int { return a.different }),
		checked("  out of order", func(a account) int { return a.disorder }),
	}
}
