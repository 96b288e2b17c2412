package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"testing"
)

// Order holds across a kill, the replay of the log and a change of protocol, and
// what the second life does not gather any more gets its stale markers.
func TestConformance_Lives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, second string }{
		"V1_MUST_KeepOrder":      {version1, version1},
		"V2_MUST_KeepOrder":      {version2, version2},
		"V2_MAY_FallBackBetween": {version2, version1},
		"V1_MAY_RiseBetween":     {version1, version2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newLives(t).run(c.first, c.second)
		})
	}
}

// lives are two lives of the program with a log and a receiver.
type lives struct {
	*testing.T
	source, leaving *exporter
	receiver        *scripted
	dir             string
}

func newLives(t *testing.T) *lives {
	return &lives{
		T:        t,
		source:   startExporter(t, asText, numberedPage),
		leaving:  startExporter(t, asProtobuf, func(int) servedPage { return nativePage(1) }),
		receiver: startScripted(t, takes),
		dir:      filepath.Join(t.TempDir(), "wal"),
	}
}

// begin begins a life, with a receiver that knows nothing but a version.
func (l *lives) begin(version string, more ...string) *process {
	l.Helper()
	l.receiver.turn(where(func(d *delivery) bool { return d.message.version != version }, says(http.StatusUnsupportedMediaType, "what?")))
	return edgetick(l.T, append(append(quiet, "--tick.interval=100ms", "--remote-write.pack-ticks=2", "--wal.dir="+l.dir,
		"--remote-write.min-backoff=20ms", "--remote-write.max-backoff=100ms",
		"--remote-write.url="+l.receiver.URL, l.source.target("numbered")), more...)...)
}

func (l *lives) run(first, second string) {
	p := l.begin(first, l.leaving.target("leaving", "histograms=native"))
	l.receiver.until("some have been accepted", accepts(4))
	l.receiver.turn(says(http.StatusServiceUnavailable, "later"))
	l.source.until(l.source.count() + 8)
	p.cmd.Process.Kill()
	p.wait()
	killed, sent := l.source.count(), len(l.receiver.deliveries())

	p = l.begin(second)
	l.receiver.until("the second life has delivered", func(all []delivery) bool { return accepts(6)(all[sent:]) })
	if code := p.stop(); code != 0 {
		l.Errorf("exit code %d", code)
	}
	r := arrivals(l.T, l.receiver.deliveries())
	l.check(r, killed)
	if books := lastBooks(l.T, l.dir, "default"); books.Rejected.Total()+books.Dropped.Total() > 0 {
		l.Errorf("the books say %+v", books)
	}
}

// check looks at what the second life has made of the first.
func (l *lives) check(r *recorder, killed int) {
	l.Helper()
	lost := -r.failures()
	for n, arrived := 1, r.numbers(); n <= killed; n++ {
		if !arrived[n] {
			lost++
		}
	}
	if lost > 2 { // the tick in progress, and one more on a busy machine
		l.Errorf("%d of %d pages have not arrived", lost, killed)
	}
	ends := regexp.MustCompile(`^(vs)+$`) // a scrape may fail, too
	all := &recording{deliveries: l.receiver.deliveries()}
	if got := all.of(l.T, "leaving", "sick"); !ends.MatchString(shape(got.samples)) {
		l.Errorf("sick has values and stale markers in the order %s", shape(got.samples))
	}
	for _, name := range []string{"ints", "floats"} {
		if got := all.of(l.T, "leaving", name); len(got.samples) > 0 || !ends.MatchString(shapeOfHistograms(got.histograms)) {
			l.Errorf("%s has histograms and stale markers in the order %s, and %d floats", name, shapeOfHistograms(got.histograms), len(got.samples))
		}
	}
}
