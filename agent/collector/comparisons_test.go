package collector_test

import (
	"slices"

	"github.com/edgetick/edgetick/agent/collector"
)

// comparison is a sequence of pages that a target yields, and in what a Target
// does not do as Prometheus does: in differs, samples that only Prometheus (-)
// or only a Target (+) has, as lines writes them.
type comparison struct {
	name    string
	target  map[string]string // default: job and instance
	form    collector.Histograms
	pages   []exchange
	why     string
	differs []string
}

var comparisons = slices.Concat(seriesComparisons, ownComparisons, openMetricsComparisons, protobufComparisons)

var seriesComparisons = []comparison{
	{
		name:  "series vanishes and returns",
		pages: []exchange{text("a 1\nb 2\n"), text("a 1\n"), text("a 1\n"), text("a 1\nb 3\n"), text("b 3\na 1\n")},
	},
	{
		name:  "all series vanish and others come",
		pages: []exchange{text("a 1\nb 2\n"), text("c 1\n"), text("a 1\nb 2\nc 1\n"), text("# nothing\n"), text("c 1\n")},
	},
	{
		name:  "target fails and returns",
		pages: []exchange{text("a 1\nb 2\n"), down(), down(), text("a 1\nb 2\n"), text("a 1\n")},
	},
	{
		name:  "target is down at first",
		pages: []exchange{down(), down(), text("a 1\n"), down(), text("b 1\n")},
	},
	{
		name:  "page is empty",
		pages: []exchange{text(""), text("a 1\nb 2\n"), text(""), text("a 1\n"), text(""), text(""), text("a 2\nb 3\n")},
	},
	{
		name:  "page has nothing but comments",
		pages: []exchange{text("a 1\n"), text("# HELP a b\n# TYPE a counter\n# so\n\n"), text("a 1\n"), text("\n"), text("a 2\n")},
	},
	{
		name:  "page does not parse",
		pages: []exchange{text("a 1\nb 2\n"), text("!\na 1\n"), text("a 1\nb 2\n"), text("}\n"), text("b 2\n")},
	},
	{
		name:  "page does not parse in the middle",
		pages: []exchange{text("a 1\nb 2\n"), text("a 1\n}\nb 2\n"), text("a 1\nb 2\n")},
		why:   "a page that does not parse counts for nothing, so that what came before its fault ends, too",
		differs: []string{
			`+ a #2 stale`,
		},
	},
	{
		name:  "page with a new series does not parse",
		pages: []exchange{text("a 1\n"), text("n 1\na 1\n}\n"), text("a 1\nn 2\n"), text("a 1\n")},
		why:   "a page that does not parse counts for nothing, so that what came before its fault ends, too",
		differs: []string{
			`+ a #2 stale`,
		},
	},
	{
		name:  "first page does not parse",
		pages: []exchange{text("a 1\nb 2\n}\n"), text("a 1\nb 2\n")},
	},
	{
		name:  "page is cut off",
		pages: []exchange{text("a 1\nb 2\n"), text("a 1\nb"), text("a 1\nb{x=\"y"), text("a 1\nb 2")},
		why:   "a page that does not parse counts for nothing, so that what came before its fault ends, too",
		differs: []string{
			`+ a #2 stale`,
		},
	},
	{
		name:  "same series twice on a page",
		pages: []exchange{text("a 1\na 2\nb 1\nb 1\n"), text("a 3\na 4\n"), text("a 5\n"), text("b 1\nb 2\n")},
	},
	{
		name: "same label set, other texts",
		pages: []exchange{
			text(`a{x="1",y="2"} 1` + "\n" + `a{y="2",x="1"} 2` + "\n"),
			text(`a{y="2",x="1"} 3` + "\n" + `a{x="1",y="2"} 4` + "\n"),
			text(`a{ y="2", x="1", } 5` + "\n"),
			text(`{"a",y="2",x="1"} 6` + "\n"),
			text(`a{y="2",x="1",z=""} 7` + "\n"),
			text("b 1\n"),
			text(`a{x="1",y="2"} 8` + "\n"),
		},
		why: "a series is added once, however many texts a page writes it with",
		differs: []string{
			`- added #1 2`,
			`- added #3 1`,
			`- added #4 1`,
			`- added #5 1`,
			`+ added #1 1`,
			`+ added #3 0`,
			`+ added #4 0`,
			`+ added #5 0`,
		},
	},
	{
		name:  "repeated label names",
		pages: []exchange{text("a 1\n"), text("a 2\nb{x=\"1\",x=\"2\"} 1\n"), text("a 3\n"), text("b{x=\"1\",x=\"1\"} 1\n"), text("b{x=\"\",x=\"1\"} 1\n"), text("a 4\n")},
		why:   "a page that does not parse counts for nothing, so that what came before its fault ends, too",
		differs: []string{
			`+ a #2 stale`,
		},
	},
	{
		name:  "missing metric name",
		pages: []exchange{text("a 1\n"), text("{x=\"1\"} 1\n"), text("a 2\n{} 3\n"), text("a 4\n"), text("{__name__=\"\",x=\"1\"} 2\n"), text("{__name__=\"b\",x=\"1\"} 2\n"), text("a{__name__=\"\"} 1\n"), text("a{__name__=\"b\"} 1\n"), text("a 5\n")},
	},
	{
		name:  "empty label values",
		pages: []exchange{text("a{x=\"\",y=\"1\"} 1\nb{x=\"\"} 2\nb{job=\"\"} 3\n"), text("a{y=\"1\"} 2\n")},
		why:   "a series is added once, however many texts a page writes it with",
		differs: []string{
			`- added #1 3`,
			`- added #2 1`,
			`+ added #1 2`,
			`+ added #2 0`,
		},
	},
	{
		name:  "page has the target's labels",
		pages: []exchange{text("a{job=\"x\"} 1\na{job=\"job\"} 2\na{instance=\"i\",job=\"x\"} 3\n"), text("a 1\n")},
	},
	{
		name: "exported labels of the page",
		pages: []exchange{text(`
a{job="1",exported_job="2"} 1
a{job="1",exported_job="2",exported_exported_job="3"} 2
a{exported_job="2"} 3
a{exported_job=""} 4
a{job="1",exported_job=""} 5
`)},
	},
	{
		name:   "exported labels of the page and of the target",
		target: map[string]string{"job": "job", "instance": "node:80", "exported_job": "t", "site": "eu"},
		pages: []exchange{text(`
a{job="1",exported_job="2"} 1
a{job="1"} 2
a{exported_job="2",site="us"} 3
a{job="1",exported_job="2",exported_exported_job="3"} 4
`)},
		why: "Prometheus's report loses a label of the target that is named as if renamed; the Target's keeps all",
		differs: []string{
			`- scrape_duration_seconds{site="eu"} #1 0`,
			`- scrape_samples_post_metric_relabeling{site="eu"} #1 4`,
			`- scrape_samples_scraped{site="eu"} #1 4`,
			`- added{site="eu"} #1 4`,
			`- up{site="eu"} #1 1`,
			`+ scrape_duration_seconds{exported_job="t", site="eu"} #1 0`,
			`+ scrape_samples_post_metric_relabeling{exported_job="t", site="eu"} #1 4`,
			`+ scrape_samples_scraped{exported_job="t", site="eu"} #1 4`,
			`+ added{exported_job="t", site="eu"} #1 4`,
			`+ up{exported_job="t", site="eu"} #1 1`,
		},
	},
	{
		name:  "UTF-8 and quoted names",
		pages: []exchange{text("{\"a.b\"} 1\n{\"a.b\",\"x.y\"=\"1\"} 2\n{\"µ\",x=\"é\\n\\\"\\\\\"} 3\n{\"a\"} 4\na 5\n"), text("{\"a.b\"} 1\n")},
		why:   "a series is added once, however many texts a page writes it with",
		differs: []string{
			`- added #1 5`,
			`+ added #1 4`,
		},
	},
	{
		name:  "names that are not UTF-8",
		pages: []exchange{text("a 1\n"), text("a{x=\"\xff\"} 1\n"), text("{\"\xff\"} 1\n"), text("a 2\n")},
		why:   "text that is not UTF-8 is repaired",
		differs: []string{
			`- scrape_samples_post_metric_relabeling #2 0`,
			`- scrape_samples_post_metric_relabeling #3 0`,
			`- scrape_samples_scraped #2 0`,
			`- added #2 0`,
			`- added #3 0`,
			`- added #4 0`,
			`- up #2 0`,
			`- up #3 0`,
			`+ a{x="�"} #2 1`,
			`+ a{x="�"} #3 stale`,
			`+ scrape_samples_post_metric_relabeling #2 1`,
			`+ scrape_samples_post_metric_relabeling #3 1`,
			`+ scrape_samples_scraped #2 1`,
			`+ added #2 1`,
			`+ added #3 1`,
			`+ added #4 1`,
			`+ up #2 1`,
			`+ up #3 1`,
			`+ � #3 1`,
			`+ � #4 stale`,
		},
	},
	{
		name: "le and quantile",
		pages: []exchange{text(`# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="1.0"} 2
h_bucket{le="1e0"} 3
h_bucket{le="Inf"} 4
h_bucket{le="+Inf"} 4
h_sum 1.5
h_count 4
# TYPE s summary
s{quantile="0.50"} 1
s{quantile="1"} 2
s_sum 3
s_count 4
# TYPE g gauge
g{le="1"} 1
g{quantile="1"} 1
`), text("h_bucket{le=\"1\"} 1\n")},
		why: "a series is added once, however many texts a page writes it with",
		differs: []string{
			`- added #1 13`,
			`+ added #1 10`,
		},
	},
	{
		name: "values",
		pages: []exchange{
			text("a NaN\nb +Inf\nc -Inf\nd -0\ne 0x1p-3\nf 4.9e-324\ng 1.7976931348623157e308\nh 0.1\ni 1_000\n"),
			text("a nan\nb Inf\nc -inf\nd 0\ne 0X1.8P1\nf 2.2250738585072011e-308\ng 9007199254740993\nh 1e23\n"),
			text("a 1\nb -0.0\nc infinity\nd 1e-400\ne 00012\nf +5\ng .5\nh 5.\n"),
			text("a 1e400\n"),
			text("a one\n"),
		},
	},
	{
		name:  "content type is blank",
		pages: []exchange{typed("", "a 1\n"), typed("", "a 2 @-5\n")},
	},
	{
		name:  "content type is unknown",
		pages: []exchange{typed("text/html", "a 1\n"), typed(";;", "a 2\n"), typed("application/json", "a 3"), typed("TEXT/PLAIN", "a 4\n")},
	},
	{
		name: "OpenMetrics",
		pages: []exchange{
			typed("application/openmetrics-text; version=1.0.0", "# TYPE a counter\n# HELP a b\na_total 1 # {id=\"1\"} 2\na_created 1\n# EOF\n"),
			typed("application/openmetrics-text; version=1.0.0", "# TYPE a counter\na_total 2\n# EOF\n"),
			typed("application/openmetrics-text; version=1.0.0", "# TYPE b info\nb_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"x\"} 1\n# EOF\n"),
			typed("application/openmetrics-text; version=1.0.0", "b_info{v=\"1\"}  1\n"),
			typed("application/openmetrics-text; version=1.0.0", "# EOF\n"),
		},
	},
	{
		name:  "comments and a missing last newline",
		pages: []exchange{text("#\n# a comment\na 1\n\n   \n#HELP a b\nb 2"), text("a 1\r\nb 2\n"), text("\ta 1 \nb  \t2\n"), text("a 1\n# EOF\nb 3\n")},
	},
	{
		name: "HELP and TYPE change",
		pages: []exchange{
			text("# HELP a one\n# TYPE a counter\na 1\n"),
			text("# HELP a two\n# TYPE a gauge\na 1\n"),
			text("a 1\n# HELP a three\n"),
			text("# HELP a four\n# HELP a five\n# TYPE a summary\n# TYPE a histogram\na 1\na_sum 1\n"),
			text("# TYPE a nonsense\na 1\n"),
			text("# HELP b only\n# TYPE c counter\na 2\n"),
		},
	},
	{
		name:  "page has report samples with other labels",
		pages: []exchange{text("up{job=\"x\"} 5\nscrape_samples_scraped{x=\"1\"} 6\n"), text("a 1\n")},
	},
	{
		name:  "page has report samples of its own",
		pages: []exchange{text("up 5\nup{x=\"1\"} 6\nscrape_samples_scraped 7\n"), down(), text("up 8 @-5\na 1\n"), text("a 1\n")},
		why:   "the report is the Target's to make; in Prometheus the page's samples win, and up turns stale when the target fails",
		differs: []string{
			`- scrape_samples_scraped #1 7`,
			`- scrape_samples_scraped #2 stale`,
			`- up #1 5`,
			`- up #2 stale`,
			`- up #2+9995ms 8`,
			`+ scrape_samples_scraped #1 3`,
			`+ scrape_samples_scraped #2 0`,
			`+ up #1 1`,
			`+ up #2 0`,
		},
	},
	{
		name: "values, one page each so that none hides the others",
		pages: []exchange{
			text("a 1e400\n"), text("a -1e400\n"), text("a 1_000\n"), text("a 0x1p-1074\n"), text("a infinity\n"), text("a -Infinity\n"),
			text("a 1e-400\n"), text("a 0x10\n"), text("a 0b1\n"), text("a +NaN\n"), text("a -NaN\n"), text("a \n"), text("a 1 2 3\n"),
			text("a 1e5\n"), text("a 1E+5\n"), text("a 3.0000000000000001\n"), text("a 18446744073709551616\n"),
		},
	},
}
