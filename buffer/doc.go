// Package buffer holds what one tick gathered, and the most recent ticks.
//
// The types, from small to large:
//
//   - [Series]: a label set in its canonical encoding, and its [Family].
//   - [Layout]: the ordered series of one target's page. It stays the same
//     value from tick to tick as long as the shape of the page does.
//   - [Block]: one target's samples at one tick: a layout, one column of values
//     and a short list of samples that do not fit the column.
//   - [Column]: memory for a block's values, used again.
//   - [Tick]: the blocks gathered at one beat of the ticker.
//   - [Ring]: the most recent ticks, bounded in bytes.
//   - [Encoder] and [Decoder]: a tick as a record of the write-ahead log, and
//     back. codec.go specifies the format.
//
// Ownership is simple: whoever builds a value may change it until it has been
// handed to [Ring.Push]; from then on it is immutable and may be read by any
// number of goroutines without locks. Series and layouts live for as long as
// something points at them; nothing has to be released. Only the memory of a
// block's values may be used again, by whoever gathers the next ones: [Column]
// says when.
//
// The package knows neither metrics protocols nor files. Label sets are opaque
// to it: two series are the same when their encodings are equal, and it is the
// gatherer's duty to give every series to one target only.
package buffer
