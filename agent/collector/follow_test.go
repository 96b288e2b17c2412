package collector

import (
	"fmt"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// scrape is a page and how long after the one before it is gathered.
type scrape struct {
	after int64
	body  string
}

// Where the same lines again need not mean the same, the parser reads them.
func TestPages_SameLinesOtherMeaning(t *testing.T) {
	ahead := "# TYPE a counter\na_total 1\na_created 1003.5\n# EOF\n"
	family := "# TYPE a histogram\n# HELP b B.\nb{le=\"1\"} 1\n# TYPE c gauge\nc 1\n# HELP d D.\nd{le=\"1\"} 1\n"
	for name, c := range map[string]struct {
		contentType string
		scrapes     []scrape
	}{
		"a start comes to lie in the past": {openMetricsType, []scrape{{0, ahead}, {1000, ahead}, {9000, ahead}, {9000, ahead}}},
		"an exemplar follows one from the future": {openMetricsType, []scrape{
			{0, "# TYPE a counter\na_total 1 # {t=\"1\"} 1 1010\n# EOF\n"},
			{1000, "# TYPE a counter\na_total 1 # {t=\"2\"} 1\n# EOF\n"},
			{1000, "# TYPE a counter\na_total 1 # {t=\"2\"} 1\n# EOF\n"},
			{50000, "# TYPE a counter\na_total 1 # {t=\"2\"} 1\n# EOF\n"},
			{1000, "# TYPE a counter\na_total 1 # {t=\"2\"} 1\n# EOF\n"},
		}},
		"an exemplar is refused each time": {openMetricsType, []scrape{
			{0, "a 1\n# EOF\n"},
			{1000, "a 1 # {t=\"" + strings.Repeat("x", 130) + "\"} 1\n# EOF\n"},
			{1000, "a 1 # {t=\"" + strings.Repeat("x", 130) + "\"} 1\n# EOF\n"},
			{1000, "a 1 # {t=\"1\"} 1\n# EOF\n"},
			{1000, "a 1 # {t=\"" + strings.Repeat("x", 130) + "\"} 1\n# EOF\n"},
			{1000, "a 1 # {t=\"" + strings.Repeat("x", 130) + "\"} 1\n# EOF\n"},
		}},
		"a later description becomes the first": {textType, []scrape{
			{0, "# HELP a X\na 1\nb 1\n# HELP a X\na{z=\"1\"} 1\n"},
			{1000, "# HELP a Y\na 1\nb 1\n# HELP a X\na{z=\"1\"} 1\n"},
			{1000, "a 1\nb 1\n# HELP a X\na{z=\"1\"} 1\n"},
		}},
		"two descriptions of a family": {textType, []scrape{
			{0, "# HELP a X\na 1\nb 1\n# HELP a Y\na{z=\"1\"} 1\n"},
			{1000, "a 1\nb 1\n# HELP a Y\na{z=\"1\"} 1\n"},
		}},
		"the type before a series is another one": {textType, []scrape{
			{0, family}, {1000, family},
			{1000, family + "d{le=\"2\"} 1\n"},
			{1000, "# HELP b B.\nb{le=\"1\"} 1\nb{le=\"2\"} 1\n" + family},
			{1000, family + "# TYPE a histogram\n# HELP b B.\nb{le=\"3\"} 1\n"},
			{1000, "# TYPE a histogram\n# HELP b B.\nb{le=\"4\"} 1\nb{le=\"1\"} 1\n"},
			{1000, "# TYPE a histogram\n# HELP b B.\nb{le=\"4\"} 1\nb{le=\"1\"} 1\nb{le=\"5\"} 1\n"},
		}},
		"a series twice":             {textType, []scrape{{0, "a 1\nb 1\na 2\n"}, {1000, "a 1\nb 1\na 2\n"}, {1000, "a 1\nb 1\na 3\n"}, {1000, "a 1\nb 2\n"}, {1000, "a 1\na 1\nb 2\n"}}},
		"a series as the report has": {textType, []scrape{{0, "up 1\na 1\n"}, {1000, "up 1\na 1\n"}, {1000, "up 1\na 2\n"}}},
		"a time of its own":          {textType, []scrape{{0, "a 1 1000000\n"}, {1000, "a 1 1000000\n"}, {1000, "a 1 1001500\n"}, {1000, "a 1\n"}, {1000, "a 1 1001500\n"}}},
		"a clock that stands still":  {textType, []scrape{{0, "a 1\n"}, {0, "a 1\n"}, {1000, "a 1\n"}, {1000, "a 1\n"}, {0, "a 2\n"}}},
		"a clock that is set back":   {textType, []scrape{{0, "a 1\n"}, {1000, "a 1\n"}, {1000, "a 1\n"}, {-1500, "a 1\n"}, {1000, "a 2\n"}, {1000, "b 2\n"}}},
		"a line break in a label":    {textType, []scrape{{0, "a{b=\"c\nd\"} 1\ne 1\n"}, {1000, "a{b=\"c\nd\"} 1\ne 2\n"}, {1000, "a{b=\"c\nd\"} 3\nd\"} 1\ne 2\n"}}},
		"a line that begins a label": {textType, []scrape{{0, "a 1\nb 1\n"}, {1000, "a 1\nc{x=\"\nb 1\n\"} 1\n"}, {1000, "a 1\nc{x=\"\nb 1\n\"} 2\nb 1\n"}}},
		"a zero byte":                {textType, []scrape{{0, "a 1\nb 1\n"}, {1000, "a 1\n\x00\nb 1\n"}, {1000, "a 1\n# \x00\nb 1\n"}, {1000, "a 1\n# HELP b \x00\nb 1\n"}, {1000, "a 1\nb 1\n"}}},
		"no line break at the end":   {textType, []scrape{{0, "a 1\nb 1"}, {1000, "a 1\nb 2"}, {1000, "a 1\nb 2\n"}, {1000, "a 1"}, {1000, "a 1\nb"}}},
		"text after the end":         {openMetricsType, []scrape{{0, "a 1\n# EOF\n"}, {1000, "a 1\n# EOF"}, {1000, "a 1\n# EOF\n"}, {1000, "a 1\n# EOF\na 1\n"}, {1000, "a 1\n# EOF\n"}, {1000, "a 2\n"}, {1000, "a 1\n# EOF\n"}, {1000, "a 1\n# EOF\n\n"}}},
		"a value becomes more":       {openMetricsType, []scrape{{0, "a 1\n# EOF\n"}, {1000, "a {b=\"c\"} 1\n# EOF\n"}, {1000, "a 1 1001\n# EOF\n"}, {1000, "a 1\n# EOF\n"}, {1000, "a 1 # {x=\"y\"} 1\n# EOF\n"}, {1000, "a 1 \n# EOF\n"}}},
		"a value becomes a time":     {openMetricsType, []scrape{{0, "a 1\n# EOF\n"}, {1000, "a 1 1001\n# EOF\n"}, {1000, "a 1\n# EOF\n"}}},
		// Of this version the parser is that of the other format.
		"a value becomes a label":      {"application/openmetrics-text; version=2.0.0", []scrape{{0, "a 1\n"}, {1000, "a {b=\"c\"} 1\n"}, {1000, "a 1\n"}}},
		"a broken text in a new line":  {textType, []scrape{{0, "a 1\nb 1\n"}, {1000, "a 1\nc{x=\"\xff\"} 1\nb 1\n"}, {1000, "a 1\nc{x=\"\xff\"} 1\nb 2\n"}, {1000, "a 1\n# HELP b \xff\nb 2\n"}}},
		"a broken name in an exemplar": {openMetricsType, []scrape{{0, "a 1 # {\"x\"=\"y\"} 1\n# EOF\n"}, {1000, "a 1 # {\"\xff\"=\"y\"} 1\n# EOF\n"}, {1000, "a 1 # {\"x\"=\"y\"} 2\n# EOF\n"}}},
		"windows":                      {textType, []scrape{{0, "# HELP a A.\r\na 1\n"}, {1000, "# HELP a A.\r\na 1\r\n"}, {1000, "# HELP a A.\r\na 1\n"}, {1000, "# HELP a A.\na 1\n"}}},
		"a page that fails between":    {textType, []scrape{{0, "a 1\nb 1\n"}, {1000, "a 1\nb 1\n"}, {1000, "a 1\n}\n"}, {1000, "a 1\nb 1\n"}, {1000, "a 1\nb 1\n"}}},
		"an empty page between":        {textType, []scrape{{0, "a 1\nb 1\n"}, {1000, "a 1\nb 1\n"}, {1000, ""}, {1000, "a 1\nb 1\n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwins(Classic)
			for _, s := range c.scrapes {
				w.at += s.after
				w.read(t, []byte(s.body), c.contentType, nil)
			}
		})
	}
}

// After pages that only one of the two formats can say, the other is read right.
func TestPages_FormatsInTurn(t *testing.T) {
	w := newTwins(Classic)
	for i := range 12 {
		w.at += 1000
		body, contentType := "a {b=\"c\" , d=\"e\"} 1\nf 1\n", textType
		if i%3 == 2 {
			contentType = openMetricsType
			body += "# EOF\n"
		}
		w.read(t, []byte(body), contentType, nil)
	}
}

// Families that are forgotten are not those of the page before any more.
func TestPages_FollowedAfterASweep(t *testing.T) {
	w := newTwins(Classic)
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "many{i=\"%d\"} 1\n", i)
	}
	for _, page := range []string{"a 1\n", many.String() + "# HELP z Z\na 1\n", "# HELP z Z\na 1\n", "# HELP z Z\na 1\nz 1\n", "# HELP z Z\na 1\nz 1\n", "# HELP z Y\na 1\nz 1\n"} {
		w.at += 1000
		w.read(t, []byte(page), textType, nil)
	}
	if w.fast.series.swept < 1000 || w.steady == 0 {
		t.Errorf("%d were left by a sweep, %d pages were followed", w.fast.series.swept, w.steady)
	}
}

// What was given back while pages stayed as they were is there again when one
// differs: no series is taken for another one, or for new.
func TestPages_FollowedAfterCalm(t *testing.T) {
	const usual = "# TYPE a counter\na{x=\"1\",y=\"1\"} 1\nb 1\nc 1\n"
	for name, page := range map[string]string{
		"other places":    "c 1\nb 1\n# TYPE a counter\na{x=\"1\",y=\"1\"} 1\n",
		"another text":    "# TYPE a counter\na{y=\"1\",x=\"1\"} 1\nb 1\nc 1\n",
		"a new series":    usual + "d 1\n",
		"a series less":   "# TYPE a counter\na{x=\"1\",y=\"1\"} 1\nc 1\n",
		"a series twice":  usual + "b 1\n",
		"another type":    strings.Replace(usual, "counter", "gauge", 1),
		"a page no more":  "}",
		"one of its own":  strings.Replace(usual, "b 1", "b 1 1000000", 1),
		"of the report's": usual + "up{instance=\"\",job=\"job\"} 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwins(Classic)
			for range calmPages + 1 {
				w.at += 1000
				w.read(t, []byte(usual), textType, nil)
			}
			if len(w.fast.series.byText) > 0 || w.steady != calmPages {
				t.Fatalf("after %d pages in a row nothing was given back", w.steady)
			}
			for _, body := range []string{page, usual, page, page, usual + page} {
				w.at += 1000
				w.read(t, []byte(body), textType, nil)
			}
			if fast, careful := len(w.fast.series.others), len(w.careful.series.others); fast != careful {
				t.Errorf("there are %d other texts, want %d", fast, careful)
			}
		})
	}
}

// A target of many series is followed from its second page on: there is nothing to
// forget after the first.
func TestPages_FollowedFromTheStart(t *testing.T) {
	w := newTwins(Classic)
	for i := range 2 {
		w.at += 1000
		w.read(t, usualPage(1000, i), textType, nil)
	}
	if w.steady != 1 {
		t.Error("the second page was not compared with the first")
	}
}

func TestPages_ExemplarsAreFollowed(t *testing.T) {
	w := newTwins(Classic)
	for i := range 10 {
		w.at += 1000
		page := fmt.Sprintf("# TYPE a counter\na_total %d # {trace=\"%d\"} 1 %d\nb_total 1 # {trace=\"%d\"} 1\nc 1\n# EOF\n", i, i/2, 1000+i/2, i/3)
		w.read(t, []byte(page), openMetricsType, nil)
	}
	if w.steady != 9 {
		t.Errorf("%d pages were found to have the series of the one before, want 9", w.steady)
	}
}

// A page in another form finds the series as the pages before have left them.
func TestPages_FamiliesAfterText(t *testing.T) {
	w := newTwins(Classic)
	gauge := &dto.MetricFamily{
		Name: proto.String("a"), Type: dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: proto.Float64(1)}}},
	}
	for range 3 {
		for range 3 {
			w.at += 1000
			w.read(t, []byte("# TYPE a gauge\na 1\nb 1\n"), textType, nil)
		}
		w.at += 1000
		w.readPage(t, func() Page { return Page{Families: []*dto.MetricFamily{gauge}} }, nil)
	}
}

func TestCommonPrefix(t *testing.T) {
	for n := range 600 {
		a := []byte(strings.Repeat("x", n) + "a" + strings.Repeat("z", n%200))
		b := []byte(strings.Repeat("x", n) + "b" + strings.Repeat("z", n%130))
		if got := commonPrefix(a, b); got != n {
			t.Errorf("%d bytes in common, want %d", got, n)
		}
		if got := commonPrefix(a[:n], b); got != n {
			t.Errorf("%d bytes in common, want all %d", got, n)
		}
	}
}
