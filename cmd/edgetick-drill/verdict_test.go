package main

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
)

// evidence is that of a drill in which pages 1 to 3 were handed out while
// healthy, 4 to 6 before the kill, then none for three seconds, page 7 after the
// restart and page 8 with the receiver back.
func (f *feed) evidence() evidence {
	f.source.handed = f.source.handed[:0]
	for _, second := range []int{1, 2, 3, 4, 5, 6, 10, 11} {
		f.source.handed = append(f.source.handed, handedAt(second))
	}
	return evidence{
		name: edgetickName, recorder: f.recorder, sources: []source{f.source}, interval: time.Second,
		times: outageTimes{
			wentDown: epoch.Add(3500 * time.Millisecond),
			cameBack: epoch.Add(10500 * time.Millisecond),
		},
		crash: crash{sent: epoch.Add(6050 * time.Millisecond), ended: epoch.Add(6060 * time.Millisecond)},
	}
}

// page sends the page of a number at a time.
func (f *feed) pageAt(number int, at time.Time) {
	for i := range f.series {
		f.value(i, at, f.on(i, number))
	}
}

func TestVerdict_TellsPhasesApart(t *testing.T) {
	f := newFeed(t, 2, 0)
	e := f.evidence()
	f.clock = epoch.Add(13 * time.Second)
	f.pageAt(1, handedAt(1))
	f.pageAt(4, handedAt(4))
	f.pageAt(7, handedAt(10))
	f.clock = epoch.Add(20 * time.Second)
	f.pageAt(8, handedAt(11))
	v, err := e.verdict()
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{phaseHealthy: 2, phaseDown: 2}; !maps.Equal(v.byPhase, want) {
		t.Errorf("pages missing by phase: %v, want %v", v.byPhase, want)
	}
	if v.atKill != 2 || v.missing != 8 {
		t.Errorf("%d samples missing, %d in progress, want 8 and 2", v.missing, v.atKill)
	}
	if v.downtime != 3 || v.gap != 4*time.Second || v.beforeKill != 50*time.Millisecond {
		t.Errorf("downtime of %d scrapes, gap of %s, last scrape %s before the kill", v.downtime, v.gap, v.beforeKill)
	}
	if v.caughtUp != 2500*time.Millisecond {
		t.Errorf("caught up after %s, want 2.5s", v.caughtUp)
	}
}

func TestJudge_OnlyEdgetickAndOnlyWhatItPromises(t *testing.T) {
	bad := account{missing: 3, wrong: 1, different: 1, disorder: 1, identical: 5}
	for name, c := range map[string]struct {
		v    verdict
		want int // lines of the error
	}{
		"a peer":              {verdict{name: vmagentName, account: bad}, 0},
		"edgetick":            {verdict{name: edgetickName, account: bad}, 4},
		"in progress":         {verdict{name: edgetickName, account: account{missing: 3}, atKill: 3}, 0},
		"identical only":      {verdict{name: edgetickName, account: account{identical: 3}}, 0},
		"unreadable requests": {verdict{name: edgetickName, traffic: traffic{refused: 1}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			err := judgeOutage([]verdict{c.v})
			lines := 0
			if err != nil {
				lines = strings.Count(err.Error(), "\n") + 1
			}
			if lines != c.want || c.want > 0 && !errors.Is(err, errBroken) {
				t.Errorf("error %v, want %d lines", err, c.want)
			}
		})
	}
}

func TestOutageTable_HasTheMedians(t *testing.T) {
	var b strings.Builder
	run := func(pages, samples, missing int) verdict {
		return verdict{name: "one", account: account{pages: pages, samples: samples, missing: missing}}
	}
	outageTable([][]verdict{{run(12, 200, 3), run(11, 100, 0), run(90, 300, 300)}, {{name: "two"}}}).print(&b)
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"one two scrapes: pages handed out 12 0", "samples handed out 200 0", "missing, % 1.50 0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
