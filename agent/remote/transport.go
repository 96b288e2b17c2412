package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/config"
)

// newTransport makes what carries the requests of a remote: it connects,
// authenticates and adds the user's headers. What its connections carry is
// counted.
func newTransport(cfg Config, counted *conns) (http.RoundTripper, error) {
	carrier := cfg.Transport
	if carrier == nil {
		settings := config.DefaultHTTPClientConfig
		if cfg.HTTP != nil {
			settings = *cfg.HTTP
		}
		var err error
		carrier, err = config.NewRoundTripperFromConfig(settings, "remote_write_"+cfg.Name,
			config.WithHTTP2Disabled(),
			config.WithIdleConnTimeout(maxIdle),
			config.WithDialContextFunc(counted.dialer(cfg.Timeout)))
		if err != nil {
			return nil, fmt.Errorf("make HTTP client of remote %s: %w", cfg.Name, err)
		}
	}
	if t, ok := carrier.(*http.Transport); ok { // otherwise it is behind one that authenticates
		t.WriteBufferSize = writeBuffer
		if cfg.Transport == nil {
			t.DialContext = counted.dialer(cfg.Timeout) // not what hides ReadFrom
		}
		if len(cfg.Headers) == 0 {
			return t, nil
		}
	}
	return &headerTransport{headers: cfg.Headers, next: carrier}, nil
}

// writeBuffer holds most requests, which go out in one piece then. Through TLS,
// and behind what authenticates, net/http allocates for each that is larger.
const writeBuffer = 128 << 10

// maxIdle outlasts the wait between the longest windows, so that there is one
// TLS handshake and not one a window.
const maxIdle = MaxWindowSpan + time.Minute

// headerTransport adds headers to each request. Those that a transport makes by
// itself, for a tunnel or a token, do not come by here.
type headerTransport struct {
	headers map[string]string
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper. The transports behind it write to the
// request's header; the clone is theirs.
func (t *headerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, value := range t.headers {
		req.Header.Set(name, value)
	}
	return t.next.RoundTrip(req)
}

// CloseIdleConnections is called by http.Client's method of that name.
func (t *headerTransport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// conns counts the bytes that the connections of one remote really carry: TLS,
// headers, tokens and repeated attempts included. Those to a proxy count as the
// receiver's. What TCP and IP add is not seen.
type conns struct{ sent, received atomic.Int64 }

// dialer makes connections that are counted.
func (c *conns) dialer(timeout time.Duration) config.DialContextFunc {
	d := net.Dialer{
		Timeout: timeout,
		// Go's default asks every 15s whether the peer is there, which on a line
		// paid by the byte is 20 MB a month.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 2 * time.Minute},
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return countedConn{conn, c}, nil
	}
}

type countedConn struct {
	net.Conn
	counts *conns
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.counts.received.Add(int64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.counts.sent.Add(int64(n))
	return n, err
}

// ReadFrom implements io.ReaderFrom, for net/http: what of a body does not fit into
// its buffer goes out as it stands in memory, not through another one.
func (c countedConn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if body, ok := limited.R.(io.WriterTo); ok {
			n, err := body.WriteTo(&limitedWriter{c, limited.N})
			limited.N -= n
			if errors.Is(err, errLimit) {
				err = nil
			}
			return n, err
		}
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// limitedWriter writes so many bytes, and no more.
type limitedWriter struct {
	to   io.Writer
	left int64
}

var errLimit = errors.New("the limit is reached")

func (l *limitedWriter) Write(p []byte) (int, error) {
	more := int64(len(p)) > l.left
	n, err := l.to.Write(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if err == nil && more {
		err = errLimit
	}
	return n, err
}
