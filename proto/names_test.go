package proto_test

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/proto"
)

func TestEscapeNames(t *testing.T) {
	for name, c := range map[string]struct{ labels, want []label }{
		"legal":                 {[]label{{"__name__", "a:b_1"}, {"job", "é.b"}}, []label{{"__name__", "a:b_1"}, {"job", "é.b"}}},
		"metric":                {[]label{{"__name__", "http.req-dur"}, {"a", "b"}}, []label{{"__name__", "http_req_dur"}, {"a", "b"}}},
		"digit first":           {[]label{{"__name__", "1a"}, {"2b", "c"}}, []label{{"__name__", "_a"}, {"_b", "c"}}},
		"sorted again":          {[]label{{"__name__", "a"}, {"é", "1"}, {"ü", "2"}, {"Aé", "3"}}, []label{{"A_", "3"}, {"U___fc_", "2"}, {"_", "1"}, {"__name__", "a"}}},
		"colon in a label":      {[]label{{"a:b", "c"}}, []label{{"a_b", "c"}}},
		"taken by a legal name": {[]label{{"a.b", "1"}, {"a_b", "2"}}, []label{{"U__a_2e_b", "1"}, {"a_b", "2"}}},
		"taken by an escaped":   {[]label{{"a-b", "1"}, {"a.b", "2"}}, []label{{"U__a_2e_b", "2"}, {"a_b", "1"}}},
		"all taken":             {[]label{{"U__a_2e_b", "0"}, {"a.b", "1"}, {"a:b", "2"}, {"a_b", "3"}}, []label{{"U__a_2e_b", "0"}, {"U__a_2e_b_", "1"}, {"a_b", "3"}, {"a_b_", "2"}}},
		"no UTF-8":              {[]label{{"a\xff", "1"}}, []label{{"a_", "1"}}},
		"no labels":             {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := proto.EscapeNames(encodeLabels(c.labels...))
			if !sameSet(decodeLabels(got), c.want) {
				t.Errorf("got %q, want %q", decodeLabels(got), c.want)
			}
			if legal := reflect.DeepEqual(c.labels, c.want); proto.LegacyNames(encodeLabels(c.labels...)) != legal {
				t.Errorf("LegacyNames is %v", !legal)
			}
		})
	}
}

func sameSet(a, b []label) bool { return encodeLabels(a...) == encodeLabels(b...) }

func FuzzLegacyNames(f *testing.F) {
	for c := range 256 {
		f.Add(string([]byte{byte(c)}))
		f.Add(string([]byte{'a', byte(c), 'Z'}))
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, name string) {
		if got, want := proto.LegacyNames(encodeLabels(label{name, "é"})), model.LegacyValidation.IsValidLabelName(name); got != want && name != "__name__" {
			t.Errorf("LegacyNames with the label name %q is %v", name, got)
		}
		if got, want := proto.LegacyNames(encodeLabels(label{"__name__", name})), model.LegacyValidation.IsValidMetricName(name); got != want {
			t.Errorf("LegacyNames with the metric name %q is %v", name, got)
		}
	})
}

// Whatever the names, what comes out is legal, sorted, has no name twice and
// keeps names that were legal.
func FuzzEscapeNames(f *testing.F) {
	f.Add("a.b", "a_b", "a-b")
	f.Add("U__a_2e_b", "a.b", "a:b")
	f.Add("\xff", "1", "é")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		set := []label{{"__name__", c}, {a, "1"}, {b, "2"}, {c, "3"}}
		slices.SortFunc(set, func(a, b label) int { return cmp.Compare(a.name, b.name) })
		if set[0].name == "" || len(slices.CompactFunc(slices.Clone(set), func(a, b label) bool { return a.name == b.name })) < 4 {
			t.Skip("no label set")
		}
		enc := encodeLabels(set...)
		got := proto.EscapeNames(enc)
		last := ""
		values := map[string]string{}
		for name, value := range proto.Labels(got) {
			if name <= last || !model.LegacyValidation.IsValidLabelName(name) {
				t.Errorf("name %q after %q", name, last)
			}
			last, values[value] = name, name
		}
		if !proto.LegacyNames(got) || len(decodeLabels(got)) != 4 {
			t.Errorf("got %q", decodeLabels(got))
		}
		for value, name := range map[string]string{"1": a, "2": b, "3": c} {
			if model.LegacyValidation.IsValidLabelName(name) && values[value] != name {
				t.Errorf("legal name %q became %q", name, values[value])
			}
		}
	})
}
