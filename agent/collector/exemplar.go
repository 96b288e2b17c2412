package collector

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// example is an exemplar of a series: one on a page, or the newest given out.
type example struct {
	time   int64
	own    bool // the time is its own and not that of its sample
	value  float64
	labels string
}

// pageExample is an exemplar on the page being read.
type pageExample struct {
	series ref
	example
}

// after tells whether x is to be given out after the newest that has been. A
// page exposes an exemplar until another takes its place. One without a time of
// its own is then the same, although that of its sample has gone on.
func (x *example) after(last *example) bool {
	if last == nil {
		return true
	}
	if !x.own && !last.own && x.labels == last.labels && math.Float64bits(x.value) == math.Float64bits(last.value) {
		return false
	}
	return x.compare(last) > 0
}

func (x *example) compare(y *example) int {
	return cmp.Or(cmp.Compare(x.time, y.time), cmp.Compare(x.value, y.value), strings.Compare(x.labels, y.labels))
}

// exemplify takes an exemplar of the series e, whose sample is of the time at.
func (p *pages) exemplify(e ref, x *exemplar.Exemplar, at int64) {
	r := &p.read
	enc, ok := appendExemplarLabels(r.scratch[:0], x.Labels)
	r.scratch = enc
	if x.HasTs {
		at = x.Ts
	}
	if !ok || at > r.at+maxAhead {
		p.stats.Exemplars++
		return
	}
	n := p.series.rarely(e).exemplar
	if !x.HasTs && n != nil && n.own {
		r.odd = true // the time of the next page may be after that of n
	}
	if n != nil && n.time == at && n.value == x.Value && n.labels == string(enc) {
		return // exposed again: most are
	}
	y := example{time: at, own: x.HasTs, value: x.Value, labels: string(enc)}
	if y.after(n) {
		r.examples = append(r.examples, pageExample{e, y})
	}
}

// appendExemplarLabels appends the encoding of an exemplar's labels, which are
// sorted by name. It returns false if they break the rules of OpenMetrics.
func appendExemplarLabels(dst []byte, ls labels.Labels) ([]byte, bool) {
	_, twice := ls.HasDuplicateLabelNames()
	ok, runes := !twice, 0
	ls.Range(func(l labels.Label) {
		runes += utf8.RuneCountInString(l.Name) + utf8.RuneCountInString(l.Value)
		ok = ok && l.Name != ""
		if l.Value != "" {
			dst = proto.AppendLabel(dst, l.Name, l.Value)
		}
	})
	return dst, ok && runes <= exemplar.ExemplarMaxLabelSetLength
}

// takeExemplars gives out those exemplars of the page that are new, if their
// series has a sample in the block.
func (p *pages) takeExemplars(b *buffer.Block) {
	examples := p.read.examples
	slices.SortStableFunc(examples, func(x, y pageExample) int { return x.compare(&y.example) })
	for _, x := range examples {
		if !p.given(x.series) || !x.after(p.series.rarely(x.series).exemplar) {
			continue
		}
		p.series.more(x.series).exemplar = &example{x.time, x.own, x.value, x.labels}
		b.Exemplars = append(b.Exemplars, buffer.Exemplar{Series: p.series.known[x.series], Time: x.time, Value: x.value, Labels: x.labels})
	}
}

// given tells whether the series has a sample in the block.
func (p *pages) given(e ref) bool {
	return p.read.steady || p.series.at(e).inColumn(p.number) || p.series.rarely(e).given == p.number
}
