package remote

import (
	"fmt"
	"net/http"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/edgetick/edgetick/proto"
)

// request is a part as it is posted. Its body is the writer's, and valid until
// the next is written.
type request struct {
	wire    wire
	body    []byte
	samples int // in it
	unfit   int // samples of the part that the protocol cannot tell
}

// empty tells whether there is nothing to post.
func (r request) empty() bool { return r.samples == 0 }

// writer writes parts as requests. It reuses its memory from request to request.
type writer struct {
	v1      proto.EncoderV1
	v2      proto.EncoderV2
	symbols symbols
	help    descriptions
	series  proto.TimeSeries
	message []byte
	body    []byte
	zstd    *zstd.Encoder // made when it is needed
}

// write writes a part. The error is a defect in the compression's parameters.
func (w *writer) write(p part, by wire) (request, error) {
	r := request{wire: by}
	enc := w.begin(by)
	for i := range p.pieces {
		x := &p.pieces[i]
		if by.protocol == Protocol1 && !fits1(x) {
			r.unfit += x.count()
			continue
		}
		if p.newest {
			newest := x.newest()
			x = &newest
		}
		r.samples += x.count()
		x.put(&w.series)
		w.series.Metadata = w.help.of(x.series.Family)
		w.series.Describe = p.describe && w.help.due()
		if by.protocol == Protocol2 {
			w.series.Symbols = w.symbols.ids(x, &w.v2)
		} else if !w.symbols.legacy(x) {
			w.series.Labels = proto.EscapeNames(w.series.Labels)
		}
		enc.Add(&w.series)
	}
	var err error
	w.message = enc.Message()
	r.body, err = w.compress(by.compression)
	return r, err
}

func (w *writer) begin(by wire) proto.Encoder {
	var enc proto.Encoder = &w.v1
	if by.protocol == Protocol2 {
		enc = &w.v2
	}
	enc.Reset()
	return enc
}

func (w *writer) compress(by Compression) ([]byte, error) {
	if by != Zstd {
		w.body = snappy.Encode(w.body[:cap(w.body)], w.message)
		return w.body, nil
	}
	if w.zstd == nil {
		var err error
		if w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true)); err != nil {
			return nil, fmt.Errorf("start zstd: %w", err)
		}
	}
	w.body = w.zstd.EncodeAll(w.message, w.body[:0])
	return w.body, nil
}

// release lets go of the window that has been delivered.
func (w *writer) release() {
	w.series = proto.TimeSeries{}
	w.help.delivered()
	w.symbols.release(&w.v2)
}

// fits1 tells whether remote write 1.0 can tell a piece. It has no histograms
// with custom buckets.
func fits1(x *piece) bool {
	if x.rich == nil {
		return true
	}
	for _, h := range x.rich.histograms {
		if proto.CustomBuckets(h.Data) {
			return false
		}
	}
	return true
}

// header sets the headers that say how the request is written.
func (w wire) header(h http.Header) {
	h.Set("Content-Encoding", string(w.compression))
	switch {
	case w.protocol == Protocol2:
		h.Set("Content-Type", proto.ContentTypeV2)
		h.Set("X-Prometheus-Remote-Write-Version", "2.0.0")
	case w.compression == Zstd:
		h.Set("Content-Type", "application/x-protobuf")
		h.Set("X-VictoriaMetrics-Remote-Write-Version", "1")
	default:
		h.Set("Content-Type", "application/x-protobuf")
		h.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	}
}
