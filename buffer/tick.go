package buffer

// Sample is one sample that stands outside a block's column.
type Sample struct {
	Series *Series
	Time   int64 // milliseconds since the epoch
	Value  float64
	// Histogram is a native histogram in its encoding on the wire, without its
	// timestamps. It is the sample's value, and Value is 0, unless it is empty.
	Histogram string
}

// sampleBytes is the memory one Sample takes, without its histogram.
const sampleBytes = 40

// Exemplar is an example of what a series has counted.
type Exemplar struct {
	Series *Series
	Time   int64 // milliseconds since the epoch
	Value  float64
	Labels string // encoded like those of a Series; may be empty
}

// exemplarBytes is the memory one Exemplar takes, without its labels.
const exemplarBytes = 40

// Mixed is the Source of a block that may share series with blocks of any
// source. A process that goes on where another ended puts one, which may be
// empty, into its first tick: it numbers its targets anew.
const Mixed = -1

// Block is what one target yielded at one tick.
type Block struct {
	// Source numbers the target within the process, or is [Mixed]. Blocks of one
	// source never share a series with blocks of another, unless there is a
	// mixed block between or among them.
	Source int
	// Time is the timestamp of every sample in the column, in milliseconds
	// since the epoch. It is the tick's, or an earlier tick's where the target
	// took longer than one tick.
	Time int64
	// Layout names the series of the column; nil where the column is empty.
	Layout *Layout
	// Values is the column: Values[i] belongs to Layout.Series[i]. Their memory may
	// be a [Column], which says for how long they may be read.
	Values []float64
	// Extra lists the samples that do not fit the column: those that carry
	// their own timestamp, stale markers, and native histograms. The samples of
	// one series stand in it in time order. A series that is also in the column
	// is never older in the column than in Extra.
	Extra []Sample
	// Exemplars of the block's series, those of one series in time order. They
	// are not samples, and count as none.
	Exemplars []Exemplar

	column *Column // nil if Values are not in one
}

// Samples is the number of samples in the block.
func (b *Block) Samples() int { return len(b.Values) + len(b.Extra) }

// Tick is what was gathered at one beat of the ticker. It is immutable once it
// has been pushed into a [Ring], until all of the ring's readers have passed it.
type Tick struct {
	// Seq numbers the ticks, starting at 1. It only ever grows.
	Seq uint64
	// Time is the timestamp shared by the samples of the tick, in milliseconds
	// since the epoch.
	Time int64
	// Base is the number of samples in all ticks before this one.
	Base uint64
	// LogEnd is the number of samples in the write-ahead log up to and
	// including this tick. It is less than End if there were ticks that could
	// not be written. It is not part of the tick's encoding.
	LogEnd uint64
	// Blocks holds the targets' blocks in the order in which they finished.
	Blocks []Block

	retained bool
}

// Retain says that somebody may read the tick for longer than a ring's readers
// do, so that its columns are never used again. It is called before the tick is
// pushed.
func (t *Tick) Retain() { t.retained = true }

// passed lets go of the tick's columns: all readers have passed it.
func (t *Tick) passed() {
	if t.retained {
		return
	}
	for i := range t.Blocks {
		t.Blocks[i].column.letGo(heldByTick)
	}
}

// Samples is the number of samples in the tick.
func (t *Tick) Samples() int {
	n := 0
	for i := range t.Blocks {
		n += t.Blocks[i].Samples()
	}
	return n
}

// End is the number of samples in all ticks up to and including this one.
func (t *Tick) End() uint64 { return t.Base + uint64(t.Samples()) }

// blockBytes is the memory a block takes beside its values and its layout.
const blockBytes = 168

// Bytes is the memory, in bytes, that the tick takes without its layouts.
func (t *Tick) Bytes() int {
	n := 64
	for i := range t.Blocks {
		b := &t.Blocks[i]
		n += blockBytes + 8*cap(b.Values) + sampleBytes*len(b.Extra) + exemplarBytes*len(b.Exemplars)
		for j := range b.Extra {
			n += len(b.Extra[j].Histogram)
		}
		for j := range b.Exemplars {
			n += len(b.Exemplars[j].Labels)
		}
	}
	return n
}
