package proto

import (
	"errors"
	"fmt"

	"github.com/gogo/protobuf/proto"
	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// MaxDecodedBytes bounds what [DecodeV1] and [DecodeV2] unpack: the limit of
// Prometheus's and VictoriaMetrics's receivers.
const MaxDecodedBytes = 32 << 20

// DecodeV1 unpacks the body of a remote write 1.0 request: a WriteRequest in
// snappy's block format. It is meant for tools and tests.
func DecodeV1(body []byte) (*prompb.WriteRequest, error) {
	req := new(prompb.WriteRequest)
	if err := unpack(body, req); err != nil {
		return nil, fmt.Errorf("read WriteRequest: %w", err)
	}
	return req, nil
}

// DecodeV2 unpacks the body of a remote write 2.0 request: a Request in snappy's
// block format. Its symbols are as the specification has them and all refs lead
// to one. It is meant for tools and tests.
func DecodeV2(body []byte) (*writev2.Request, error) {
	req := new(writev2.Request)
	if err := unpack(body, req); err != nil {
		return nil, fmt.Errorf("read Request: %w", err)
	}
	if err := checkSymbols(req); err != nil {
		return nil, fmt.Errorf("read Request: %w", err)
	}
	for i := range req.Timeseries {
		if err := checkRefs(&req.Timeseries[i], len(req.Symbols)); err != nil {
			return nil, fmt.Errorf("read Request: timeseries[%d]: %w", i, err)
		}
	}
	return req, nil
}

func unpack(body []byte, req proto.Message) error {
	n, err := snappy.DecodedLen(body)
	if err != nil {
		return fmt.Errorf("read snappy block: %w", err)
	}
	if n > MaxDecodedBytes {
		return fmt.Errorf("decoded request of %d bytes is above the limit of %d", n, MaxDecodedBytes)
	}
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return fmt.Errorf("read snappy block: %w", err)
	}
	return proto.Unmarshal(raw, req)
}

// checkSymbols checks the symbols for themselves. Only a message of no bytes at
// all may have none: with other bytes, it is likely a 1.0 message, which has no
// field in common with 2.0 and would pass for an empty one.
func checkSymbols(req *writev2.Request) error {
	if req.Size() == 0 {
		return nil
	}
	if len(req.Symbols) == 0 {
		return errors.New("there are no symbols, want the empty string as the first")
	}
	if first := req.Symbols[0]; first != "" {
		return fmt.Errorf("symbols[0] is %q, want the empty string", first)
	}
	seen := make(map[string]int, len(req.Symbols))
	for i, s := range req.Symbols {
		if j, ok := seen[s]; ok {
			return fmt.Errorf("symbols[%d] is %q, as symbols[%d] is already", i, s, j)
		}
		seen[s] = i
	}
	return nil
}

func checkRefs(ts *writev2.TimeSeries, symbols int) error {
	if err := checkLabelsRefs(ts.LabelsRefs, symbols); err != nil {
		return err
	}
	for i, x := range ts.Exemplars {
		if err := checkLabelsRefs(x.LabelsRefs, symbols); err != nil {
			return fmt.Errorf("exemplars[%d]: %w", i, err)
		}
	}
	if err := checkRef(ts.Metadata.HelpRef, symbols); err != nil {
		return fmt.Errorf("metadata.help_ref %w", err)
	}
	if err := checkRef(ts.Metadata.UnitRef, symbols); err != nil {
		return fmt.Errorf("metadata.unit_ref %w", err)
	}
	return nil
}

func checkLabelsRefs(refs []uint32, symbols int) error {
	if len(refs)%2 != 0 {
		return fmt.Errorf("labels_refs are %d, want a name and a value for each label", len(refs))
	}
	for i, ref := range refs {
		if err := checkRef(ref, symbols); err != nil {
			return fmt.Errorf("labels_refs[%d] %w", i, err)
		}
	}
	return nil
}

// checkRef lets 0 pass in any message: it is what a ref that is not there is.
func checkRef(ref uint32, symbols int) error {
	if ref != 0 && int64(ref) >= int64(symbols) {
		return fmt.Errorf("is %d, want less than %d, the number of symbols", ref, symbols)
	}
	return nil
}
