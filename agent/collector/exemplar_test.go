package collector_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

func exemplars(b buffer.Block) (out []string) {
	for _, x := range b.Exemplars {
		out = append(out, fmt.Sprintf("%s %s %v@%d", shortName(x.Series), names(&buffer.Series{Labels: x.Labels}), x.Value, x.Time))
	}
	return out
}

// An exemplar is given out once, however long a page exposes it, and the
// exemplars of a series in time order.
func TestTarget_GivesOutNewExemplars(t *testing.T) {
	page := func(exemplars ...string) exchange {
		s := "# TYPE a counter\n"
		for i, x := range exemplars {
			s += fmt.Sprintf("a_total{x=\"%d\"} 1 # %s\n", i, x)
		}
		return openMetricsPage(s)
	}
	blocks, tgt := gatherAll(t, collector.Classic,
		page(`{id="1"} 1 @s-10`, `{b="1",a="2"} 1`, `{} 5`),
		page(`{id="1"} 1 @s-1010`, `{b="1",a="2"} 1`, `{} 5`),   // as they were
		page(`{id="2"} 1 @s-10`, `{b="1",a="3"} 1`, `{} 6`),     // all are new
		page(`{id="3"} 1 @s-2000`, `{b="1",a="3"} 1`, `{} 5`),   // one is older, one the one before again
		page(`{id="2"} 1 @s-2010`, `{} 1 @s-9000`, `{} 5 @s-1`), // with a time now
		page(`{id="2"} 1 @s-700000`, `{a="1",a="2"} 1`, `{} 6 @s600001`),
	)
	want := [][]string{
		{`a_total{x="0"} {id="1"} 1@990`, `a_total{x="1"} {a="2", b="1"} 1@1000`, `a_total{x="2"} {} 5@1000`},
		nil,
		{`a_total{x="0"} {id="2"} 1@2990`, `a_total{x="1"} {a="3", b="1"} 1@3000`, `a_total{x="2"} {} 6@3000`},
		{`a_total{x="2"} {} 5@4000`},
		{`a_total{x="2"} {} 5@4999`},
		nil,
	}
	for i, b := range blocks {
		if got := exemplars(b); !slices.Equal(got, want[i]) {
			t.Errorf("page %d: got %q, want %q", i+1, got, want[i])
		}
	}
	if d := tgt.Discarded(); d.Exemplars != 2 {
		t.Errorf("%d exemplars discarded, want the one with a label twice and the one from the future", d.Exemplars)
	}
}

func TestTarget_DiscardsExemplars(t *testing.T) {
	counter := func(exemplar string) exchange {
		return families(`name: "c" type: COUNTER metric {counter {value: 1 exemplar {` + exemplar + `}}}`)
	}
	for exemplar, want := range map[string]uint64{
		`label {name: "ab" value: "` + long(126) + `"}`:                      0,
		`label {name: "ab" value: "` + long(127) + `"}`:                      1,
		`label {name: "" value: "x"}`:                                        1,
		`label {name: "a" value: "x"} label {name: "a" value: "x"}`:          1,
		`label {name: "a" value: "x"} label {name: "b"} timestamp: @t600000`: 0,
		`timestamp: @t600001`:                                                1,
	} {
		blocks, tgt := gatherAll(t, collector.Classic, counter(exemplar))
		if n := uint64(len(blocks[0].Exemplars)); tgt.Discarded() != (collector.Discarded{Exemplars: want}) || n != 1-want {
			t.Errorf("%s: %d given out, discarded %+v", exemplar, n, tgt.Discarded())
		}
	}
}

// Exemplars come with a sample of their series or not at all.
func TestTarget_GivesOutExemplarsBesideSamples(t *testing.T) {
	blocks, _ := gatherAll(t, collector.Classic,
		openMetricsPage("# TYPE a counter\na_total 1 2.000\n"),
		openMetricsPage("# TYPE a counter\na_total 1 2.000 # {id=\"1\"} 1\n"),
		openMetricsPage("# TYPE a counter\na_total 1 1.000 # {id=\"2\"} 1\n"),
		openMetricsPage("# TYPE a counter\na_total 1 # {id=\"3\"} 1\na_total 2 # {id=\"4\"} 1\n"),
	)
	for i, want := range []int{0, 0, 0, 1} {
		if len(blocks[i].Exemplars) != want {
			t.Errorf("page %d: %q, want %d", i+1, exemplars(blocks[i]), want)
		}
	}
}

func TestTarget_SortsTheExemplarsOfAHistogram(t *testing.T) {
	page := func(exemplars string) exchange {
		return families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 positive_span {length: 1} positive_delta: 3 ` + exemplars + `}}`)
	}
	blocks, _ := gatherAll(t, collector.Native,
		page(`exemplars {value: 3 timestamp: @t-7} exemplars {value: 2 timestamp: @t-9} exemplars {value: 1 timestamp: @t-7} exemplars {value: 9}`),
		page(`exemplars {value: 3 timestamp: @t-1007} exemplars {value: 2 timestamp: @t-1009} exemplars {value: 5 timestamp: @t-9} exemplars {value: 4 timestamp: @t-1007}`),
	)
	want := [][]string{{"i {} 2@991", "i {} 1@993", "i {} 3@993"}, {"i {} 4@993", "i {} 5@1991"}}
	for i, b := range blocks {
		if got := exemplars(b); !slices.Equal(got, want[i]) {
			t.Errorf("page %d: got %q, want %q", i+1, got, want[i])
		}
	}
}
