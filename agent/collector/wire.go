package collector

import (
	"math"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// wire decodes metrics, each into the memory of the one before: most are labels
// and a number. What is more than that is left to package proto.
type wire struct {
	metrics [][]byte // of the family

	metric  dto.Metric
	pairs   []*dto.LabelPair
	counter dto.Counter
	gauge   dto.Gauge
	untyped dto.Untyped
	numbers struct{ counter, gauge, untyped float64 } // the values of those
}

// The fields of a Metric, of a LabelPair and of what has a number.
const (
	tagLabel     = 1<<3 | uint64(protowire.BytesType)
	tagGauge     = 2<<3 | uint64(protowire.BytesType)
	tagCounter   = 3<<3 | uint64(protowire.BytesType)
	tagSummary   = 4<<3 | uint64(protowire.BytesType)
	tagUntyped   = 5<<3 | uint64(protowire.BytesType)
	tagTimestamp = 6<<3 | uint64(protowire.VarintType)
	tagHistogram = 7<<3 | uint64(protowire.BytesType)

	tagName  = 1<<3 | uint64(protowire.BytesType)
	tagValue = 2<<3 | uint64(protowire.BytesType)

	tagNumber   = 1<<3 | uint64(protowire.Fixed64Type)
	tagExemplar = 2<<3 | uint64(protowire.BytesType)
	tagCreated  = 3<<3 | uint64(protowire.BytesType)
)

// decode returns a metric, which is valid until the next call.
func (w *wire) decode(b []byte) (*dto.Metric, error) {
	m := &w.metric
	m.Label = m.Label[:0]
	m.Gauge, m.Counter, m.Summary, m.Untyped, m.Histogram, m.TimestampMs = nil, nil, nil, nil, nil, nil
	for len(b) > 0 {
		x, rest, err := nextField(b)
		if err != nil {
			return nil, err
		}
		b = rest
		if err := w.field(&x); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (w *wire) field(x *field) (err error) {
	m := &w.metric
	switch x.tag {
	case tagLabel:
		return w.label(x.bytes)
	case tagGauge:
		m.Gauge = &w.gauge
		m.Gauge.Value = &w.numbers.gauge
		_, err = number(x.bytes, m.Gauge.Value)
	case tagUntyped:
		m.Untyped = &w.untyped
		m.Untyped.Value = &w.numbers.untyped
		_, err = number(x.bytes, m.Untyped.Value)
	case tagCounter:
		m.Counter = &w.counter
		return w.count(x.bytes)
	case tagTimestamp:
		m.TimestampMs = proto.Int64(int64(x.number))
	case tagSummary:
		m.Summary = new(dto.Summary)
		return proto.Unmarshal(x.bytes, m.Summary)
	case tagHistogram:
		m.Histogram = new(dto.Histogram)
		return proto.Unmarshal(x.bytes, m.Histogram)
	}
	return err
}

// label adds a label. Its text is often that of the metric before.
func (w *wire) label(b []byte) error {
	n := len(w.metric.Label)
	if n == len(w.pairs) {
		w.pairs = append(w.pairs, &dto.LabelPair{Name: new(string), Value: new(string)})
	}
	l := w.pairs[n]
	var name, value []byte
	for len(b) > 0 {
		x, rest, err := nextField(b)
		if err != nil {
			return err
		}
		switch b = rest; x.tag {
		case tagName:
			name = x.bytes
		case tagValue:
			value = x.bytes
		}
	}
	if *l.Name != string(name) {
		*l.Name = string(name)
	}
	if *l.Value != string(value) {
		*l.Value = string(value)
	}
	w.metric.Label = append(w.metric.Label, l)
	return nil
}

// number decodes a message that holds a number, and tells whether it holds more.
func number(b []byte, value *float64) (more bool, err error) {
	*value = 0
	for len(b) > 0 {
		x, rest, err := nextField(b)
		if err != nil {
			return false, err
		}
		b = rest
		if x.tag == tagNumber {
			*value = math.Float64frombits(x.number)
		} else {
			more = true
		}
	}
	return more, nil
}

// count decodes a counter.
func (w *wire) count(b []byte) error {
	c := &w.counter
	c.Value, c.Exemplar, c.CreatedTimestamp = &w.numbers.counter, nil, nil
	more, err := number(b, c.Value)
	if err != nil || !more {
		return err
	}
	for len(b) > 0 {
		x, rest, err := nextField(b)
		if err != nil {
			return err
		}
		switch b = rest; x.tag {
		case tagExemplar:
			c.Exemplar = new(dto.Exemplar)
			err = proto.Unmarshal(x.bytes, c.Exemplar)
		case tagCreated:
			c.CreatedTimestamp = new(timestamppb.Timestamp)
			err = proto.Unmarshal(x.bytes, c.CreatedTimestamp)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
