package main

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// message is a write request as it came. It is read by the code of Prometheus,
// not by that which edgetick writes it with.
type message struct {
	came     time.Time
	kind     remoteapi.WriteMessageType
	encoding string
	body     []byte
}

const (
	snappyEncoding = "snappy"
	zstdEncoding   = "zstd" // VictoriaMetrics's own
)

// entry is one TimeSeries of a message.
type entry struct {
	labels  labels.Labels
	samples []sample
}

// sample is one that came. Values are compared as bits.
type sample struct {
	time int64
	bits uint64
}

func bitsOf(v float64) uint64 { return math.Float64bits(v) }

// newMessage reads the header of a request.
func newMessage(h http.Header, came time.Time) (message, error) {
	m := message{came: came, kind: remoteapi.WriteV1MessageType, encoding: h.Get("Content-Encoding")}
	ct := h.Get("Content-Type")
	if ct == "" {
		return m, nil
	}
	var err error
	m.kind, err = remoteapi.ParseProtoMsg(ct)
	return m, err
}

// protocol is the version of remote write.
func (m message) protocol() string {
	if m.kind == remoteapi.WriteV2MessageType {
		return "2.0"
	}
	return "1.0"
}

// zstdMagic begins each frame.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// check looks at the first bytes of the body only.
func (m message) check() error {
	if m.encoding == zstdEncoding {
		if !bytes.HasPrefix(m.body, zstdMagic) {
			return fmt.Errorf("the body is not in %s", m.encoding)
		}
		return nil
	}
	_, err := snappy.DecodedLen(m.body)
	return err
}

// entries decodes the message.
func (m message) entries() ([]entry, error) {
	plain, err := m.plain()
	if err != nil {
		return nil, fmt.Errorf("decompress request: %w", err)
	}
	if m.kind == remoteapi.WriteV2MessageType {
		return entriesV2(plain)
	}
	return entriesV1(plain)
}

func (m message) plain() ([]byte, error) {
	if m.encoding != zstdEncoding {
		return snappy.Decode(nil, m.body)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(m.body, nil)
}

func entriesV1(plain []byte) ([]entry, error) {
	var req prompb.WriteRequest
	if err := req.Unmarshal(plain); err != nil {
		return nil, err
	}
	list := make([]entry, len(req.Timeseries))
	var b labels.ScratchBuilder
	for i, ts := range req.Timeseries {
		list[i] = entry{ts.ToLabels(&b, nil), samplesOf(ts.Samples)}
	}
	return list, nil
}

func entriesV2(plain []byte) ([]entry, error) {
	var req writev2.Request
	if err := req.Unmarshal(plain); err != nil {
		return nil, err
	}
	if len(req.Symbols) == 0 || req.Symbols[0] != "" {
		return nil, fmt.Errorf("the first of %d symbols is not empty", len(req.Symbols))
	}
	list := make([]entry, len(req.Timeseries))
	var b labels.ScratchBuilder
	for i, ts := range req.Timeseries {
		set, err := ts.ToLabels(&b, req.Symbols)
		if err != nil {
			return nil, err
		}
		if _, err := ts.ToMetadata(req.Symbols); err != nil {
			return nil, err
		}
		list[i] = entry{set, samplesOf(ts.Samples)}
	}
	return list, nil
}

// protoSample is one of either version.
type protoSample[S any] interface {
	*S
	GetTimestamp() int64
	GetValue() float64
}

func samplesOf[S any, P protoSample[S]](points []S) []sample {
	list := make([]sample, len(points))
	for i := range points {
		p := P(&points[i])
		list[i] = sample{p.GetTimestamp(), bitsOf(p.GetValue())}
	}
	return list
}
