package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	stale "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
	"github.com/edgetick/edgetick/wal"
)

// dumpConfig is what the flags of edgetick wal dump say.
type dumpConfig struct {
	jsonl      bool
	selectors  []selector // any of them; none is all series
	start, end int64      // milliseconds, both included
	limit      int        // 0 for none
}

// dumper prints the samples of a log. Its memory is that of a tick and of the
// layouts in use, whatever the size of the log.
type dumper struct {
	dumpConfig
	out     *bufio.Writer
	views   map[int]*view // by source
	line    []byte
	printed int
}

// view is how the series of a layout are printed.
type view struct {
	layout *buffer.Layout
	text   []string // of each series; empty if it is not to be printed
}

// errLimit ends a dump that has printed enough.
var errLimit = errors.New("enough samples")

// dumpLog prints the samples of the log, and on stderr what cannot be had. It
// returns false if there was something of the latter.
func dumpLog(in *wal.Inspection, cfg dumpConfig, out *bufio.Writer, stderr io.Writer) (bool, error) {
	d := &dumper{dumpConfig: cfg, out: out, views: make(map[int]*view)}
	r := newWALReader(in, (*wal.Inspection).Oldest)
	clean := true
	for {
		t, err := r.next()
		var loss *walLoss
		switch {
		case errors.As(err, &loss):
			fmt.Fprintf(stderr, "edgetick wal dump: %s\n", loss)
			clean = clean && loss.reason == reasonReleased
			continue
		case errors.Is(err, wal.ErrEnd):
			return clean, nil
		case err == nil:
			err = d.tick(t)
		}
		if errors.Is(err, errLimit) {
			return clean, nil
		}
		if err != nil {
			return clean, err
		}
	}
}

// tick prints a tick. Within a series the order is that of time.
func (d *dumper) tick(t *buffer.Tick) error {
	for i := range t.Blocks {
		b := &t.Blocks[i]
		for _, x := range b.Extra {
			if d.within(x.Time) {
				if err := d.print(d.series(x.Series), x.Value, x.Time, t.Seq); err != nil {
					return err
				}
			}
		}
		if b.Layout == nil || !d.within(b.Time) {
			continue
		}
		text := d.view(b.Source, b.Layout).text
		for i, v := range b.Values {
			if err := d.print(text[i], v, b.Time, t.Seq); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dumper) within(ms int64) bool { return d.start <= ms && ms <= d.end }

// view returns how a source's layout is printed. It seldom changes.
func (d *dumper) view(source int, l *buffer.Layout) *view {
	v := d.views[source]
	if v != nil && v.layout == l {
		return v
	}
	v = &view{layout: l, text: make([]string, len(l.Series))}
	for i, s := range l.Series {
		v.text[i] = d.series(s)
	}
	d.views[source] = v
	return v
}

// series returns the first part of a series' lines, or nothing if it is not to
// be printed.
func (d *dumper) series(s *buffer.Series) string {
	if !d.selects(s.Labels) {
		return ""
	}
	if d.jsonl {
		return jsonLabels(s.Labels)
	}
	return seriesText(s.Labels)
}

func (d *dumper) selects(set string) bool {
	for _, s := range d.selectors {
		if s.matches(set) {
			return true
		}
	}
	return len(d.selectors) == 0
}

// print prints a sample of a series.
func (d *dumper) print(series string, v float64, ms int64, seq uint64) error {
	if series == "" {
		return nil
	}
	if d.jsonl {
		d.line = appendJSON(d.line[:0], series, v, ms, seq)
	} else {
		d.line = appendText(d.line[:0], series, v, ms)
	}
	if _, err := d.out.Write(d.line); err != nil {
		return err
	}
	if d.printed++; d.printed == d.limit {
		return errLimit
	}
	return nil
}

func isStale(v float64) bool { return math.Float64bits(v) == stale.StaleNaN }

// appendText appends a sample in the exposition format, which has no stale
// markers: they are comments.
func appendText(b []byte, series string, v float64, ms int64) []byte {
	if isStale(v) {
		b = append(append(b, "# stale "...), series...)
	} else {
		b = append(append(b, series...), ' ')
		b = strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	b = strconv.AppendInt(append(b, ' '), ms, 10)
	return append(b, '\n')
}

// appendJSON appends a sample as an object. The value is a string, since JSON
// has neither NaN nor Inf, and bits tell one NaN from another.
func appendJSON(b []byte, labels string, v float64, ms int64, seq uint64) []byte {
	b = append(append(b, `{"labels":`...), labels...)
	b = strconv.AppendFloat(append(b, `,"value":"`...), v, 'g', -1, 64)
	b = fmt.Appendf(b, `","bits":"%016x"`, math.Float64bits(v))
	if isStale(v) {
		b = append(b, `,"stale":true`...)
	}
	b = strconv.AppendInt(append(b, `,"timestamp":`...), ms, 10)
	b = strconv.AppendUint(append(b, `,"tick":`...), seq, 10)
	return append(b, "}\n"...)
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// seriesText writes a label set in the exposition format.
func seriesText(set string) string {
	var name string
	var list []string
	for n, v := range proto.Labels(set) {
		switch {
		case n != model.MetricNameLabel:
			if !model.LegacyValidation.IsValidLabelName(n) {
				n = `"` + escapeLabel.Replace(n) + `"`
			}
			list = append(list, n+`="`+escapeLabel.Replace(v)+`"`)
		case model.LegacyValidation.IsValidMetricName(v):
			name = v
		default:
			list = append([]string{`"` + escapeLabel.Replace(v) + `"`}, list...)
		}
	}
	if name != "" && len(list) == 0 {
		return name
	}
	return name + "{" + strings.Join(list, ",") + "}"
}

// jsonLabels writes a label set as a JSON object, in the set's order.
func jsonLabels(set string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	text := func(s string) string {
		b.Reset()
		e.Encode(s) // a string can always be encoded
		return strings.TrimSuffix(b.String(), "\n")
	}
	var list []string
	for n, v := range proto.Labels(set) {
		list = append(list, text(n)+":"+text(v))
	}
	return "{" + strings.Join(list, ",") + "}"
}
