// Package proto encodes the messages of the Prometheus remote write protocol,
// and decodes them for tools and tests.
//
// Encoders append to a byte slice that the caller owns and reuses, and take a
// label set as the bytes that [AppendLabel] made of it once. Encoding a series
// is then a copy, a few varints and the bits of its values; nothing is
// allocated. Every value keeps all its bits.
//
// Messages are those of prompb in github.com/prometheus/prometheus, which is
// also the reference the encoders are tested against. All functions are safe
// for concurrent use on distinct slices.
package proto
