package collector

import (
	"encoding/binary"
	"errors"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
)

// errCutOff is returned for a page of the protobuf format that ends within a
// metric family.
var errCutOff = errors.New("the page is cut off")

// readProtobuf reads a page of delimited metric families into p.read.
//
// The ProtobufParser of textparse fails on text that is not UTF-8 and on a
// histogram that contradicts itself, and overlooks exemplars where a family has
// several native histograms.
func (p *pages) readProtobuf(body []byte) error {
	for at := 0; at < len(body); {
		size, n := binary.Uvarint(body[at:])
		if n <= 0 || size > uint64(len(body)-at-n) {
			return fmt.Errorf("metric family at byte %d of %d: %w", at, len(body), errCutOff)
		}
		end := at + n + int(size)
		if err := p.readMessage(body[at+n : end]); err != nil {
			return fmt.Errorf("metric family at byte %d: %w", at, err)
		}
		at = end
	}
	return nil
}

// The fields of a MetricFamily. They may come in any order.
const (
	tagFamilyName   = 1<<3 | uint64(protowire.BytesType)
	tagFamilyHelp   = 2<<3 | uint64(protowire.BytesType)
	tagFamilyType   = 3<<3 | uint64(protowire.VarintType)
	tagFamilyMetric = 4<<3 | uint64(protowire.BytesType)
	tagFamilyUnit   = 5<<3 | uint64(protowire.BytesType)
)

// readMessage reads one metric family.
func (p *pages) readMessage(b []byte) error {
	w := &p.wire
	w.metrics = w.metrics[:0]
	var f dto.MetricFamily
	for len(b) > 0 {
		x, rest, err := nextField(b)
		if err != nil {
			return err
		}
		switch b = rest; x.tag {
		case tagFamilyName:
			f.Name = x.text()
		case tagFamilyHelp:
			f.Help = x.text()
		case tagFamilyUnit:
			f.Unit = x.text()
		case tagFamilyType:
			f.Type = dto.MetricType(x.number).Enum()
		case tagFamilyMetric:
			w.metrics = append(w.metrics, x.bytes)
		}
	}
	if len(w.metrics) == 0 {
		return nil
	}
	if err := p.describeFamily(&f); err != nil {
		return err
	}
	for _, raw := range w.metrics {
		m, err := w.decode(raw)
		if err != nil {
			return err
		}
		if err := p.readMetric(f.GetType(), m); err != nil {
			return err
		}
	}
	return nil
}

// field is one field of a message.
type field struct {
	tag    uint64 // its number and how it is written
	number uint64 // of a varint or 64 bits
	bytes  []byte
}

func nextField(b []byte) (f field, rest []byte, err error) {
	number, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return f, nil, protowire.ParseError(n)
	}
	f.tag = protowire.EncodeTag(number, typ)
	b = b[n:]
	switch typ {
	case protowire.VarintType:
		f.number, n = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		f.number, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(number, typ, b)
	}
	if n < 0 {
		return f, nil, protowire.ParseError(n)
	}
	return f, b[n:], nil
}

func (f *field) text() *string {
	s := string(f.bytes)
	return &s
}
