package buffer

import (
	"errors"
	"fmt"
)

// formatVersion is the version of the format that an [Encoder] writes.
//
// A record is one tick in bytes. A key record can be decoded alone; any other
// needs the records since the last key record, all of them and in order. What
// follows is on disk: it never changes but with formatVersion.
//
// All numbers are varints of encoding/binary, those marked ± in zigzag; bits
// are written from the lowest place of a byte up. A series is known by its
// number: how many were described before it since the key record.
//
//	key record      other record
//	+---+---+----   +---+----
//	| 0 | v |       | k |           k  1 to 255, then 1 again: the how manieth
//	+---+---+----   +---+----       v  formatVersion
//	  seq             ± seq less the one expected: the next
//	  ± time          ± time less the one expected: the last interval again
//	  base            ± base less the one expected: the end of the last tick
//	  number of blocks, then for each
//	    +---+---+----------+--------+-------+--------+--------+
//	    | h | m | ± source | ± time | whole | series | layout |
//	    +---+---+----------+--------+-------+--------+--------+
//	    +---------+------------+-----------+
//	    | n extra | histograms | exemplars |
//	    +---------+------------+-----------+
//	  number of gaps, then the gaps
//	  bits: for each block its column, then its extra samples
//
// h says which parts there are, and m does if h has bit 7:
//
//	bits 0-1  layout: 0 the source's last, 1 none, 2 one byte, a place on the
//	          source's shelf of the last 4, 3 a new one: a number of runs, each
//	          ± its first series less the end of the run before, and its length
//	bit 2     whole: a layout is described here, of new series, and shelved
//	bit 3     the time is not the tick's; here, less the tick's
//	bit 4     the source is not that of the block before plus one
//	bit 5     series are described that the layout, the extra samples or the
//	          exemplars need
//	bit 6     there are extra samples
//	bit 7     m follows. Its bit 0: histograms are among the extra samples;
//	          its bit 1: there are exemplars
//
// # Descriptions of series
//
//	n, size of counts, size of texts, size of both compressed or 0, counts, texts
//
// Counts and texts are kept apart because they compress better so, by DEFLATE.
// Each text is as long as the count that stands for it says. For each series:
//
//	+------+---------+--------+--------+--------+
//	| back | ± start | prefix | suffix | middle |
//	+------+---------+--------+--------+--------+
//	+---+------+--------+------+------+------+---------+--------+--------+--------+
//	| 0 | type | prefix | name | help | unit | ± start | prefix | suffix | middle |
//	+---+------+--------+------+------+------+---------+--------+--------+--------+
//
// The first form shares the family of the series back places before, and as
// much as prefix and suffix say of its labels. The second describes a family,
// whose name begins like that of the family described before it; the labels
// are like those of the series before. The start is less that of the series
// before in these descriptions, or less 0. Whole layouts refer to nothing
// outside, so that their bytes stay the same and are made only once.
//
// # Values
//
// A value is n units and some ulps (see unit), and its forecast is the last
// value, or that plus the last step where steps have repeated (see forecasts).
// A series with heat has one bit: 0 as expected, 1 a surprise. One without has
// none; gaps say how many of those in all columns were as expected between one
// surprise and the next. A surprise in a unit known is a Rice code of the
// zigzag difference in units, its parameter being the forecast's, and an Elias
// gamma code of the zigzag difference in ulps if the series has ulps:
//
//	1{q} 0 low bits             q below 12
//	1{12} 0 number              number: length in 7 bits, bits after the highest
//	1{12} 1 unit number o       a new unit: 4 bits; the difference in it; and
//	                            whether there are ulps, which follow
//
// Of a series without a unit only the last form comes, without its ones.
//
// An extra sample begins with three choices, 1 being the usual one: the series
// is the next one (or 0, ± number); the time is that of the one before (or 0, 6
// bits: which of the last 63 new ones in the record, or 63, ± number less the
// block's); it is a stale marker (or 0, a value with heat). If there are
// histograms in the block, 0 is followed by one more choice: it is one (or 0, a
// value with heat).
//
// # Histograms and exemplars
//
// The histograms of a block are the size of all together in bytes, and for each
// a patch of the last one of its series or, if there has been none since the key
// record, of the one before it in the block, if any:
//
//	n, and unless it is 0: suffix, then n times
//	+------+------+-------+
//	| same | size | bytes |
//	+------+------+-------+
//
// Where n is 0 nothing has changed. Otherwise it begins with as many bytes as
// same says, which are those that stand in the other at this place; then come
// bytes of its own; and so on. At its end it has as many as suffix says of the
// end of the other.
//
// The exemplars of a block are their number, and for each:
//
//	+----------+--------+---------+--------+------+-------+
//	| ± series | ± time | 8 bytes | prefix | size | bytes |
//	+----------+--------+---------+--------+------+-------+
//
// The series is less the number after that of the exemplar before, or less 0;
// the time less the block's. The 8 bytes are the value's, the lowest first. The
// labels begin like those of the exemplar before, as far as prefix says.
//
// # Version 1
//
// It had no starts, and no bit 7 in h. Nothing else was different.
const formatVersion = 2

// firstVersion is the only other version that there has been.
const firstVersion = 1

// staleMarker is the value that ends a series.
const staleMarker = 0x7ff0000000000002

const (
	headLayout = 0x03
	headWhole  = 0x04
	headTime   = 0x08
	headSource = 0x10
	headSeries = 0x20
	headExtra  = 0x40
	headMore   = 0x80 // since version 2

	moreHistograms = 0x01
	moreExemplars  = 0x02
	moreUnknown    = 0xfc // no bits of this version

	layoutLast  = 0
	layoutNone  = 1
	layoutPlace = 2
	layoutNew   = 3
)

// keyInterval is how many ticks a key record and those that need it span: half
// an hour at a tick of 15 s, which is the most that damage to one record can
// cost and a reader has to read in vain. On pages of three exporters a sample
// takes 0.63 bytes with a key record every 60 ticks, 0.47 with one every 120,
// and 0.39 with one every 240.
const keyInterval = 120

// Limits on what a decoder makes of the records since a key record, whatever
// they say. The wal takes no record that comes near them.
const (
	maxText    = 1 << 30   // bytes of labels and descriptions
	maxPlaced  = 16 << 20  // series in layouts
	maxSamples = 16 << 20  // in one tick
	maxBlocks  = 64 << 10  // in one tick
	maxOpaque  = 256 << 20 // bytes of histograms and of exemplars' labels in one tick

	seriesCost = 96 // bytes that a series takes beside its labels, roughly
)

var (
	// ErrRecord is returned for bytes that an [Encoder] did not write.
	ErrRecord = errors.New("malformed tick record")
	// ErrVersion is returned for a key record of another format version.
	ErrVersion = errors.New("tick record of an unknown version")
	// ErrNoKey is returned for a record that needs records which the decoder
	// has not seen.
	ErrNoKey = errors.New("tick record without those it builds on")
)

// RecordError says where in a record the decoder gave up.
type RecordError struct {
	Offset int // bytes
	Err    error
}

func (e *RecordError) Error() string { return fmt.Sprintf("%v at byte %d", e.Err, e.Offset) }

func (e *RecordError) Unwrap() error { return e.Err }
