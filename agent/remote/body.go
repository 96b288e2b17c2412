package remote

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// loan counts who may be reading a request's body: net/http may be until it closes
// what it was given, which may be after the answer has come.
type loan struct{ readers atomic.Int64 }

// body is a request's body for one to read.
type body struct {
	*bytes.Reader // also an io.WriterTo, for countedConn
	giveBack      func()
}

// Close implements io.Closer.
func (b body) Close() error {
	b.giveBack()
	return nil
}

// lend lends the body to one who closes it.
func (r request) lend() io.ReadCloser {
	r.loan.readers.Add(1)
	return body{bytes.NewReader(r.body), sync.OnceFunc(func() { r.loan.readers.Add(-1) })}
}

// put makes the body that of an HTTP request, which may be made again and again.
func (r request) put(req *http.Request) {
	if len(r.body) == 0 {
		return
	}
	req.Body, req.ContentLength = r.lend(), int64(len(r.body))
	req.GetBody = func() (io.ReadCloser, error) { return r.lend(), nil }
}
