package collector

import (
	"strings"

	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/buffer"
)

// describe returns the family that a page is describing, begun anew if name is
// not the one described so far.
func describe(f *buffer.Family, name []byte) *buffer.Family {
	if f.Name != string(name) {
		*f = buffer.Family{Name: string(name)}
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
	buffer.TypeGaugeHistogram: {"_bucket", "_gsum", "_gcount"},
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
