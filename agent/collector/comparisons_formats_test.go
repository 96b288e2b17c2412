package collector_test

import (
	"strings"

	"github.com/edgetick/edgetick/agent/collector"
)

var openMetricsComparisons = []comparison{
	{
		name: "OpenMetrics: exemplars",
		pages: []exchange{
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 1 # {id=\"1\"} 0.5 @s-500\na_total{x=\"2\"} 1 # {} 2\n"),
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 1 # {id=\"1\"} 0.5 @s-10500\na_total{x=\"2\"} 1 # {} 2\n"),
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 2 # {id=\"2\"} 0.5 @s-30000\na_total{x=\"2\"} 2 # {} 3\n"),
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 3 # {id=\"3\"} 0.5 @s-1\na_total{x=\"2\"} 2 # {} 2\n"),
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 3 # {id=\"4\"} 0.5 @s-10001\na_total{x=\"2\"} 2 # {id=\"b\",a=\"é\"} 2\n"),
			openMetricsPage("# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {id=\"1\"} 0.25\nh_bucket{le=\"+Inf\"} 2 # {id=\"2\"} 7 @s-1\nh_count 2\nh_sum 7.25\n"),
			openMetricsPage("# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {id=\"1\"} 0.25 @s-30\nh_bucket{le=\"+Inf\"} 2 # {id=\"2\"} 7\nh_count 2\nh_sum 7.25\n"),
		},
	},
	{
		name: "OpenMetrics: exemplars that are too long, and some that are not",
		pages: []exchange{
			openMetricsPage("# TYPE a counter\na_total 1 # {id=\"" + long(126) + "\"} 1\n"),
			openMetricsPage("# TYPE a counter\na_total 1 # {id=\"" + long(127) + "\"} 2\n"),
			openMetricsPage("# TYPE a counter\na_total 1 # {x=\"\",y=\"1\"} 3\n"),
		},
	},
	{
		name: "OpenMetrics: timestamps",
		pages: []exchange{
			openMetricsPage("# TYPE a counter\na_total 1 @s-500 # {id=\"1\"} 1\nb 1 @s-1\n"),
			openMetricsPage("# TYPE a counter\na_total 2 @s-500 # {id=\"1\"} 1\nb 1 @s-10001\n"),
			openMetricsPage("# TYPE a counter\na_total 3 # {id=\"2\"} 1\n"),
			openMetricsPage("b 1\n"),
		},
	},
	{
		name: "OpenMetrics: _created series",
		pages: []exchange{
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 1\na_created{x=\"1\"} 1000\na_total{x=\"2\"} 1\na_created{x=\"2\"} 1001.5\n"),
			openMetricsPage("# TYPE a counter\na_total{x=\"1\"} 1\na_created{x=\"1\"} 2000\na_total{x=\"2\"} 1\n"),
		},
	},
	{
		name: "OpenMetrics: pages that do not parse",
		pages: []exchange{
			openMetricsPage("a 1\n"), typed("application/openmetrics-text", ""), openMetricsPage("a 1\n"), typed("application/openmetrics-text", "a 2\n"),
			openMetricsPage("a 3\n"), openMetricsPage("\na 3\n"), openMetricsPage("a 4\n"), typed("application/openmetrics-text", "# EOF\na 3\n"),
			openMetricsPage("a 5 # {} 1\n"), openMetricsPage("# TYPE a b\n"), openMetricsPage("a 5 # {x=1} 1\n"), openMetricsPage("a 6 1 # {} 1 2 3\n"),
		},
		why: "a page that does not parse counts for nothing, so that what came before its fault ends, too",
		differs: []string{
			`+ a #4 stale`,
		},
	},
	{
		name: "format changes from page to page",
		pages: []exchange{
			text("# TYPE h histogram\nh_bucket{le=\"1\",x=\"y\"} 1\nh_bucket{le=\"+Inf\",x=\"y\"} 2\nh_sum{x=\"y\"} 1\nh_count{x=\"y\"} 2\n"),
			openMetricsPage("# TYPE h histogram\nh_bucket{le=\"1.0\",x=\"y\"} 1\nh_bucket{le=\"+Inf\",x=\"y\"} 2\nh_sum{x=\"y\"} 1\nh_count{x=\"y\"} 2\n"),
			families(`name: "h" type: HISTOGRAM metric {label {name: "x" value: "y"} histogram {sample_count: 3 sample_sum: 1 bucket {upper_bound: 1 cumulative_count: 2}}}`),
			text("# TYPE h histogram\nh_bucket{le=\"1\",x=\"y\"} 1\nh_bucket{le=\"+Inf\",x=\"y\"} 2\nh_sum{x=\"y\"} 1\nh_count{x=\"y\"} 2\n"),
		},
		why: "a series is added once, however many texts a page writes it with",
		differs: []string{
			`- added #2 1`,
			`- added #3 4`,
			`- added #4 4`,
			`+ added #2 0`,
			`+ added #3 0`,
			`+ added #4 0`,
		},
	},
	{
		name: "content type has capitals and parameters",
		pages: []exchange{
			typed("Application/OpenMetrics-Text; Version=1.0.0", "# TYPE a counter\na_total 1 # {} 1\n# EOF\n"),
			typed("APPLICATION/OPENMETRICS-TEXT;version=2.0.0", "# TYPE a counter\na_total 1\n"),
			typed("Application/VND.google.protobuf", delimited(`name: "a" metric {counter {value: 3}}`)),
			typed("text/PLAIN;version=1.0.0;escaping=allow-utf-8", "a_total 4\n"),
			typed("application/openmetrics-text;version=1;version=2", "a_total 5\n"),
		},
	},
	{
		name: "exporter answers in another format than it says",
		pages: []exchange{
			openMetricsPage("a 1\n"), typed("application/vnd.google.protobuf", "a 1\n"),
			openMetricsPage("a 1\n"), typed("application/openmetrics-text", delimited(`name: "a" metric {counter {value: 3}}`)),
			openMetricsPage("a 1\n"), text(delimited(`name: "a" metric {counter {value: 3}}`)),
		},
	},
	{
		name: "text: classic histograms become native",
		form: collector.Custom,
		pages: []exchange{
			text("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2.5\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 9\nh_count 4\n"),
			text("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2.5\"} 3.5\nh_bucket{le=\"+Inf\"} 4\nh_sum 9\nh_count 4\n"),
			text("# TYPE h gauge\nh 4\n"),
			openMetricsPage("# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {id=\"1\"} 0.5 @s-5\nh_bucket{le=\"2.5\"} 3\nh_bucket{le=\"+Inf\"} 4 # {id=\"2\"} 5\nh_sum 9\nh_count 4\nh_created 1000\n"),
			text("b 1\n"),
			text("# TYPE h histogram\nh_bucket{le=\"1\"} 2 \nh_bucket{le=\"2.5\"} 1\nh_bucket{le=\"+Inf\"} 4\nh_sum 9\nh_count 4\nb 1\n"),
		},
	},
}

// histogramsPage has native histograms of all kinds: of integers, with classic
// buckets and without, of floats, a gauge, and one that is classic alone.
const histogramsPage = `
name: "i" type: HISTOGRAM metric {histogram {sample_count: 6 sample_sum: 3.5 schema: 3 zero_threshold: 0.001 zero_count: 1 positive_span {offset: 2 length: 2} positive_delta: 2 positive_delta: 1 bucket {upper_bound: 1 cumulative_count: 4 exemplar {label {name: "id" value: "1"} value: 0.5 timestamp: @t-10}} bucket {upper_bound: 2 cumulative_count: 5 exemplar {value: 1}}}}
name: "i2" type: HISTOGRAM metric {label {name: "x" value: "1"} histogram {sample_count: 3 sample_sum: 3.5 schema: 0 positive_span {length: 1} positive_delta: 3 exemplars {label {name: "id" value: "b"} value: 1 timestamp: @t-7} exemplars {label {name: "id" value: "a"} value: 2 timestamp: @t-9} exemplars {value: 3}}} metric {label {name: "x" value: "2"} histogram {sample_count: 0 zero_threshold: 1e-128 positive_span {}}}
name: "f" type: HISTOGRAM metric {histogram {sample_count_float: 6.5 sample_sum: -0 schema: 1 zero_count_float: 1.5 zero_threshold: 1 negative_span {offset: -1 length: 1} negative_count: 5}}
name: "z" type: HISTOGRAM metric {histogram {zero_threshold: 1e-128}}
name: "g" type: GAUGE_HISTOGRAM metric {histogram {sample_count: 3 sample_sum: 3.5 schema: 8 positive_span {length: 1} positive_delta: 3}}
name: "c" type: HISTOGRAM metric {histogram {sample_count: 3 sample_sum: 3.5 bucket {upper_bound: 1 cumulative_count: 2 exemplar {value: 1}} bucket {upper_bound: inf cumulative_count: 3}}} metric {label {name: "x" value: "y"} histogram {sample_count_float: 3.5 sample_sum: 3.5 bucket {upper_bound: 1 cumulative_count_float: 2.5}}}
`

func inForm(form collector.Histograms) comparison {
	page := families(histogramsPage[1:])
	return comparison{
		name:  "protobuf: histograms " + form.String(),
		form:  form,
		pages: []exchange{page, page, text("b 1\n"), page, down(), page, text("i 1\nf 1\n"), page},
	}
}

var protobufComparisons = []comparison{
	inForm(collector.Classic),
	inForm(collector.Native),
	inForm(collector.Both),
	inForm(collector.Custom),
	{
		name: "protobuf: types",
		pages: []exchange{
			families(`name: "c" help: "h" type: COUNTER unit: "s" metric {counter {value: 1.5 exemplar {label {name: "z" value: "1"} label {name: "a" value: "2"} value: 1}}} metric {label {name: "b" value: ""} label {name: "a" value: "é"} counter {value: nan}} metric {label {name: "x" value: "none"} counter {}}
name: "g" type: GAUGE metric {gauge {value: -0}} metric {label {name: "job" value: "x"} gauge {value: -inf}}
name: "u.t\"f\n8" type: UNTYPED metric {untyped {value: 1e-300} timestamp_ms: @-500}
name: "s" type: SUMMARY metric {summary {sample_count: 3 sample_sum: 4.5 quantile {quantile: 0.5 value: nan} quantile {quantile: 1 value: 2}}} metric {label {name: "no" value: "quantile"} summary {sample_count: 3 sample_sum: 4.5}}
name: "none" type: GAUGE
`),
			families(`name: "c" metric {counter {value: 2} timestamp_ms: @-20} metric {counter {value: 3} timestamp_ms: @-10}`),
			families(`name: "c" metric {counter {value: 2}} metric {counter {value: 3}}`),
			families(``),
			families(`name: "none" type: GAUGE`),
			families(`name: "" metric {counter {value: 2}}`),
			families(`name: "c" metric {label {name: "x" value: "1"} label {name: "x" value: "1"} counter {value: 2}}`),
			families(`name: "c" metric {label {name: "" value: "1"} counter {value: 2}}`),
		},
		why: "of a family whose labels are no label set the Target counts the sample that says so",
		differs: []string{
			`- scrape_samples_scraped #6 0`,
			`- scrape_samples_scraped #8 0`,
			`+ scrape_samples_scraped #6 1`,
			`+ scrape_samples_scraped #8 1`,
		},
	},
	{
		name:  "protobuf: several native histograms in a family",
		form:  collector.Native,
		pages: []exchange{families(`name: "i" type: HISTOGRAM metric {label {name: "x" value: "1"} histogram {sample_count: 3 positive_span {length: 1} positive_delta: 3 exemplars {value: 1 timestamp: @t-7}}} metric {label {name: "x" value: "2"} histogram {sample_count: 3 positive_span {length: 1} positive_delta: 3 exemplars {value: 1 timestamp: @t-7}}}`)},
		why:   "Prometheus overlooks as many exemplars of a histogram as the ones before it in the family had",
		differs: []string{
			`+ i{x="2"} exemplar {} #1-7ms 1`,
		},
	},
	{
		name: "protobuf: histograms that contradict themselves",
		form: collector.Native,
		pages: []exchange{
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 positive_span {length: 1} positive_delta: 3}}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 2 positive_span {length: 1} positive_delta: 3}}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 positive_span {length: 2} positive_delta: 3}}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 schema: 99 positive_span {length: 1} positive_delta: 3}}`),
		},
		why: "a histogram that is not valid is discarded, and the page does not fail",
		differs: []string{
			`- scrape_samples_post_metric_relabeling #2 0`,
			`- scrape_samples_post_metric_relabeling #3 0`,
			`- scrape_samples_post_metric_relabeling #4 0`,
			`- scrape_samples_scraped #3 0`,
			`- up #2 0`,
			`- up #3 0`,
			`- up #4 0`,
			`+ scrape_samples_post_metric_relabeling #2 1`,
			`+ scrape_samples_post_metric_relabeling #3 1`,
			`+ scrape_samples_post_metric_relabeling #4 1`,
			`+ scrape_samples_scraped #3 1`,
			`+ up #2 1`,
			`+ up #3 1`,
			`+ up #4 1`,
		},
	},
	{
		name: "protobuf: histograms with timestamps",
		form: collector.Native,
		pages: []exchange{
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 sample_sum: 3.5 schema: 0 positive_span {length: 1} positive_delta: 3} timestamp_ms: @-500}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 3 sample_sum: 3.5 schema: 0 positive_span {length: 1} positive_delta: 3} timestamp_ms: @-10500}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 4 sample_sum: 3.5 schema: 0 positive_span {length: 1} positive_delta: 4} timestamp_ms: @-30500}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 4 sample_sum: 3.5 schema: 0 positive_span {length: 1} positive_delta: 4}}`),
			families(`name: "i" type: HISTOGRAM metric {histogram {sample_count: 5 sample_sum: 3.5 schema: 0 positive_span {length: 1} positive_delta: 5} timestamp_ms: @-1}`),
			text("b 1\n"),
		},
	},
}

func long(n int) string { return strings.Repeat("é", n) }
