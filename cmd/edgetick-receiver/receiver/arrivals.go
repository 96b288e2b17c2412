package receiver

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/golang/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// maxBody bounds a body, compressed and decoded, as Prometheus's own handler
// does. A larger body is counted with its bytes only.
const maxBody = 32 << 20

// Traffic is what some write requests held.
type Traffic struct {
	Requests  uint64
	WireBytes uint64 // bodies, as compressed by the sender
	Series    uint64 // TimeSeries entries, repeated ones included
	Samples   uint64 // floats and native histograms
	Exemplars uint64
}

func (t Traffic) plus(o Traffic) Traffic {
	t.Requests += o.Requests
	t.WireBytes += o.WireBytes
	t.Series += o.Series
	t.Samples += o.Samples
	t.Exemplars += o.Exemplars
	return t
}

// Minus is what came between the earlier counts o and t.
func (t Traffic) Minus(o Traffic) Traffic {
	t.Requests -= o.Requests
	t.WireBytes -= o.WireBytes
	t.Series -= o.Series
	t.Samples -= o.Samples
	t.Exemplars -= o.Exemplars
	return t
}

// Stats are the counts of all write requests so far, whatever they were
// answered, by the protocol their Content-Type names.
type Stats struct {
	V1      Traffic // remote_write 1.0
	V2      Traffic // remote_write 2.0
	Unknown Traffic // any other Content-Type, or not a POST
	// Refused is the part of the above that was not answered with 2xx, by
	// status. A request refused by 2.0 may have been stored in part.
	Refused map[int]Traffic
}

// Total is all that arrived.
func (s Stats) Total() Traffic { return s.V1.plus(s.V2).plus(s.Unknown) }

// TotalRefused is all that was not answered with 2xx.
func (s Stats) TotalRefused() Traffic {
	var t Traffic
	for _, r := range s.Refused {
		t = t.plus(r)
	}
	return t
}

// Accepted is all that was answered with 2xx.
func (s Stats) Accepted() Traffic { return s.Total().Minus(s.TotalRefused()) }

// Arrivals counts write requests. It is safe for concurrent use.
type Arrivals struct {
	mu    sync.Mutex
	stats Stats
}

// Stats returns the counts so far. The result is the caller's own.
func (a *Arrivals) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	s.Refused = maps.Clone(s.Refused)
	return s
}

func (a *Arrivals) add(msg remoteapi.WriteMessageType, t Traffic, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch msg {
	case remoteapi.WriteV1MessageType:
		a.stats.V1 = a.stats.V1.plus(t)
	case remoteapi.WriteV2MessageType:
		a.stats.V2 = a.stats.V2.plus(t)
	default:
		a.stats.Unknown = a.stats.Unknown.plus(t)
	}
	if status/100 == 2 {
		return
	}
	if a.stats.Refused == nil {
		a.stats.Refused = map[int]Traffic{}
	}
	a.stats.Refused[status] = a.stats.Refused[status].plus(t)
}

// writeCounter counts each request and passes it on unchanged.
type writeCounter struct {
	next     http.Handler
	arrivals *Arrivals
	capture  func(http.Header, []byte)
}

func (c *writeCounter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, rest := readBody(r.Body)
	if c.capture != nil {
		c.capture(r.Header.Clone(), bytes.Clone(body))
	}
	msg, t := measure(r, body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), rest))

	sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	c.next.ServeHTTP(sw, r)
	c.arrivals.add(msg, t, sw.status)
}

// readBody reads up to the limit. What is left, or the error met, is in rest:
// the write handler shall find it and answer as it always does.
func readBody(r io.Reader) (body []byte, rest io.Reader) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody))
	if err != nil {
		return body, failedReader{err}
	}
	return body, r
}

type failedReader struct{ err error }

func (f failedReader) Read([]byte) (int, error) { return 0, f.err }

func measure(r *http.Request, body []byte) (remoteapi.WriteMessageType, Traffic) {
	t := Traffic{Requests: 1, WireBytes: uint64(len(body))}
	msg, err := messageType(r)
	if err != nil {
		return "", t
	}
	plain, err := decompress(body)
	if err != nil {
		return msg, t
	}
	t.addMessage(msg, plain)
	return msg, t
}

func messageType(r *http.Request) (remoteapi.WriteMessageType, error) {
	ct := r.Header.Get("Content-Type")
	switch {
	case r.Method != http.MethodPost:
		return "", fmt.Errorf("%s is not a write request", r.Method)
	case ct == "":
		return remoteapi.WriteV1MessageType, nil
	}
	return remoteapi.ParseProtoMsg(ct)
}

func decompress(body []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(body)
	if err != nil {
		return nil, err
	}
	if n > maxBody {
		return nil, fmt.Errorf("%d decoded bytes are more than %d", n, maxBody)
	}
	return snappy.Decode(nil, body)
}

// addSeries adds a TimeSeries, which looks the same in both versions.
func (t *Traffic) addSeries(samples, histograms, exemplars int) {
	t.Series++
	t.Samples += uint64(samples + histograms)
	t.Exemplars += uint64(exemplars)
}

// addMessage adds all TimeSeries of a message, nothing of one that does not
// decode.
func (t *Traffic) addMessage(msg remoteapi.WriteMessageType, plain []byte) {
	var v1 prompb.WriteRequest
	var v2 writev2.Request
	var m interface{ Unmarshal([]byte) error } = &v1
	if msg == remoteapi.WriteV2MessageType {
		m = &v2
	}
	if m.Unmarshal(plain) != nil {
		return
	}
	for _, s := range v1.Timeseries {
		t.addSeries(len(s.Samples), len(s.Histograms), len(s.Exemplars))
	}
	for _, s := range v2.Timeseries {
		t.addSeries(len(s.Samples), len(s.Histograms), len(s.Exemplars))
	}
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
