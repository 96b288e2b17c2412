package proto

// TimeSeries is what a request says about one series. Samples are in time order,
// and so are exemplars. A TimeSeries has samples or histograms, never both.
type TimeSeries struct {
	// Labels is the label set as [AppendLabel] made it.
	Labels string
	// Symbols stands for Labels in a 2.0 message, as [EncoderV2.Intern] gave it
	// out; empty, the encoder looks Labels up itself.
	Symbols    []byte
	Samples    []Sample
	Histograms []Histogram
	Exemplars  []Exemplar
	// Start is when the series began to count, in milliseconds since the epoch;
	// 0 if that is not known. 1.0 cannot tell it.
	Start int64
	// Metadata describes the series' family; nil if nothing is known.
	Metadata *Metadata
	// Describe says that the message is to have the family's help text.
	Describe bool
}

// Sample is one value of a series. A zero field is not written, as protobuf's
// rules for proto3 have it; negative zero is not zero here.
type Sample struct {
	Time  int64 // milliseconds since the epoch
	Value float64
}

// Histogram is one native histogram of a series.
type Histogram struct {
	Time int64 // milliseconds since the epoch
	// Data is the histogram as [AppendHistogram] or [AppendFloatHistogram] made it.
	Data string
}

// Exemplar is an example of what a series has counted.
type Exemplar struct {
	Labels string // as AppendLabel made them; may be empty
	Time   int64  // milliseconds since the epoch
	Value  float64
}

// Metadata describes a metric family.
type Metadata struct {
	Family string
	Type   uint8 // a number of the MetricType enumeration, the same in 1.0 and 2.0
	Help   string
	Unit   string
}

// Encoder makes a message of series, for one version of the protocol. It reuses
// its memory from message to message.
type Encoder interface {
	// Reset begins a new message.
	Reset()
	// Add adds a series. ts and what it refers to are not retained.
	Add(ts *TimeSeries)
	// Message is the message of what has been added. It is the encoder's memory,
	// valid until the next Reset.
	Message() []byte
}
