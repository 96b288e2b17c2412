package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

const typeV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"

// plainV1 and plainV2 hold the same: two samples of a{b="c"}.
func plainV1(t *testing.T) []byte {
	t.Helper()
	e := proto(epoch, 1, "__name__", "a", "b", "c")
	e.Samples = append(e.Samples, prompb.Sample{Timestamp: 7, Value: 8})
	return marshal(t, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{e}})
}

func plainV2(t *testing.T, change func(*writev2.Request)) []byte {
	t.Helper()
	req := &writev2.Request{
		Symbols: []string{"", "__name__", "a", "b", "c"},
		Timeseries: []writev2.TimeSeries{{
			LabelsRefs: []uint32{1, 2, 3, 4},
			Samples:    []writev2.Sample{{Timestamp: epoch.UnixMilli(), Value: 1}, {Timestamp: 7, Value: 8}},
		}},
	}
	if change != nil {
		change(req)
	}
	return marshal(t, req)
}

func marshal(t *testing.T, m interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	plain, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func squeeze(t *testing.T, plain []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll(plain, nil)
}

func TestMessage_EntriesAreTheSameHoweverTheyCame(t *testing.T) {
	want := []entry{{labels.FromStrings("__name__", "a", "b", "c"), []sample{{epoch.UnixMilli(), bitsOf(1)}, {7, bitsOf(8)}}}}
	for name, m := range map[string]message{
		"1.0":      {kind: remoteapi.WriteV1MessageType, encoding: "snappy", body: snappy.Encode(nil, plainV1(t))},
		"2.0":      {kind: remoteapi.WriteV2MessageType, encoding: "snappy", body: snappy.Encode(nil, plainV2(t, nil))},
		"1.0 zstd": {kind: remoteapi.WriteV1MessageType, encoding: "zstd", body: squeeze(t, plainV1(t))},
	} {
		if err := m.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := m.entries(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestMessage_ChecksSymbols(t *testing.T) {
	for want, change := range map[string]func(*writev2.Request){
		"of 5 symbols is not empty": func(r *writev2.Request) { r.Symbols[0] = "x" },
		"of 0 symbols is not empty": func(r *writev2.Request) { r.Symbols = nil },
		"outside of symbols table":  func(r *writev2.Request) { r.Timeseries[0].LabelsRefs[3] = 5 },
		"invalid labelRefs length":  func(r *writev2.Request) { r.Timeseries[0].LabelsRefs = []uint32{1, 2, 3} },
		"metadata unit_ref":         func(r *writev2.Request) { r.Timeseries[0].Metadata.UnitRef = 9 },
	} {
		m := message{kind: remoteapi.WriteV2MessageType, encoding: "snappy", body: snappy.Encode(nil, plainV2(t, change))}
		if _, err := m.entries(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestMessage_WhatCannotBeDecoded(t *testing.T) {
	for _, m := range []message{
		{encoding: "zstd", body: []byte("no zstd")},
		{encoding: "snappy", body: nil},
	} {
		if m.check() == nil {
			t.Errorf("no error for %q in %s", m.body, m.encoding)
		}
		if _, err := m.entries(); err == nil {
			t.Errorf("%q in %s has entries", m.body, m.encoding)
		}
	}
}

func TestSink_AcceptsWhatItIsToldTo(t *testing.T) {
	v1, v2, z := snappy.Encode(nil, plainV1(t)), snappy.Encode(nil, plainV2(t, nil)), squeeze(t, plainV1(t))
	for _, c := range []struct {
		name           string
		accepts        accepts
		encoding, kind string
		body           []byte
		want           int
	}{
		{"1.0", accepts{}, "snappy", "application/x-protobuf", v1, http.StatusNoContent},
		{"2.0", accepts{v2: true}, "snappy", typeV2, v2, http.StatusNoContent},
		{"2.0 where it is not known", accepts{zstd: true}, "snappy", typeV2, v2, http.StatusUnsupportedMediaType},
		{"zstd", accepts{zstd: true}, "zstd", "application/x-protobuf", z, http.StatusNoContent},
		{"zstd where it is not known", accepts{v2: true}, "zstd", "application/x-protobuf", z, http.StatusUnsupportedMediaType},
		{"2.0 in zstd, which there is not", accepts{true, true}, "zstd", typeV2, z, http.StatusUnsupportedMediaType},
		{"2.0 with a wrong body", accepts{v2: true}, "snappy", typeV2, snappy.Encode(nil, []byte{0xff}), http.StatusBadRequest},
		{"no remote write", accepts{true, true}, "snappy", "text/plain", v1, http.StatusUnsupportedMediaType},
	} {
		t.Run(c.name, func(t *testing.T) {
			taken := 0
			s, err := newSink(c.accepts, func(message) { taken++ })
			if err != nil {
				t.Fatal(err)
			}
			if err := s.up(); err != nil {
				t.Fatal(err)
			}
			defer s.down()
			code, err := post(t, s.url(), c.encoding, c.body, "Content-Type", c.kind)
			if err != nil || code != c.want || (taken == 1) != (code == http.StatusNoContent) {
				t.Errorf("%d, %v, %d taken, want %d", code, err, taken, c.want)
			}
		})
	}
}
