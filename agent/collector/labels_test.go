package collector_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/proto"
)

func encodeLabels(namesAndValues ...string) string {
	var enc []byte
	for i := 0; i < len(namesAndValues); i += 2 {
		enc = proto.AppendLabel(enc, namesAndValues[i], namesAndValues[i+1])
	}
	return string(enc)
}

func once(page string) collector.Source {
	return sourceFunc(func(context.Context) (collector.Page, error) { return collector.Page{Body: []byte(page)}, nil })
}

// External labels come last: they are added to what has no label of the name,
// the report included, and override nothing.
func TestTarget_AddsExternalLabels(t *testing.T) {
	tgt := newTarget(collector.Config{
		Labels:   labels.FromStrings("instance", "node:80", "job", "job", "site", "eu"),
		External: labels.FromStrings("cluster", "c1", "exported_site", "e", "job", "no", "site", "no", "zone", "z"),
		Source:   once("a 1\na{cluster=\"mine\"} 2\na{site=\"us\"} 3\na{zone=\"\"} 4\na{zone=\"z\"} 5\n"),
	})
	b, err := tgt.Gather(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range b.Layout.Series[:4] {
		if err := proto.CheckLabels(s.Labels); err != nil {
			t.Error(err)
		}
		got = append(got, names(s))
	}
	const (
		rest = `instance="node:80", job="job", site="eu", zone="z"}`
	)
	want := []string{
		`{__name__="a", cluster="c1", exported_site="e", ` + rest,
		`{__name__="a", cluster="mine", exported_site="e", ` + rest,
		`{__name__="a", cluster="c1", exported_site="us", ` + rest,
		`{__name__="up", cluster="c1", exported_site="e", ` + rest, // the series of 4 and 5 are that of 1
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if d := tgt.Discarded(); d.Duplicate != 2 {
		t.Errorf("%d duplicates, want 2", d.Duplicate)
	}
}

func TestTarget_EncodesLabelsSortedAndWhole(t *testing.T) {
	tgt := newTarget(collector.Config{Source: once("{\"z\",b=\"2\",_a=\"1\",B=\"3\",\"é\"=\"4\",none=\"\"} 1\n")})
	b, err := tgt.Gather(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	want := encodeLabels("B", "3", "__name__", "z", "_a", "1", "b", "2", "instance", "node:80", "job", "job", "é", "4")
	if got := b.Layout.Series[0].Labels; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTarget_SaysWhyAPageFails(t *testing.T) {
	for page, want := range map[string]string{
		"{x=\"1\"} 1\n":              `metric name not set while parsing: "{x=\"1\"} 1"`,
		"a{__name__=\"\"} 1\n":       "sample without a metric name",
		"a{x=\"1\",x=\"2\"} 1\n":     `label name "x" is not unique in {__name__="a", instance="node:80", job="job", x="1", x="2"}`,
		"a 1\na one\n":               `strconv.ParseFloat: parsing "one": invalid syntax while parsing: "a one"`,
		"a{job=\"x\",job=\"y\"} 1\n": `label name "job" is not unique in {__name__="a", exported_job="x", instance="node:80", job="job", job="y"}`,
	} {
		tgt := newTarget(collector.Config{Source: once(page)})
		if _, err := tgt.Gather(t.Context(), 1000); err == nil || err.Error() != want {
			t.Errorf("%q fails with %q, want %q", page, err, want)
		}
	}
	if _, err := newTarget(collector.Config{Source: once("a{__name__=\"\"} 1\n")}).Gather(t.Context(), 1); !errors.Is(err, collector.ErrNoName) {
		t.Errorf("got %v, want ErrNoName", err)
	}
}
