package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	stale "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// What the exposition format has no place for is a comment in it: stale markers,
// native histograms, exemplars and starts.

func isStale(v float64) bool { return math.Float64bits(v) == stale.StaleNaN }

// appendStart appends the start of a series, if it is to be told, and notes that
// it has been.
func appendStart(b []byte, l *seriesLine) []byte {
	if l.start == 0 {
		return b
	}
	b = append(append(b, "# start "...), l.text...)
	b = strconv.AppendInt(append(b, ' '), l.start, 10)
	l.start = 0
	return append(b, '\n')
}

// appendText appends a sample.
func appendText(b []byte, series string, x *buffer.Sample) []byte {
	switch {
	case x.Histogram != "":
		b = appendTextHistogram(b, series, x.Histogram)
	case isStale(x.Value):
		b = append(append(b, "# stale "...), series...)
	default:
		b = append(append(b, series...), ' ')
		b = strconv.AppendFloat(b, x.Value, 'g', -1, 64)
	}
	b = strconv.AppendInt(append(b, ' '), x.Time, 10)
	return append(b, '\n')
}

// appendTextHistogram appends a histogram as PromQL shows it.
func appendTextHistogram(b []byte, series, data string) []byte {
	h, err := decodeHistogram(data)
	switch {
	case err != nil:
		return fmt.Appendf(b, "# histogram %s (%d bytes, %s)", series, len(data), err)
	case isStale(h.Sum):
		return fmt.Appendf(b, "# stale %s", series)
	}
	return fmt.Appendf(b, "# histogram %s %s", series, h)
}

// decodeHistogram returns a histogram whose buckets can be iterated over.
func decodeHistogram(data string) (*histogram.FloatHistogram, error) {
	h, f, err := proto.DecodeHistogram(data)
	if err != nil {
		return nil, err
	}
	if h != nil {
		f = h.ToFloat(nil)
	}
	return f, f.Validate()
}

// appendTextExemplar appends an exemplar.
func appendTextExemplar(b []byte, x *buffer.Exemplar) []byte {
	b = append(append(b, "# exemplar "...), seriesText(x.Series.Labels)...)
	b = append(append(b, ' '), seriesText(x.Labels)...)
	b = strconv.AppendFloat(append(b, ' '), x.Value, 'g', -1, 64)
	b = strconv.AppendInt(append(b, ' '), x.Time, 10)
	return append(b, '\n')
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
