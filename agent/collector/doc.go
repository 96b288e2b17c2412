// Package collector turns local sources of metrics into blocks of samples.
//
// The way of a page, file by file:
//
//   - source.go: a [Source] yields a page. http.go fetches it from an exporter,
//     in the best format that format.go asks for; gather.go has it of a
//     prometheus.Gatherer; package node beside this one yields the host's own
//     metrics.
//   - target.go: a [Target] runs one source with a deadline and never twice at
//     once, whatever the source does.
//   - page.go: the page is read, sample by sample (sample.go): text by text.go,
//     metric families by families.go and walk.go, which protobuf.go and wire.go
//     decode if they come over the wire.
//   - histogram.go, exemplar.go, start.go: what a sample may have beside a
//     number. histograms.go is the choice between forms of histograms.
//   - block.go: the page becomes a column; what vanished gets a stale marker,
//     what carries its own timestamp or is a histogram stands beside the column.
//   - series.go, family.go: the target's memory of its series and of what the
//     page says about them.
//   - labels.go: the target's labels are put on each series, as Prometheus does.
//   - report.go: up and the scrape_* samples about the scrape itself.
//
// A page follows Prometheus's rules for a scrape: the parser of text is
// prometheus/model/textparse, a page that does not parse fails as a whole, and
// the first of several samples of one series wins. The few differences are
// stated, with their reasons, in comparisons_test.go and beside it.
//
// Names are UTF-8 and kept as they are. Text that is not UTF-8 is repaired.
//
// The samples of a series are given out in time order, each later than the one
// before, whatever pages say. Only a clock that is set back makes an exception.
package collector
