// Package proto encodes the messages of the Prometheus remote write protocol,
// 1.0 and 2.0, and decodes them for tools and tests. It leaves to others what
// goes into a message, compression and HTTP.
//
// An [Encoder] turns each [TimeSeries] it is given into bytes at once. It takes
// a label set as the bytes that [AppendLabel] made of it once and a histogram as
// those of [AppendHistogram], so that a series is a copy, a few varints and the
// bits of its values; in 2.0 its labels are numbers, for strings that the
// encoder keeps across messages. In steady state nothing is allocated. Every
// value keeps all its bits. How large a message may become [TimeSeries.SizeBound]
// tells beforehand.
//
// 1.0 says less than 2.0. It has no start timestamps, and [EncoderV1] leaves them
// out; its names are of ASCII, see [EscapeNames], and its histograms have no
// [CustomBuckets], which the caller sees to.
//
// Messages are those of prompb in github.com/prometheus/prometheus, which is
// also the reference the encoders are tested against. An encoder is for one
// goroutine; all functions are safe for concurrent use on distinct slices.
package proto
