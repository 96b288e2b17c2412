package proto

import "github.com/prometheus/common/model"

// Tags of messages as only 1.0 has them.
const (
	tagRequestTimeseries = 1<<3 | bytesType
	tagRequestMetadata   = 3<<3 | bytesType

	tagSeriesExemplarsV1  = 3<<3 | bytesType // 4 in 2.0
	tagSeriesHistogramsV1 = 4<<3 | bytesType // 3 in 2.0

	tagFamilyType = 1<<3 | varintType
	tagFamilyName = 2<<3 | bytesType
	tagFamilyHelp = 4<<3 | bytesType
	tagFamilyUnit = 5<<3 | bytesType
)

// EncoderV1 makes a WriteRequest of remote write 1.0. It knows no start
// timestamps. What 1.0 does not allow is the caller's to keep away from it:
// histograms with [CustomBuckets], and label sets that are not [LegacyNames].
//
// The zero value is ready. An EncoderV1 is for one goroutine.
type EncoderV1 struct {
	series   []byte // and, when the message is complete, the metadata
	metadata []byte
	family   []byte // the last one described
	times    times
}

var _ Encoder = (*EncoderV1)(nil)

// Reset begins a new message.
func (e *EncoderV1) Reset() {
	e.series, e.metadata, e.family = e.series[:0], e.metadata[:0], e.family[:0]
}

// Add adds a series, and its family's metadata if ts.Describe is set and the
// series before it was not of the same family.
func (e *EncoderV1) Add(ts *TimeSeries) {
	b, head := beginFieldOf(e.series, tagRequestTimeseries, len(ts.Labels)+usualSample*len(ts.Samples))
	body := len(b)
	b = append(b, ts.Labels...)
	b = e.times.appendSamples(b, ts.Samples, 0)
	for _, x := range ts.Exemplars {
		b = beginField(b, tagSeriesExemplarsV1)
		at := len(b)
		b = append(b, x.Labels...) // a Label is field 1 here as it is in a series
		b = appendExample(b, x)
		b = endField(b, at)
	}
	b = appendHistograms(b, tagSeriesHistogramsV1, ts.Histograms, 0)
	e.series = endFieldOf(b, head, body)
	if ts.Describe && ts.Metadata != nil {
		e.describe(ts.Metadata)
	}
}

// describe adds the family's metadata, unless it is what was added last. The
// name is escaped as metric names are by [EscapeNames].
func (e *EncoderV1) describe(m *Metadata) {
	name := model.EscapeName(m.Family, model.UnderscoreEscaping)
	if name == "" || name == string(e.family) {
		return
	}
	e.family = append(e.family[:0], name...)
	b := beginField(e.metadata, tagRequestMetadata)
	body := len(b)
	b = appendUint(b, tagFamilyType, uint64(m.Type))
	b = appendText(b, tagFamilyName, name)
	b = appendText(b, tagFamilyHelp, m.Help)
	b = appendText(b, tagFamilyUnit, m.Unit)
	e.metadata = endField(b, body)
}

// Len is the length, in bytes, of what Take would return.
func (e *EncoderV1) Len() int { return len(e.series) }

// Take takes out the series that have been added: Message is the rest of the
// message. What it returns is the encoder's memory, valid until the encoder is used
// again.
func (e *EncoderV1) Take() []byte {
	series := e.series
	e.series = e.series[:0]
	return series
}

// Message is the message of what has been added.
func (e *EncoderV1) Message() []byte {
	e.series = append(e.series, e.metadata...)
	e.metadata = e.metadata[:0]
	return e.series
}
