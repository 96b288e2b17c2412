package collector_test

import (
	"context"
	"testing"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

func TestTarget_DescribesItsFamilies(t *testing.T) {
	pages := []string{
		"# HELP a one\n# TYPE a counter\na 1\n# UNIT a x\nb 2\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_other 1\na{late=\"1\"} 1\n",
		"# HELP a two\n# TYPE a gauge\na 1\n# HELP a three\nb 2\nh_bucket{le=\"1\"} 1\nh_count 1\nh_other 1\na{late=\"1\"} 1\n",
		"}\n",
		"# HELP a two\n# TYPE a gauge\na 1\n# HELP a three\nb 2\nh_bucket{le=\"1\"} 1\nh_count 1\nh_other 1\na{late=\"1\"} 1\n",
	}
	n := 0
	tgt := newTarget(collector.Config{Source: sourceFunc(func(context.Context) (collector.Page, error) {
		n++
		return collector.Page{Body: []byte(pages[n-1])}, nil
	})})
	one := buffer.Family{Name: "a", Type: buffer.TypeCounter, Help: "one"}
	two := buffer.Family{Name: "a", Type: buffer.TypeGauge, Help: "two"}
	histogram := buffer.Family{Name: "h", Type: buffer.TypeHistogram}
	rest := []buffer.Family{{Name: "b"}, histogram, histogram, {Name: "h_other"}}
	var layouts []*buffer.Layout
	for i, a := range []buffer.Family{one, two, {}, two} {
		b, err := tgt.Gather(t.Context(), int64(i))
		layouts = append(layouts, b.Layout)
		if err != nil {
			continue
		}
		want := append(append([]buffer.Family{a}, rest...), a)
		for j, w := range want {
			if got := b.Layout.Series[j]; *got.Family != w {
				t.Errorf("page %d: %s is of %+v, want %+v", i, names(got), *got.Family, w)
			}
		}
		if b.Layout.Series[0].Family != b.Layout.Series[5].Family {
			t.Errorf("page %d: the series of a family do not share it", i)
		}
	}
	if layouts[1] != layouts[3] || layouts[0] == layouts[1] {
		t.Error("a layout changes with the descriptions, and only with them")
	}
}

func TestTarget_ReadsUnits(t *testing.T) {
	tgt := newTarget(collector.Config{Source: sourceFunc(func(context.Context) (collector.Page, error) {
		return collector.Page{
			Body:        []byte("# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds h\na_seconds 1\n# TYPE b info\nb_info 1\n# EOF\n"),
			ContentType: "application/openmetrics-text; version=1.0.0",
		}, nil
	})})
	b, err := tgt.Gather(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []buffer.Family{
		{Name: "a_seconds", Type: buffer.TypeGauge, Help: "h", Unit: "seconds"},
		{Name: "b", Type: buffer.TypeInfo},
	} {
		if got := *b.Layout.Series[i].Family; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
