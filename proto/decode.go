package proto

import (
	"fmt"

	"github.com/gogo/protobuf/proto"
	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// MaxDecodedBytes bounds what [DecodeV1] unpacks: the limit of Prometheus's and
// VictoriaMetrics's receivers.
const MaxDecodedBytes = 32 << 20

// DecodeV1 unpacks the body of a remote write 1.0 request: a WriteRequest in
// snappy's block format. It is meant for tools and tests.
func DecodeV1(body []byte) (*prompb.WriteRequest, error) {
	n, err := snappy.DecodedLen(body)
	if err != nil {
		return nil, fmt.Errorf("read snappy block: %w", err)
	}
	if n > MaxDecodedBytes {
		return nil, fmt.Errorf("decoded request of %d bytes is above the limit of %d", n, MaxDecodedBytes)
	}
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return nil, fmt.Errorf("read snappy block: %w", err)
	}
	req := new(prompb.WriteRequest)
	if err := proto.Unmarshal(raw, req); err != nil {
		return nil, fmt.Errorf("read WriteRequest: %w", err)
	}
	return req, nil
}
