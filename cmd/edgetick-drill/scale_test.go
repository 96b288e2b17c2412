package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLayoutOf(t *testing.T) {
	for series, want := range map[int]layout{
		2:         {1, 2},
		100_000:   {1, 100_000},
		100_001:   {2, 50_001},
		1_200_000: {12, 100_000},
	} {
		if got := layoutOf(series, 100_000); got != want || got.series() < series {
			t.Errorf("%d series: %+v, want %+v", series, got, want)
		}
	}
}

// TestLayout_SeriesAreOnOnePage: what stands on the pages is what a tally expects.
func TestLayout_SeriesAreOnOnePage(t *testing.T) {
	l := layoutOf(30, 12)
	p := &tallied{T: t, tally: newTally(l.targets, l.page-1)}
	seen := make(map[string]bool)
	for i, b := range l.books() {
		got, err := b.truth(1)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.columns) != l.page {
			t.Errorf("%d series on page %d, want %d", len(got.columns), i, l.page)
		}
		for key := range got.columns {
			_, number, found := strings.Cut(key, seriesLabel+"\xff")
			if !found {
				continue
			}
			n, err := strconv.Atoi(strings.TrimSuffix(number, "\xff"))
			if target, _ := p.find(heading{instance: []byte(instance(i)), number: n}); err != nil || target == nil || seen[number] {
				t.Errorf("series %d is not one of target %d: %v", n, i, err)
			}
			seen[number] = true
		}
	}
	if len(seen) != l.series()-l.targets {
		t.Errorf("%d series, want %d", len(seen), l.series()-l.targets)
	}
}

func TestLatenessOf_TakesTheFirstOfEachBeat(t *testing.T) {
	at := func(beat int, late time.Duration) time.Time { return handedAt(beat).Add(late) }
	sources := []source{
		{handed: []time.Time{at(1, 9*time.Millisecond), at(2, 5*time.Millisecond), at(3, time.Millisecond)}},
		{handed: []time.Time{at(2, 3*time.Millisecond), at(3, 2*time.Millisecond)}},
	}
	got := latenessOf(sources, time.Second, handedAt(2), handedAt(4))
	slices.Sort(got)
	if want := (lateness{time.Millisecond, 3 * time.Millisecond}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := handedIn(sources, handedAt(2), handedAt(3)); n != 2 {
		t.Errorf("%d pages from beat 2 to beat 3, want 2", n)
	}
}

func TestLateness_Quantile(t *testing.T) {
	var l lateness
	for i := 100; i > 0; i-- {
		l = append(l, time.Duration(i)*time.Millisecond)
	}
	for part, want := range map[float64]float64{0: 1, .5: 50, .99: 99, 1: 100} {
		if got := l.quantile(part); got != want {
			t.Errorf("quantile %v: %v, want %v", part, got, want)
		}
	}
	if got := (lateness{}).quantile(.5); got != 0 {
		t.Errorf("quantile %v of nothing", got)
	}
}

func TestPulse_PrintsWhatIsRead(t *testing.T) {
	log := filepath.Join(t.TempDir(), "pulse.log")
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if code := run(ctx, []string{pulseCommand, "--interval=1ms"}, f, os.Stderr); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	l, err := readPulse(log)
	if err != nil || len(l) == 0 || slices.Min(l) < 0 {
		t.Errorf("%v, %v", l, err)
	}
	if err := os.WriteFile(log, []byte("12\nlate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readPulse(log); err == nil {
		t.Error("what is no number is read")
	}
}

func TestScaleTable(t *testing.T) {
	const mega = 1 << 20
	run := func(series int, rss float64) scaled {
		return scaled{
			measured: measured{
				start: usage{at: epoch}, end: usage{at: epoch.Add(time.Second), cpu: 500 * time.Microsecond, disk: 3000},
				rss: []float64{rss}, samples: 1000, ticks: 9, weight: weight{messages: 10, bytes: 5000, samples: 1000, entries: 250},
				account: account{samples: 1010, missing: 3, wrong: 1},
			},
			layout:  layout{1, series},
			before:  selfMetrics{"edgetick_ticks_missed_total": 1, "edgetick_tick_lateness_seconds_count": 10},
			after:   selfMetrics{"edgetick_ticks_missed_total": 3, "edgetick_tick_lateness_seconds_count": 14, `edgetick_tick_lateness_seconds_bucket{le="0.01"}`: 3},
			settled: selfMetrics{pendingMetric: 7, droppedMetric: 8, droppedMetric + `{reason="full"}`: 8, droppedMetric + `{reason="old"}`: 0},
			own:     2 * time.Millisecond, seen: lateness{3 * time.Millisecond}, bare: lateness{time.Millisecond},
		}
	}
	all := []scaled{run(1000, 10), run(1000+mega, 110)}
	text := cells(scaleTable(all))
	for _, want := range []string{
		"series 1000 1049576", "missed 2 2", "within 10 ms, % 75.0 75.0", "seen at the source, ms p99 3.00 3.00", "bare ticker, ms max 1.00 1.00",
		"CPU us per sample 0.500 0.500 of this drill itself 2.000 2.000", "bytes per series - 100",
		"samples per TimeSeries 4.00 4.00", "pending 7 7", "dropped 8 8", "missing 2 2 wrong value 1 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got, want := all[0].reasons(), "1000 series: "+droppedMetric+`{reason="full"} 8`+"\n"; got != want {
		t.Errorf("reasons %q, want %q", got, want)
	}
}
