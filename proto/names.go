package proto

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
)

// LegacyNames says whether the metric name and the label names of an encoded
// label set are ones that remote write 1.0 allows: ASCII letters, digits,
// underscores, and colons in the metric name.
func LegacyNames(labels string) bool {
	for name, value := range Labels(labels) {
		if !legacyLabel(name) || name == model.MetricNameLabel && !legacy(value, true) {
			return false
		}
	}
	return true
}

func legacyLabel(name string) bool { return legacy(name, false) }

// legacy is what model.LegacyValidation says of a metric name, with colons, or a
// label name. It is asked for every series of every message.
func legacy(name string, colons bool) bool {
	if name == "" || name[0]-'0' <= 9 {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !word[c] && (c != ':' || !colons) {
			return false
		}
	}
	return true
}

// word has the letters, the digits and the underscore.
var word = func() (word [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_" {
		word[c] = true
	}
	return word
}()

// EscapeNames is the label set with names that 1.0 allows. Characters that it
// does not become underscores. Where that makes a name that the set has already,
// they are written in hexadecimal instead, as [model.ValueEncodingEscaping] has
// it; names that need no escape always keep theirs.
func EscapeNames(labels string) string {
	if LegacyNames(labels) {
		return labels
	}
	set := splitLabels(labels)
	taken := make(map[string]bool, len(set))
	for _, l := range set {
		taken[l.name] = true
	}
	for i := range set {
		set[i].escape(taken)
	}
	slices.SortFunc(set, func(a, b label) int { return cmp.Compare(a.name, b.name) })
	enc := make([]byte, 0, len(labels))
	for _, l := range set {
		enc = AppendLabel(enc, l.name, l.value)
	}
	return string(enc)
}

type label struct{ name, value string }

func splitLabels(labels string) []label {
	var set []label
	for name, value := range Labels(labels) {
		set = append(set, label{name, value})
	}
	return set
}

// escape gives the label a name that is legal and not taken.
func (l *label) escape(taken map[string]bool) {
	if l.name == model.MetricNameLabel {
		l.value = model.EscapeName(l.value, model.UnderscoreEscaping)
	}
	if legacyLabel(l.name) {
		return
	}
	name := escapeLabel(l.name, model.UnderscoreEscaping)
	if taken[name] {
		name = escapeLabel(l.name, model.ValueEncodingEscaping)
	}
	for taken[name] {
		name += "_"
	}
	taken[name] = true
	l.name = name
}

// escapeLabel escapes a label name. To EscapeName all names are metric names,
// but label names have no colons.
func escapeLabel(name string, scheme model.EscapingScheme) string {
	return strings.ReplaceAll(model.EscapeName(name, scheme), ":", "_")
}
