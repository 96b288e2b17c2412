package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func cells(t table) string {
	var b strings.Builder
	t.print(&b)
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestWireTable_ComparesWithPrometheus(t *testing.T) {
	text := cells(wireTable([]weighed{
		{edgetickName, settings{packTicks: 4}, weight{protocol: "2.0", encoding: "snappy", messages: 2, bytes: 500, entries: 25, samples: 100}, 50, account{samples: 90}},
		{prometheusName, settings{}, weight{protocol: "1.0", encoding: "snappy", messages: 1, bytes: 2000, entries: 100, samples: 100}, 100, account{samples: 80, missing: 3, wrong: 1, identical: 3, different: 4}},
	}))
	for _, want := range []string{
		"edgetick 2.0 snappy 4 4.00 5.00 6.00 0.25 90 all",
		"prometheus 1.0 snappy - 1.00 20.0 21.0 1.00 80 2 missing, 1 wrong, 7 twice, 0 late",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestJudgeWire_BytesAreNotSavedBySamples(t *testing.T) {
	rows := []weighed{{name: prometheusName, account: account{missing: 1}}, {name: edgetickName}}
	if err := judgeWire(rows); err != nil {
		t.Error(err)
	}
	rows[1].account.missing = 1
	if err := judgeWire(rows); !errors.Is(err, errBroken) {
		t.Errorf("error %v for a lost sample", err)
	}
}

func TestPeersTable_HasMediansAndRatios(t *testing.T) {
	run := func(name string, cpu time.Duration, rss float64) measured {
		return measured{
			name: name, start: usage{at: epoch}, end: usage{at: epoch.Add(time.Second), cpu: cpu, disk: 500},
			rss: []float64{rss, rss + 1, rss + 9}, pss: []float64{1}, samples: 1000, account: account{samples: 12, disorder: 3},
			weight: weight{messages: 1, bytes: 30, samples: 10, entries: 5},
		}
	}
	text := cells(peersTable([][]measured{
		{run("edgetick", 2*time.Millisecond, 10), run("edgetick", 3*time.Millisecond, 20), run("edgetick", 9*time.Millisecond, 30)},
		{run("peer", 30*time.Millisecond, 42), run("peer", 29*time.Millisecond, 42), run("peer", 31*time.Millisecond, 42)},
	}))
	for _, want := range []string{
		"edgetick peer peer / edgetick",
		"CPU us per sample 3.00 (2.00 to 9.00) 30.0 (29.0 to 31.0) 10.0",
		"CPU, % of a core 0.30 3.00 10.0",
		"RSS MiB, median 21.0 43.0 2.05",
		"RSS MiB, max 29.0 51.0 1.76",
		"disk, bytes per sample 0.50 0.50 1.00",
		"wire, bytes per sample: body 3.00 3.00 1.00",
		"samples per TimeSeries 2.00 2.00 ticks",
		"out of order 3 3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestJudgePeers_OnlyEdgetick(t *testing.T) {
	bad := account{wrong: 1}
	if err := judgePeers([]measured{{name: vmagentName, account: bad}, {name: edgetickName}}); err != nil {
		t.Error(err)
	}
	if err := judgePeers([]measured{{name: edgetickName, account: bad}}); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

func TestUsage_AddsACompanion(t *testing.T) {
	u := usage{epoch, 1, 2, 3, 4, 5}.plus(usage{epoch, 10, 20, 30, 40, 50})
	if want := (usage{epoch, 11, 22, 33, 44, 55}); u != want {
		t.Errorf("%+v, want %+v", u, want)
	}
}

func TestWeight_TellsProtocolsApart(t *testing.T) {
	one, two := weight{protocol: "1.0", encoding: "snappy"}, weight{protocol: "2.0", encoding: "snappy"}
	for want, sum := range map[weight]weight{
		one:                                     weight{}.plus(one).plus(one),
		two:                                     two.plus(two),
		{protocol: "mixed", encoding: "snappy"}: one.plus(two).plus(two),
	} {
		if sum != want {
			t.Errorf("%+v, want %+v", sum, want)
		}
	}
}
