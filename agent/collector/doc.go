// Package collector turns local sources of metrics into blocks of samples.
//
// The way of a page, file by file:
//
//   - source.go: a [Source] yields a page. http.go fetches it from an exporter,
//     in the best format that format.go asks for; gather.go has it of a
//     prometheus.Gatherer; package node beside this one yields the host's own
//     metrics.
//   - conn.go: the one connection to an exporter. head.go reads what comes before
//     the page and body.go the page, into memory that targets share: spares.go.
//   - target.go: a [Target] runs one source with a deadline and never twice at
//     once, whatever the source does.
//   - page.go: the page is read, sample by sample (sample.go): text by text.go,
//     metric families by families.go and walk.go, which protobuf.go and wire.go
//     decode if they come over the wire.
//   - plan.go: a page of text is compared with the one before. follow.go goes
//     along as far as only values differ (float.go), patch.go from there on;
//     comments.go is what both do with HELP and TYPE.
//   - histogram.go, exemplar.go, start.go: what a sample may have beside a
//     number. histograms.go is the choice between forms of histograms.
//   - block.go: the page becomes a column, in memory that is used again when it
//     has been delivered ([buffer.Column]); what vanished gets a stale marker,
//     what carries its own timestamp or is a histogram stands beside the column.
//   - series.go, family.go: the target's memory of its series and of what the
//     page says about them; table.go finds a series in it.
//   - labels.go: the target's labels are put on each series, as Prometheus does.
//   - report.go: up and the scrape_* samples about the scrape itself.
//
// A page follows Prometheus's rules for a scrape: the parser of text is
// prometheus/model/textparse, a page that does not parse fails as a whole, and
// the first of several samples of one series wins. The few differences are
// stated, with their reasons, in comparisons_test.go and beside it.
//
// # Comparing pages
//
// An exporter's page keeps its shape. Of a page of text, either format, what is
// the same as on the page before costs a comparison of memory, and another value
// costs the parsing of a number, as long as nothing else differs: the series are
// then those of the page before, and nothing is written down for each of them.
// From the first other difference on, lines are looked up one by one, wherever
// they stand now, and the parser gets each line that is new, with the type of its
// family before it. A line with an exemplar gets to the parser when it changes.
//
// The parser gets the rest of a page once many lines were new, or if one cannot be
// read alone: because it is wrong, is not UTF-8, or has a zero byte. It gets the
// whole page if the page before was not of text, failed or was of another content
// type, and after a page on which
//
//   - a sample had a timestamp of its own or was not taken, as a second one of
//     its series is not,
//   - an exemplar was not taken, or had no timestamp after one that had,
//   - a family was described twice, in different ways,
//   - text was not UTF-8,
//   - the format was OpenMetrics and a family was described anew or a start was in
//     the future;
//
// also where histograms are made custom, when the clock was set back or has stood
// still, and once after series were forgotten. What comes out is always what the
// parser alone would have made of the page.
//
// Names are UTF-8 and kept as they are. Text that is not UTF-8 is repaired.
//
// The samples of a series are given out in time order, each later than the one
// before, whatever pages say. Only a clock that is set back makes an exception.
package collector
