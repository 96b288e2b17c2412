package collector_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// The labels that targets have in tests.
var usualLabels = labels.FromStrings("instance", "node:80", "job", "job")

// newTarget makes a target with the usual labels, a second to answer and no log,
// where cfg does not say otherwise.
func newTarget(cfg collector.Config) *collector.Target {
	if cfg.Labels.IsEmpty() {
		cfg.Labels = usualLabels
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return collector.New(cfg)
}

// reports is the number of samples about the scrape in each block.
const reports = 5

// rules checks what holds of the blocks of a target whatever its pages say.
type rules struct {
	newest map[string]int64 // by label set, of all blocks so far
	column map[string]bool  // of the block before, without the report
}

func newRules() *rules {
	return &rules{newest: make(map[string]int64)}
}

// check returns an error if the block breaks a rule.
func (r *rules) check(b buffer.Block, err error) error {
	if b.Layout == nil || len(b.Values) != len(b.Layout.Series) || len(b.Values) < reports {
		return fmt.Errorf("%d values for the layout %v", len(b.Values), b.Layout)
	}
	n := len(b.Values) - reports
	if up := b.Values[n]; up != 1 && err == nil || up != 0 && err != nil || n > 0 && err != nil {
		return fmt.Errorf("up is %v and the column has %d samples with the error %v", up, n, err)
	}
	column := make(map[string]bool)
	for _, s := range b.Layout.Series[:n] {
		if column[s.Labels] {
			return fmt.Errorf("%s stands in the layout twice", names(s))
		}
		column[s.Labels] = true
	}
	if err := r.checkMarkers(b, column); err != nil {
		return err
	}
	r.column = column
	return r.checkOrder(b)
}

// checkMarkers returns an error unless there are stale markers for the series
// that left the column, and for no others.
func (r *rules) checkMarkers(b buffer.Block, column map[string]bool) error {
	due := make(map[string]bool)
	for s := range r.column {
		due[s] = !column[s]
	}
	for _, s := range b.Extra {
		switch stale := math.Float64bits(s.Value) == value.StaleNaN; {
		case stale && (!due[s.Series.Labels] || s.Time != b.Time):
			return fmt.Errorf("%s has a stale marker at %d that is not due", names(s.Series), s.Time)
		case stale, s.Time >= b.Time:
			due[s.Series.Labels] = false
		}
	}
	for s, is := range due {
		if is && r.newest[s] < b.Time {
			return fmt.Errorf("%s has no stale marker", names(&buffer.Series{Labels: s}))
		}
	}
	return nil
}

// checkOrder returns an error unless each sample is newer than the one of its
// series before.
func (r *rules) checkOrder(b buffer.Block) (err error) {
	eachSample(b, func(s buffer.Sample) {
		last, ok := r.newest[s.Series.Labels]
		if ok && s.Time <= last {
			err = fmt.Errorf("%s has a sample at %d after one at %d", names(s.Series), s.Time, last)
		}
		r.newest[s.Series.Labels] = s.Time
	})
	return err
}

func names(s *buffer.Series) string {
	var b labels.ScratchBuilder
	for name, value := range proto.Labels(s.Labels) {
		b.Add(name, value)
	}
	return b.Labels().String()
}

// pageOf writes a page gathered at the time at. Each line of it is a
// byte: the series in the low bits, how it stands there in the high ones.
func pageOf(lines []byte, at int64) (body string, fails bool) {
	var b strings.Builder
	for i, c := range lines {
		name, how := string('a'+rune(c&7)), c>>3
		switch how {
		default:
			fmt.Fprintf(&b, "%s %d\n", name, i)
		case 8:
			fmt.Fprintf(&b, "%s{x=\"1\",y=\"2\"} %d\n", name, i)
		case 9:
			fmt.Fprintf(&b, "%s{y=\"2\",x=\"1\"} %d\n", name, i)
		case 10, 11, 12, 13, 14, 15: // around the scrapes before
			fmt.Fprintf(&b, "%s %d %d\n", name, i, at-int64(how-10)*500)
		case 16:
			fmt.Fprintf(&b, "%s %d %d\n", name, i, at+1500)
		case 17:
			fmt.Fprintf(&b, "%s %d %d\n", name, i, at+3_600_000)
		case 18:
			fmt.Fprintf(&b, "%s %d 1000000\n", name, i)
		case 19:
			fmt.Fprintf(&b, "# HELP %s %d\n# TYPE %s gauge\n", name, i, name)
		case 20:
			fmt.Fprintf(&b, "up{instance=\"\"} %d\n", i)
		case 21:
			fmt.Fprintf(&b, "%s{job=\"%s\"} NaN\n", name, name)
		case 22:
			b.WriteString("}\n")
			fails = true
		case 23: // another series each time
			fmt.Fprintf(&b, "%s{n=\"%d\"} 1\n", name, at)
		}
	}
	return b.String(), fails
}

// FuzzTarget gathers pages made of raw bytes and checks the rules. A byte 0xff
// ends a page, 0xfe makes it one that fails.
func FuzzTarget(f *testing.F) {
	f.Add([]byte{0, 1, 0xff, 0, 0xff, 0xff, 0, 1})
	f.Add([]byte{0, 1, 0xfe, 0, 1, 0xff, 22 << 3, 0xff, 0, 1, 22 << 3, 0xff, 0})
	f.Add([]byte{10 << 3, 11 << 3, 0xff, 0, 0xff, 11 << 3, 0xff, 12 << 3, 0xff, 0})
	f.Add([]byte{0, 0xff, 1, 0xff, 14 << 3, 0xff, 13 << 3, 0xff, 12 << 3, 0xff, 0})
	f.Add([]byte{0, 0xff, 10 << 3, 0xff, 0, 0xff, 10 << 3, 0xff, 0xfe})
	f.Add([]byte{16 << 3, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 17 << 3, 0xff, 0, 0xff, 18 << 3, 0})
	f.Add([]byte{8 << 3, 9 << 3, 0xff, 9 << 3, 0xff, 19 << 3, 0, 0xff, 19<<3 + 1, 19 << 3, 0, 1, 20 << 3, 21 << 3, 23 << 3})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var page collector.Page
		var down error
		tgt := newTarget(collector.Config{
			Source: sourceFunc(func(context.Context) (collector.Page, error) { return page, down }),
		})
		rules := newRules()
		at := int64(1_000_000)
		var lines []byte
		for _, c := range append(raw, 0xff) {
			if c < 0xfe {
				lines = append(lines, c)
				continue
			}
			at += 1000
			body, fails := pageOf(lines, at)
			page, down, lines = collector.Page{Body: []byte(body)}, nil, lines[:0]
			if c == 0xfe {
				down = errDown
			}
			b, err := tgt.Gather(t.Context(), at)
			if (err != nil) != (fails || down != nil) {
				t.Fatalf("page %q is gathered with the error %v", body, err)
			}
			if err := rules.check(b, err); err != nil {
				t.Fatalf("at %d, page %q: %v", at, body, err)
			}
		}
	})
}
