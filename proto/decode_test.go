package proto_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/golang/snappy"

	"github.com/edgetick/edgetick/proto"
)

func TestDecodeV1_ReadsARequest(t *testing.T) {
	e := entry{[]label{{"__name__", "up"}}, []proto.Sample{{Time: 1, Value: negativeZero}, {Time: 2, Value: staleMarker}}}
	req, err := proto.DecodeV1(snappy.Encode(nil, e.append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if len(req.Timeseries) != 1 {
		t.Fatalf("decoded %d series, want one", len(req.Timeseries))
	}
	e.same(t, req.Timeseries[0])
}

func TestDecodeV1_ReadsAnEmptyRequest(t *testing.T) {
	req, err := proto.DecodeV1(snappy.Encode(nil, nil))
	if err != nil || len(req.Timeseries) != 0 {
		t.Errorf("got %v, %v", req, err)
	}
}

func TestDecodeV1_SaysWhatIsWrong(t *testing.T) {
	good := snappy.Encode(nil, entry{[]label{{"a", "b"}}, []proto.Sample{{Time: 1, Value: 1}}}.append(nil))
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"empty":           {nil, "read snappy block"},
		"no snappy":       {[]byte("\xff\xff\xff\xff\xff\xff\xff"), "read snappy block"},
		"cut off":         {good[:len(good)-1], "read snappy block"},
		"stream format":   {append([]byte("\xff\x06\x00\x00sNaPpY"), good...), "read"},
		"too large":       {binary.AppendUvarint(nil, proto.MaxDecodedBytes+1), "above the limit of 33554432"},
		"no WriteRequest": {snappy.Encode(nil, []byte("\x0a\x05x")), "read WriteRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := proto.DecodeV1(c.body)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want an error with %q", req, err, c.want)
			}
		})
	}
}
