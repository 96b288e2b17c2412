package main

import (
	"bufio"
	"fmt"
)

// printVerdict prints what edgetick wal verify found: each damaged place, the
// ticks that cannot be had, and one line that sums up.
func printVerdict(w *bufio.Writer, s *survey) error {
	places := s.places()
	if len(places) > 0 {
		t := newTable(w)
		t.row("FILE", "OFFSET", "BYTES", "SAMPLES", "WHAT")
		for _, p := range places {
			t.row(p.file, p.offset, p.bytes, p.samples, p.what)
		}
		t.end()
		fmt.Fprintln(w)
	}
	if len(s.lost) > 0 {
		t := newTable(w)
		t.row("LOST", "SAMPLES", "AFTER", "BEFORE", "WHY")
		for i := range s.lost {
			l := &s.lost[i]
			t.row(l.ticks(), l.samples(), timeOrDash(l.after), timeOrDash(l.before), why(l))
		}
		t.end()
		fmt.Fprintln(w)
	}
	for _, f := range s.in.Aside {
		fmt.Fprintf(w, "note: %s (%s) was set aside by an earlier start\n", f.Name, count(f.Size, "byte"))
	}
	_, err := fmt.Fprintln(w, s.sum(places))
	return err
}

func timeOrDash(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return stamp(ms)
}

func why(l *lostTicks) string {
	switch {
	case l.capped():
		return l.reason + ": deleted for --wal.max-bytes before they were delivered"
	case l.err != nil:
		return fmt.Sprintf("%s: %v", l.reason, l.err)
	}
	return l.reason + ": damaged or missing, or built on what is"
}

// sum is the verdict in one line.
func (s *survey) sum(places []place) string {
	read := fmt.Sprintf("%s, %s, %s of %d series", count(len(s.segments), "segment"), count(s.ticks, "tick"), count(s.samples, "sample"), s.series)
	if s.clean() {
		return "clean: " + read + " read and decoded"
	}
	var bytes int64
	var inside uint64
	for _, p := range places {
		bytes += p.bytes
		inside += p.samples
	}
	lost := s.lostSamples()
	return fmt.Sprintf("damaged: %s, %s; %d of %s lost, %d of these in the damaged bytes; left: %s",
		count(len(places), "place"), count(bytes, "byte"), lost, count(s.end.Base-s.begin.Base, "sample"), inside, read)
}
