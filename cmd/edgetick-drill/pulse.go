package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// pulse is a bare ticker in a process that does nothing else: how late it is, the
// machine is, and nobody on it can be better.
type pulse struct {
	*common
	interval time.Duration
}

const pulseCommand = "pulse"

func addPulse(app *kingpin.Application, c *common) drill {
	p := &pulse{common: c}
	cmd := app.Command(pulseCommand, "Print how late a bare ticker is, in nanoseconds, until ended.").Hidden()
	cmd.Flag("interval", "Time between beats.").Required().DurationVar(&p.interval)
	return p.run
}

// run ticks as edgetick does: on multiples of the interval.
func (p *pulse) run(ctx context.Context) error {
	ticker := time.NewTicker(p.interval)
	defer ticker.Stop()
	for {
		now := time.Now()
		wait := now.Truncate(p.interval).Add(p.interval).Sub(now)
		ticker.Reset(wait)
		select {
		case <-ticker.C:
			p.say("%d", (time.Since(now) - wait).Nanoseconds())
		case <-ctx.Done():
			return nil
		}
	}
}

// startPulse starts a process of its own with a pulse.
func startPulse(dir string, interval time.Duration) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startChild(self, []string{pulseCommand, "--interval=" + interval.String()}, filepath.Join(dir, "pulse.log"))
}

// readPulse reads what a pulse has printed.
func readPulse(log string) (l lateness, err error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		ns, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", log, err)
		}
		l = append(l, time.Duration(ns))
	}
	return l, nil
}

// lateness is how late beats were.
type lateness []time.Duration

// latenessOf finds out from the times at which pages were handed out when the
// first of each beat was, in a span of time.
func latenessOf(sources []source, interval time.Duration, from, to time.Time) (l lateness) {
	first := make(map[time.Time]time.Duration)
	for _, s := range sources {
		for _, at := range s.handed {
			if at.Before(from) || at.After(to) {
				continue
			}
			// As edgetick has it, a beat may come a little early by the wall clock.
			beat := at.Add(interval / 10).Truncate(interval)
			late := max(at.Sub(beat), 0)
			if before, ok := first[beat]; !ok || late < before {
				first[beat] = late
			}
		}
	}
	for _, late := range first {
		l = append(l, late)
	}
	return l
}

// quantile is the least lateness that a part of the beats does not exceed, in
// milliseconds.
func (l lateness) quantile(part float64) float64 {
	if len(l) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l))
	last := int(math.Ceil(part * float64(len(sorted))))
	return float64(sorted[max(last, 1)-1].Microseconds()) / 1000
}
