package proto

import (
	"encoding/binary"
	"errors"
)

// ErrMessage is returned for bytes that are not TimeSeries made by
// [AppendTimeSeries].
var ErrMessage = errors.New("malformed request encoding")

// Halve splits a message made by [AppendTimeSeries] into two that hold the same
// samples in the same order: between two series, or, if there is only one,
// between two of its samples. With a single sample left is empty. The halves may
// share msg's memory.
func Halve(msg []byte) (left, right []byte, err error) {
	series, err := cutAll(msg)
	if err != nil {
		return nil, nil, err
	}
	if len(series) != 1 {
		at := 0
		for _, s := range series[:len(series)/2] {
			at += len(s.whole)
		}
		return msg[:at], msg[at:], nil
	}
	labels, samples, err := cutSeries(series[0])
	if err != nil {
		return nil, nil, err
	}
	if len(samples) < 2 {
		return nil, msg, nil
	}
	at := len(labels)
	for _, s := range samples[:len(samples)/2] {
		at += len(s.whole)
	}
	body := series[0].body
	return appendSeries(labels, body[len(labels):at]), appendSeries(labels, body[at:]), nil
}

// appendSeries makes a TimeSeries field of encoded labels and samples.
func appendSeries(labels, samples []byte) []byte {
	dst := append([]byte(nil), tagRequestTimeseries)
	dst = appendVarint(dst, uint64(len(labels)+len(samples)))
	dst = append(dst, labels...)
	return append(dst, samples...)
}

// CountSamples is the number of samples in a message made by [AppendTimeSeries].
func CountSamples(msg []byte) (int, error) {
	series, err := cutAll(msg)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, s := range series {
		_, samples, err := cutSeries(s)
		if err != nil {
			return 0, err
		}
		n += len(samples)
	}
	return n, nil
}

// cutSeries cuts a TimeSeries into the bytes of its labels, which come first, and
// its samples.
func cutSeries(s field) (labels []byte, samples []field, err error) {
	fields, err := cutAll(s.body)
	if err != nil || s.tag != tagRequestTimeseries {
		return nil, nil, ErrMessage
	}
	end := 0
	for len(fields) > 0 && fields[0].tag == tagSeriesLabels {
		end += len(fields[0].whole)
		fields = fields[1:]
	}
	for _, f := range fields {
		if f.tag != tagSeriesSamples {
			return nil, nil, ErrMessage
		}
	}
	return s.body[:end], fields, nil
}

// field is a length-delimited field: its tag, its body, and both with the length
// between them.
type field struct {
	tag         byte
	body, whole []byte
}

func cutAll(msg []byte) ([]field, error) {
	var fields []field
	for len(msg) > 0 {
		n, k := binary.Uvarint(msg[1:])
		if k <= 0 || n > uint64(len(msg)-1-k) {
			return nil, ErrMessage
		}
		end := 1 + k + int(n)
		fields = append(fields, field{msg[0], msg[1+k : end], msg[:end]})
		msg = msg[end:]
	}
	return fields, nil
}

// CountSeries is the number of series in a message made by [AppendTimeSeries].
func CountSeries(msg []byte) (int, error) {
	series, err := cutAll(msg)
	return len(series), err
}
