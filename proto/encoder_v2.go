package proto

import "encoding/binary"

// ContentTypeV2 is the Content-Type of a remote write 2.0 request. It is to be
// sent just like this: with a space in it, Prometheus takes the body for an empty
// request of 1.0, and answers that all is well.
const ContentTypeV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"

// Tags of messages as only 2.0 has them.
const (
	tagRequestSymbols      = 4<<3 | bytesType
	tagRequestTimeseriesV2 = 5<<3 | bytesType // 1 in 1.0

	tagSeriesHistogramsV2 = 3<<3 | bytesType // 4 in 1.0
	tagSeriesExemplarsV2  = 4<<3 | bytesType // 3 in 1.0
	tagSeriesMetadata     = 5<<3 | bytesType

	tagMetadataType = 1<<3 | varintType
	tagMetadataHelp = 3<<3 | varintType
	tagMetadataUnit = 4<<3 | varintType
)

// EncoderV2 makes a Request of remote write 2.0. Across messages it keeps a
// dictionary of label names and values, so that a series whose label set was
// interned once costs no look-up again.
//
// The zero value is ready. An EncoderV2 is for one goroutine.
type EncoderV2 struct {
	symbols symbols
	series  []byte
	message []byte
	own     []byte // ids of a series that came without
	times   times
}

var _ Encoder = (*EncoderV2)(nil)

// Intern appends the symbols of a label set, a few bytes for each, which are a
// TimeSeries' Symbols in this encoder's messages until Forget. labels is not
// retained.
func (e *EncoderV2) Intern(dst []byte, labels string) []byte {
	for name, value := range Labels(labels) {
		dst = appendVarint(dst, uint64(e.symbols.intern(name)))
		dst = appendVarint(dst, uint64(e.symbols.intern(value)))
	}
	return dst
}

// Size is about how many bytes of memory the dictionary takes. It grows with
// every new label name and value and never shrinks by itself: a caller whose
// series come and go calls Forget when it is well above what is in use.
func (e *EncoderV2) Size() int { return e.symbols.bytes }

// Forget empties the dictionary, lets go of all memory and begins a new message.
// All that Intern has given out is void.
func (e *EncoderV2) Forget() { *e = EncoderV2{} }

// Reset begins a new message.
func (e *EncoderV2) Reset() {
	e.symbols.reset()
	e.series = e.series[:0]
}

// Add adds a series with its metadata, with the help text if ts.Describe is set.
func (e *EncoderV2) Add(ts *TimeSeries) {
	ids := e.ids(ts)
	b, head := beginFieldOf(e.series, tagRequestTimeseriesV2, len(ids)+usualSample*len(ts.Samples))
	body := len(b)
	b = e.appendRefs(b, ids)
	b = e.times.appendSamples(b, ts.Samples, ts.Start)
	b = appendHistograms(b, tagSeriesHistogramsV2, ts.Histograms, ts.Start)
	for _, x := range ts.Exemplars {
		b = beginField(b, tagSeriesExemplarsV2)
		at := len(b)
		b = e.appendPassingRefs(b, x.Labels)
		b = appendExample(b, x)
		b = endField(b, at)
	}
	if ts.Metadata != nil {
		b = e.appendMetadata(b, ts.Metadata, ts.Describe)
	}
	e.series = endFieldOf(b, head, body)
}

// ids are the symbols of the series' labels.
func (e *EncoderV2) ids(ts *TimeSeries) []byte {
	if len(ts.Symbols) > 0 {
		return ts.Symbols
	}
	e.own = e.Intern(e.own[:0], ts.Labels)
	return e.own
}

func (e *EncoderV2) appendRefs(dst, ids []byte) []byte {
	if len(ids) == 0 {
		return dst
	}
	dst = beginField(dst, tagSeriesRefs)
	body := len(dst)
	for len(ids) > 0 {
		id, n := uint64(ids[0]), 1
		if id >= 0x80 {
			id, n = binary.Uvarint(ids)
		}
		dst = appendVarint(dst, uint64(e.symbols.ref(uint32(id))))
		ids = ids[n:]
	}
	return endField(dst, body)
}

// appendPassingRefs appends the refs of labels that may never come back.
func (e *EncoderV2) appendPassingRefs(dst []byte, labels string) []byte {
	if labels == "" {
		return dst
	}
	dst = beginField(dst, tagExemplarRefs)
	body := len(dst)
	for name, value := range Labels(labels) {
		dst = appendVarint(dst, uint64(e.symbols.pass(name)))
		dst = appendVarint(dst, uint64(e.symbols.pass(value)))
	}
	return endField(dst, body)
}

func (e *EncoderV2) appendMetadata(dst []byte, m *Metadata, describe bool) []byte {
	dst = beginField(dst, tagSeriesMetadata)
	body := len(dst)
	dst = appendUint(dst, tagMetadataType, uint64(m.Type))
	if describe {
		dst = appendUint(dst, tagMetadataHelp, uint64(e.symbols.pass(m.Help)))
	}
	dst = appendUint(dst, tagMetadataUnit, uint64(e.symbols.pass(m.Unit)))
	if len(dst) == body { // nothing is known
		return dst[:body-2]
	}
	return endField(dst, body)
}

// Message is the message of what has been added.
func (e *EncoderV2) Message() []byte {
	b := appendString(e.message[:0], tagRequestSymbols, "")
	e.message = append(append(b, e.symbols.encoded...), e.series...)
	return e.message
}
