package collector

import (
	"strings"

	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/buffer"
)

// family is what a target remembers of a metric family.
type family struct {
	now  *buffer.Family // as it is described
	page uint32         // number of the last page that described it
}

// description is what a page says about a family between two samples. It is
// reused from family to family.
type description struct {
	name, help, unit []byte
	typ              buffer.Type
}

// of returns the description of the family of that name, begun anew if it is
// not the one described so far.
func (d *description) of(name []byte) *description {
	if string(d.name) != string(name) {
		d.reset()
		d.name = append(d.name, name...)
	}
	return d
}

func (d *description) reset() {
	d.name, d.help, d.unit = d.name[:0], d.help[:0], d.unit[:0]
	d.typ = buffer.TypeUnknown
}

func (d *description) matches(f *buffer.Family) bool {
	return f.Name == string(d.name) && f.Type == d.typ && f.Help == string(d.help) && f.Unit == string(d.unit)
}

func (d *description) family() *buffer.Family {
	return &buffer.Family{Name: string(d.name), Type: d.typ, Help: string(d.help), Unit: string(d.unit)}
}

// describe returns the family that a page describes. Of several descriptions on
// one page the first holds.
func (s *series) describe(d *description, page uint32) *family {
	f := s.families[string(d.name)]
	switch {
	case f == nil:
		f = &family{now: d.family()}
		s.families[f.now.Name] = f
	case f.page != page && !d.matches(f.now):
		f.now = d.family()
		s.redescribed = true
	}
	f.page = page
	return f
}

// familyOf returns the family of a series; nil if pages do not describe it.
func (s *series) familyOf(r ref) *family {
	if s.entries[r].report {
		return nil
	}
	return s.families[s.known[r].Family.Name]
}

// named returns the family of a series that no page has described.
func (s *series) named(name string) *family {
	f := s.families[name]
	if f == nil {
		f = &family{now: &buffer.Family{Name: name}}
		s.families[name] = f
	}
	return f
}

func familyType(t model.MetricType) buffer.Type {
	switch t {
	case model.MetricTypeCounter:
		return buffer.TypeCounter
	case model.MetricTypeGauge:
		return buffer.TypeGauge
	case model.MetricTypeHistogram:
		return buffer.TypeHistogram
	case model.MetricTypeGaugeHistogram:
		return buffer.TypeGaugeHistogram
	case model.MetricTypeSummary:
		return buffer.TypeSummary
	case model.MetricTypeInfo:
		return buffer.TypeInfo
	case model.MetricTypeStateset:
		return buffer.TypeStateset
	default:
		return buffer.TypeUnknown
	}
}

// familySuffixes are the endings that a series' name may have beyond the name
// of its family.
var familySuffixes = map[buffer.Type][]string{
	buffer.TypeCounter:        {"_total"},
	buffer.TypeHistogram:      {"_bucket", "_sum", "_count"},
	buffer.TypeGaugeHistogram: {"_bucket", "_sum", "_count", "_gsum", "_gcount"},
	buffer.TypeSummary:        {"_sum", "_count"},
	buffer.TypeInfo:           {"_info"},
}

// inFamily tells whether a series of that name belongs to the family. TYPE and
// HELP are optional, so the last described family need not be the series'.
func inFamily(name string, f *buffer.Family) bool {
	rest, ok := strings.CutPrefix(name, f.Name)
	if !ok || rest == "" {
		return ok
	}
	for _, suffix := range familySuffixes[f.Type] {
		if rest == suffix {
			return true
		}
	}
	return false
}
