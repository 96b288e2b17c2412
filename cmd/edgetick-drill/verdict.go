package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// outageTimes are when the receiver went and came back in an outage drill.
type outageTimes struct{ wentDown, cameBack time.Time }

const (
	phaseHealthy   = "while healthy"
	phaseDown      = "receiver down, before the kill"
	phaseDownAgain = "receiver down, after the restart"
	phaseBack      = "receiver back"
)

// phase tells when a page was handed out.
func (e evidence) phase(at time.Time) string {
	switch {
	case at.Before(e.times.wentDown):
		return phaseHealthy
	case !at.After(e.crash.ended):
		return phaseDown
	case at.Before(e.times.cameBack):
		return phaseDownAgain
	default:
		return phaseBack
	}
}

// verdict is what an outage drill found out about one agent.
type verdict struct {
	name string
	account
	traffic

	byPhase    map[string]int // pages of which samples are missing
	atKill     int            // samples missing that the agent had no time to make safe
	beforeKill time.Duration  // how long before the kill the last page was handed out
	downtime   int            // scrapes not made because the agent did not run
	gap        time.Duration  // between the scrapes around the kill
	caughtUp   time.Duration  // after the receiver's return, until the last page from before it came
}

// evidence is what there is to know about one agent after an outage drill.
type evidence struct {
	name     string
	recorder *recorder
	sources  []source
	traffic  traffic
	interval time.Duration
	times    outageTimes
	crash    crash
}

func (e evidence) verdict() (verdict, error) {
	a, err := e.recorder.account(e.sources)
	v := verdict{name: e.name, traffic: e.traffic, account: a, byPhase: make(map[string]int)}
	for _, l := range v.lost {
		v.byPhase[e.phase(l.handed)]++
	}
	v.atKill = v.missingAt(e.crash)
	for _, src := range e.sources {
		e.addGap(&v, src.handed)
		for i, came := range e.recorder.arrivals(src) {
			if src.handed[i].Before(e.times.cameBack) && !came.IsZero() {
				v.caughtUp = max(v.caughtUp, came.Sub(e.times.cameBack))
			}
		}
	}
	return v, err
}

// addGap enters what was not scraped around the kill.
func (e evidence) addGap(v *verdict, handed []time.Time) {
	for i, next := range handed {
		if i == 0 || !next.After(e.crash.ended) {
			continue
		}
		last := handed[i-1]
		gap := next.Sub(last)
		v.gap = max(v.gap, gap)
		v.downtime += int(gap.Round(e.interval)/e.interval) - 1
		v.beforeKill = e.crash.sent.Sub(last)
		return
	}
}

// outageTable has a column for each agent: the medians of its runs.
func outageTable(agents [][]verdict) (t table) {
	head := []string{""}
	for _, runs := range agents {
		head = append(head, runs[0].name)
	}
	t.row(head...)
	for _, f := range findings() {
		row := []string{f.name}
		for _, runs := range agents {
			var values []float64
			for _, v := range runs {
				values = append(values, f.of(v))
			}
			row = append(row, f.format(median(values)))
		}
		t.row(row...)
	}
	return t
}

func findings() []line[verdict] {
	tenths := func(v float64) string { return fmt.Sprintf("%.1f", v) }
	count := func(name string, get func(verdict) int) line[verdict] {
		return line[verdict]{name, func(v verdict) float64 { return float64(get(v)) }, whole}
	}
	missing := func(phase string) line[verdict] {
		return count("    handed out "+phase, func(v verdict) int { return v.byPhase[phase] })
	}
	return []line[verdict]{
		count("scrapes: pages handed out", func(v verdict) int { return v.pages }),
		count("  complete at the receiver", func(v verdict) int { return v.complete }),
		count(givenUpTitle, func(v verdict) int { return v.givenUp }),
		count("  with samples missing", func(v verdict) int { return len(v.lost) }),
		missing(phaseHealthy), missing(phaseDown), missing(phaseDownAgain), missing(phaseBack),
		count("up = 1 at the receiver", func(v verdict) int { return v.up }),
		count("scrapes not made, the agent being down", func(v verdict) int { return v.downtime }),
		{"  seconds between the scrapes around it", func(v verdict) float64 { return v.gap.Seconds() }, tenths},
		{"  seconds from the last scrape to the kill", func(v verdict) float64 { return v.beforeKill.Seconds() }, number},
		count("samples handed out", func(v verdict) int { return v.samples }),
		count("  missing", func(v verdict) int { return v.missing }),
		count("    of a scrape in progress at the kill", func(v verdict) int { return v.atKill }),
		{"  missing, %", func(v verdict) float64 { return 100 * float64(v.missing) / float64(max(v.samples, 1)) }, number},
		count("  arrived with a wrong value", func(v verdict) int { return v.wrong }),
		count("duplicates, identical", func(v verdict) int { return v.identical }),
		count("duplicates, other value", func(v verdict) int { return v.different }),
		count("out of order", func(v verdict) int { return v.disorder }),
		{"backlog there, seconds after the return", func(v verdict) float64 { return v.caughtUp.Seconds() }, tenths},
		count("requests", func(v verdict) int { return v.requests }),
		{"  bytes per sample", func(v verdict) float64 { return float64(v.bytes) / float64(max(v.samples-v.missing, 1)) }, number},
	}
}

// judgeOutage holds edgetick to what it promises: nothing is lost but what it was
// gathering when it was killed.
func judgeOutage(runs []verdict) (err error) {
	for _, v := range runs {
		if v.name == edgetickName {
			err = errors.Join(err, v.judge(v.atKill))
			err = errors.Join(err, broken(v.refused, "requests that cannot be read"))
		}
	}
	return err
}

// judge returns an error for whatever an agent must not do. So many samples may
// be missing.
func (a account) judge(mayMiss int) error {
	return errors.Join(
		broken(a.unreadable, "requests that cannot be decoded"),
		broken(a.missing-mayMiss, "samples lost"+a.lostPages()),
		broken(a.wrong, "samples with a wrong value"),
		broken(a.different, "duplicates with another value"),
		broken(a.disorder, "samples out of order"),
	)
}

// lostPages names the first of the pages of which samples are missing.
func (a account) lostPages() string {
	var b strings.Builder
	for i, l := range a.lost {
		if i == 5 {
			b.WriteString(", and more")
			break
		}
		fmt.Fprintf(&b, ", %d of page %d handed out at %s", l.missing, l.number, l.handed.Format("15:04:05.000"))
	}
	return b.String()
}

func broken(n int, what string) error {
	if n <= 0 {
		return nil
	}
	return fmt.Errorf("%w: %d %s", errBroken, n, what)
}
