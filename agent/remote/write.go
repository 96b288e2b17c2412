package remote

import (
	"fmt"
	"net/http"

	"github.com/klauspost/compress/zstd"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// request is a part as it is posted. Its body is the writer's, and valid until
// the next is written, or for as long as it is lent.
type request struct {
	wire    wire
	body    []byte
	loan    *loan
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
	series  proto.TimeSeries // being added
	samples []proto.Sample   // its, out of columns

	by       wire // of the last request
	describe bool // its families may be described
	snap     snapper
	body     []byte        // in zstd
	loan     *loan         // of the memory of bodies
	zstd     *zstd.Encoder // made when it is needed
}

// write writes a part. The error is a defect in the compression's parameters.
func (w *writer) write(p part, by wire) (request, error) {
	enc := w.begin(by)
	r := request{wire: by, loan: w.loan}
	w.by, w.describe = by, p.describe
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
		if x.columns != nil {
			w.addColumns(enc, x)
		} else {
			w.addSingle(enc, x)
		}
	}
	var err error
	r.body, err = w.compress(enc.Message(), by.compression)
	return r, err
}

// addColumns adds the series of a stretch of columns.
func (w *writer) addColumns(enc proto.Encoder, x *piece) {
	c, first := x.columns, int(x.first)
	w.samples = c.samples(w.samples[:0], first, int(x.last))
	ts := &w.series
	*ts = proto.TimeSeries{Samples: w.samples}
	var sets *labelSets
	if w.by.protocol == Protocol2 {
		sets = w.symbols.intern(c.layout, &w.v2)
	} else {
		sets = w.symbols.escape(c.layout)
	}
	for i := int(x.from); i < int(x.to); i++ {
		s := c.layout.Series[i]
		c.fill(w.samples, first, i)
		ts.Labels, ts.Start = s.Labels, s.Start
		if w.by.protocol == Protocol2 {
			ts.Symbols = sets.symbols(i)
		} else if escaped, ok := sets.escaped[i]; ok {
			ts.Labels = escaped
		}
		w.tell(s.Family)
		w.add(enc)
	}
}

// addSingle adds a single series.
func (w *writer) addSingle(enc proto.Encoder, x *piece) {
	ts := &w.series
	ts.Symbols = nil
	x.put(ts)
	if w.by.protocol == Protocol1 {
		ts.Labels = proto.EscapeNames(ts.Labels)
	}
	w.tell(x.series.Family)
	w.add(enc)
}

// add adds the series to the message. Of one in 1.0 and snappy, what fills a block
// is compressed at once, so that it is never there as a whole.
func (w *writer) add(enc proto.Encoder) {
	enc.Add(&w.series)
	if w.v1.Len() >= fullBlock && w.by == (wire{Protocol1, Snappy}) {
		w.snap.add(w.v1.Take())
	}
}

// tell says of the series what is known of its family.
func (w *writer) tell(f *buffer.Family) {
	w.series.Metadata = w.help.of(f)
	w.series.Describe = w.describe && w.help.due()
}

// begin begins a request: in other memory if somebody may be reading the one before.
func (w *writer) begin(by wire) proto.Encoder {
	if w.loan == nil || w.loan.readers.Load() > 0 {
		w.snap.out, w.body, w.loan = nil, nil, new(loan)
	}
	var enc proto.Encoder = &w.v1
	if by.protocol == Protocol2 {
		enc = &w.v2
	}
	enc.Reset()
	w.snap.reset()
	return enc
}

// compress completes the body with the message, or what has not been taken of it.
func (w *writer) compress(message []byte, by Compression) ([]byte, error) {
	if by != Zstd {
		w.snap.add(message)
		return w.snap.body(), nil
	}
	if w.zstd == nil {
		var err error
		if w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true)); err != nil {
			return nil, fmt.Errorf("start zstd: %w", err)
		}
	}
	w.body = w.zstd.EncodeAll(message, w.body[:0])
	return w.body, nil
}

// release lets go of the window that has been delivered.
func (w *writer) release() {
	w.series = proto.TimeSeries{}
	w.help.delivered()
	w.symbols.release(&w.v2, w.by.protocol)
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
