package collector

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/util/convertnhcb"
)

// walk is where the reading of metric families is. It is reused from page to
// page.
type walk struct {
	name  string         // of the family
	pairs []labels.Label // of the metric
	tail  []byte         // what pairs are in text
	at    point
	text  []byte // stands for the series at that point

	builder labels.ScratchBuilder
	custom  convertnhcb.TempHistogram
}

// point is one series of a metric.
type point struct {
	suffix string  // of the name
	label  string  // le or quantile, or none
	bound  float64 // its value
}

func newWalk() walk {
	return walk{builder: labels.NewScratchBuilder(16), custom: convertnhcb.NewTempHistogram()}
}

// Neither byte is ever part of UTF-8, so no two series have the same text, and
// none that of a series on a page of text.
const (
	betweenTexts = 0xff
	beforeBound  = 0xfe
)

func (w *walk) metric(r *reading, pairs []*dto.LabelPair) {
	w.pairs, w.tail = w.pairs[:0], w.tail[:0]
	for _, l := range pairs {
		name, value := r.text(l.GetName()), r.text(l.GetValue())
		w.pairs = append(w.pairs, labels.Label{Name: name, Value: value})
		w.tail = append(w.tail, betweenTexts)
		w.tail = append(w.tail, name...)
		w.tail = append(w.tail, betweenTexts)
		w.tail = append(w.tail, value...)
	}
}

// point goes to a series of the metric and returns its text, which is valid
// until the next call.
func (w *walk) point(at point) []byte {
	w.at = at
	w.text = append(w.text[:0], w.name...)
	w.text = append(w.text, at.suffix...)
	w.text = append(w.text, w.tail...)
	if at.label != "" {
		w.text = append(w.text, betweenTexts)
		w.text = append(w.text, at.label...)
		w.text = append(w.text, beforeBound)
		w.text = binary.BigEndian.AppendUint64(w.text, math.Float64bits(at.bound))
	}
	return w.text
}

// Labels makes the labels of the series.
func (w *walk) Labels(ls *labels.Labels) {
	w.builder.Reset()
	w.builder.Add(model.MetricNameLabel, w.name+w.at.suffix)
	for _, l := range w.pairs {
		w.builder.Add(l.Name, l.Value)
	}
	if w.at.label != "" {
		w.builder.Add(w.at.label, labels.FormatOpenMetricsFloat(w.at.bound))
	}
	w.builder.Sort()
	*ls = w.builder.Labels()
}

// exemplarLabels makes the labels of an exemplar.
func (w *walk) exemplarLabels(r *reading, pairs []*dto.LabelPair) labels.Labels {
	w.builder.Reset()
	for _, l := range pairs {
		w.builder.Add(r.text(l.GetName()), r.text(l.GetValue()))
	}
	w.builder.Sort()
	return w.builder.Labels()
}

// text returns s as UTF-8.
func (r *reading) text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	r.repaired = true
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
