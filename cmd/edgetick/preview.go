package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/units"

	"github.com/edgetick/edgetick/agent"
)

// dryRun gathers one tick and prints what would be sent.
func dryRun(ctx context.Context, cfg agent.Config, out io.Writer) error {
	p, err := agent.New(cfg).Preview(ctx)
	if err != nil {
		return err
	}
	return printPreview(out, p)
}

func printPreview(out io.Writer, p agent.Preview) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TARGET\tJOB\tINSTANCE\tSAMPLES\tHISTOGRAMS\tEXEMPLARS\tTOOK\tERROR")
	for _, t := range p.Targets {
		why := "-"
		if t.Err != nil {
			why = t.Err.Error()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n",
			t.Source, t.Job, t.Instance, t.Samples, t.Histograms, t.Exemplars, t.Took.Round(time.Millisecond), why)
	}
	fmt.Fprintf(w, "\none tick: %d series, %d samples\n\n", p.Series, p.Samples)
	fmt.Fprintln(w, "REMOTE\tURL\tPROTOCOL\tREQUESTS\tSAMPLES\tBYTES\tBYTES A DAY, PACKED BY PACK-TICKS")
	for _, r := range p.Remotes {
		fmt.Fprintf(w, "%s\t%s\t%s %s\t%d\t%d\t%d\t%s to %s, by %d\n",
			r.Name, r.URL, r.Tick.Protocol, r.Tick.Compression, r.Tick.Requests, r.Tick.Samples, r.Tick.Bytes, human(r.Low), human(r.High), r.PackTicks)
	}
	fmt.Fprintln(w, "\nThe lower figure is for values that never change, the higher for values that all change with every tick. Both are request bodies; HTTP adds about 400 bytes a request.")
	fmt.Fprintln(w, "Nothing was sent and nothing written.")
	return w.Flush()
}

// human is a number of bytes with three digits or so.
func human(n int64) string {
	for _, u := range []struct {
		size units.MetricBytes
		name string
	}{{units.Gigabyte, "GB"}, {units.Megabyte, "MB"}, {units.Kilobyte, "kB"}} {
		if n >= int64(u.size) {
			return fmt.Sprintf("%.3g %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
