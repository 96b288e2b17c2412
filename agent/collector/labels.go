package collector

import (
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/proto"
)

// labeler puts a target's labels and the external labels on its series.
type labeler struct {
	target   labels.Labels // job, instance and the target's own
	external labels.Labels

	builder *labels.Builder
	enc     []byte
}

func newLabeler(target, external labels.Labels) *labeler {
	return &labeler{target: target, external: external, builder: labels.NewBuilder(labels.EmptyLabels())}
}

// page makes the complete label set of a series that the page exposes. A label
// of the page that the target also has is kept under the name exported_NAME; an
// external label never replaces a label of the series; empty labels are left
// out. These are Prometheus's rules for a scrape and for remote write.
func (l *labeler) page(exposed labels.Labels) labels.Labels {
	b := l.builder
	b.Reset(exposed)
	var conflicts []labels.Label
	l.target.Range(func(t labels.Label) {
		if v := exposed.Get(t.Name); v != "" {
			conflicts = append(conflicts, labels.Label{Name: t.Name, Value: v})
		}
		b.Set(t.Name, t.Value)
	})
	// Shorter names first, so that exported_job of the page and a renamed job
	// do not depend on the order of the labels.
	slices.SortStableFunc(conflicts, func(a, b labels.Label) int { return len(a.Name) - len(b.Name) })
	for _, c := range conflicts {
		name := model.ExportedLabelPrefix + c.Name
		for b.Get(name) != "" {
			name = model.ExportedLabelPrefix + name
		}
		b.Set(name, c.Value)
	}
	return l.withExternal()
}

// report makes the label set of a sample about the scrape itself.
func (l *labeler) report(name string) labels.Labels {
	l.builder.Reset(labels.FromStrings(model.MetricNameLabel, name))
	l.target.Range(func(t labels.Label) { l.builder.Set(t.Name, t.Value) })
	return l.withExternal()
}

func (l *labeler) withExternal() labels.Labels {
	l.external.Range(func(e labels.Label) {
		if l.builder.Get(e.Name) == "" {
			l.builder.Set(e.Name, e.Value)
		}
	})
	return l.builder.Labels()
}

// encode makes the canonical encoding of ls, which is sorted by name. The
// result is valid until the next call.
func (l *labeler) encode(ls labels.Labels) []byte {
	l.enc = l.enc[:0]
	ls.Range(func(x labels.Label) { l.enc = proto.AppendLabel(l.enc, x.Name, x.Value) })
	return l.enc
}
