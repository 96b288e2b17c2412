package main

import (
	"fmt"

	"github.com/golang/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"google.golang.org/protobuf/encoding/protowire"
)

// scanner walks through a message without making anything of it that lives
// longer, where message.entries would take too much of the machine. It
// understands both versions in snappy, and of them what the drills look at. It is
// for one goroutine.
type scanner struct {
	plain   []byte
	symbols [][]byte // of a 2.0 message

	// The series that it has come to. They are void when it goes on.
	labels  [][]byte // names and values, in turns
	samples []sample
}

// Fields of WriteRequest and TimeSeries of 1.0, and of Request and TimeSeries of
// 2.0 where they are others.
const (
	seriesField   protowire.Number = 1
	symbolsField  protowire.Number = 4
	seriesFieldV2 protowire.Number = 5

	labelsField  protowire.Number = 1 // Label messages in 1.0, packed refs in 2.0
	samplesField protowire.Number = 2
)

// scan calls each for every series of a message.
func (s *scanner) scan(m message, each func()) (err error) {
	if m.encoding != snappyEncoding {
		return fmt.Errorf("a message in %q cannot be scanned, want snappy", m.encoding)
	}
	if s.plain, err = snappy.Decode(s.plain[:cap(s.plain)], m.body); err != nil {
		return err
	}
	v2 := m.kind == remoteapi.WriteV2MessageType
	s.symbols = s.symbols[:0]
	f := fields{rest: s.plain}
	for f.next() {
		switch {
		case v2 && f.number == symbolsField:
			s.symbols = append(s.symbols, f.bytes)
			continue
		case v2 && f.number == seriesFieldV2:
			err = s.series(f.bytes, s.refs)
		case !v2 && f.number == seriesField:
			err = s.series(f.bytes, s.label)
		default:
			continue
		}
		if err != nil {
			return err
		}
		each()
	}
	return f.err
}

// series reads a TimeSeries, whose labels field label reads.
func (s *scanner) series(b []byte, label func([]byte) error) error {
	s.labels, s.samples = s.labels[:0], s.samples[:0]
	f := fields{rest: b}
	for f.next() {
		var err error
		switch f.number {
		case labelsField:
			err = label(f.bytes)
		case samplesField:
			err = s.sample(f.bytes)
		}
		if err != nil {
			return err
		}
	}
	return f.err
}

func (s *scanner) label(b []byte) error {
	f := fields{rest: b}
	for f.next() {
		s.labels = append(s.labels, f.bytes)
	}
	return f.err
}

func (s *scanner) refs(b []byte) error {
	for len(b) > 0 {
		ref, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if ref >= uint64(len(s.symbols)) {
			return fmt.Errorf("symbol %d is not among the %d before the series", ref, len(s.symbols))
		}
		s.labels = append(s.labels, s.symbols[ref])
		b = b[n:]
	}
	return nil
}

func (s *scanner) sample(b []byte) error {
	var p sample
	f := fields{rest: b}
	for f.next() {
		switch f.number {
		case 1:
			p.bits = f.bits
		case 2:
			p.time = int64(f.bits)
		}
	}
	s.samples = append(s.samples, p)
	return f.err
}

// count is the number of samples in a message.
func (s *scanner) count(m message) (n int, err error) {
	err = s.scan(m, func() { n += len(s.samples) })
	return n, err
}

// fields walks through the fields of a protobuf message. What it has come to is
// bytes if it has a length, else bits.
type fields struct {
	rest   []byte
	number protowire.Number
	bytes  []byte
	bits   uint64
	err    error
}

// next goes to the next field. It returns false after the last, or at one that
// cannot be read.
func (f *fields) next() bool {
	if len(f.rest) == 0 {
		return false
	}
	if f.short() {
		return true
	}
	number, kind, head := protowire.ConsumeTag(f.rest)
	n := head
	if n >= 0 {
		f.number = number
		n = f.value(kind, f.rest[head:])
	}
	if n < 0 {
		f.err = protowire.ParseError(n)
		return false
	}
	f.rest = f.rest[head+n:]
	return true
}

// short goes to a field of which tag and length are one byte each, as they mostly
// are.
func (f *fields) short() bool {
	const head = 2
	b := f.rest
	if len(b) < head || b[0]&0x87 != byte(protowire.BytesType) || b[1] >= 0x80 || len(b)-head < int(b[1]) {
		return false
	}
	end := head + int(b[1])
	f.number, f.bytes, f.rest = protowire.Number(b[0]>>3), b[head:end], b[end:]
	return f.number > 0
}

// value reads a field's value, and returns its length.
func (f *fields) value(kind protowire.Type, b []byte) (n int) {
	switch kind {
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(b)
	case protowire.VarintType:
		f.bits, n = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		f.bits, n = protowire.ConsumeFixed64(b)
	default:
		n = protowire.ConsumeFieldValue(f.number, kind, b)
	}
	return n
}
