package remote

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/prometheus/common/config"
)

// farEnd is a server that counts what its connections carry.
type farEnd struct {
	*httptest.Server
	net.Listener
	counts conns
	opened int
	served chan struct{} // a value for each answer that has left
	last   http.Header   // of the last request
}

func newFarEnd(t *testing.T, start func(*httptest.Server)) *farEnd {
	t.Helper()
	f := &farEnd{served: make(chan struct{}, 10)}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.last = r.Header
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	}))
	f.Listener = f.Server.Listener
	f.Server.Listener = f
	f.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateIdle {
			f.served <- struct{}{}
		}
	}
	start(f.Server)
	t.Cleanup(f.Server.Close)
	return f
}

// Accept implements net.Listener below TLS.
func (f *farEnd) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	f.opened++
	return countedConn{conn, &f.counts}, err
}

// Close is needed because both that are embedded have one.
func (f *farEnd) Close() error { return f.Listener.Close() }

// roundTripOnce sends req and reads the answer.
func roundTripOnce(t *testing.T, rt http.RoundTripper, req *http.Request) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
}

func newRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(strings.Repeat("x", 5000)))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// Both ends of the connection count the same, over TLS too, and it is one
// connection.
func TestTransport_CountsWhatConnectionsCarry(t *testing.T) {
	for scheme, start := range map[string]func(*httptest.Server){
		"http": (*httptest.Server).Start, "https": (*httptest.Server).StartTLS,
	} {
		t.Run("scheme="+scheme, func(t *testing.T) {
			far, near := newFarEnd(t, start), new(conns)
			rt, err := newTransport(Config{HTTP: &config.HTTPClientConfig{TLSConfig: config.TLSConfig{InsecureSkipVerify: true}, EnableHTTP2: true}}, near)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				roundTripOnce(t, rt, newRequest(t, far.URL))
				<-far.served
			}
			if sent, came := near.sent.Load(), far.counts.received.Load(); sent != came || sent < 3*5000 {
				t.Errorf("%d bytes sent, but %d came", sent, came)
			}
			if received, left := near.received.Load(), far.counts.sent.Load(); received != left || received < 3*5000 {
				t.Errorf("%d bytes received, but %d left", received, left)
			}
			if far.opened != 1 {
				t.Errorf("%d connections, want one", far.opened)
			}
			(&http.Client{Transport: rt}).CloseIdleConnections()
		})
	}
}

// pieces is a connection that remembers what has been written to it.
type pieces struct {
	net.Conn
	written []string
}

func (p *pieces) Write(b []byte) (int, error) {
	p.written = append(p.written, string(b))
	return len(b), nil
}

// A body that is in memory is written at once, and as far as it is told to be;
// anything else arrives, too.
func TestConn_WritesBodiesAtOnce(t *testing.T) {
	text := strings.Repeat("0123456789", 10_000)
	inMemory := func() io.Reader { return io.NopCloser(bytes.NewReader([]byte(text))) } // as net/http has it
	for name, c := range map[string]struct {
		from   io.Reader
		limit  int
		want   string
		pieces int // 0 for any number
	}{
		"as announced":        {inMemory(), len(text), text, 1},
		"less than announced": {inMemory(), len(text) + 1, text, 1},
		"more than announced": {inMemory(), 50_000, text[:50_000], 1},
		"not in memory":       {iotest.OneByteReader(strings.NewReader(text[:100])), 90, text[:90], 0},
	} {
		conn, counts := new(pieces), new(conns)
		limited := &io.LimitedReader{R: c.from, N: int64(c.limit)}
		n, err := countedConn{conn, counts}.ReadFrom(limited)
		if err != nil || int(n) != len(c.want) || counts.sent.Load() != n || strings.Join(conn.written, "") != c.want {
			t.Errorf("%s: %d bytes, %d counted, %v, want %d", name, n, counts.sent.Load(), err, len(c.want))
		}
		if c.pieces > 0 && len(conn.written) != c.pieces {
			t.Errorf("%s: written in %d pieces, want %d", name, len(conn.written), c.pieces)
		}
		if left := c.limit - len(c.want); int(limited.N) != left {
			t.Errorf("%s: %d bytes may follow, want %d", name, limited.N, left)
		}
	}
	conn := new(pieces)
	if n, err := (countedConn{conn, new(conns)}).ReadFrom(inMemory()); err != nil || int(n) != len(text) || strings.Join(conn.written, "") != text {
		t.Errorf("without a limit: %d bytes, %v", n, err)
	}
}

// A large body goes through net/http in two pieces: its buffer and the rest.
func TestTransport_WritesBodiesAtOnce(t *testing.T) {
	far, near := newFarEnd(t, (*httptest.Server).Start), new(conns)
	rt, err := newTransport(Config{}, near)
	if err != nil {
		t.Fatal(err)
	}
	dial, conn := rt.(*http.Transport).DialContext, new(tapped)
	rt.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		counted, ok := c.(countedConn)
		if !ok {
			t.Errorf("the connection is a %T", c)
			return c, err
		}
		conn.Conn, counted.Conn = counted.Conn, conn
		return counted, err
	}
	req, err := http.NewRequest(http.MethodPost, far.URL, bytes.NewReader(make([]byte, 200_000)))
	if err != nil {
		t.Fatal(err)
	}
	roundTripOnce(t, rt, req)
	(&http.Client{Transport: rt}).CloseIdleConnections()
	if conn.writes.Load() != 2 {
		t.Errorf("a large request was written in %d pieces, want 2", conn.writes.Load())
	}
}

// tapped is a connection that counts how often it is written to.
type tapped struct {
	net.Conn
	writes atomic.Int32
}

func (c *tapped) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// A request that is sent again, which the transports behind must not have
// written to, has the headers once and the password of the moment.
func TestTransport_LeavesRequestsAsTheyAre(t *testing.T) {
	far := newFarEnd(t, (*httptest.Server).Start)
	file := filepath.Join(t.TempDir(), "password")
	rt, err := newTransport(Config{
		Headers: map[string]string{"X-Scope-Orgid": "shop"},
		HTTP: &config.HTTPClientConfig{
			BasicAuth:   &config.BasicAuth{Username: "u", PasswordFile: file},
			HTTPHeaders: &config.Headers{Headers: map[string]config.Header{"X-More": {Values: []string{"more"}}}},
		},
	}, new(conns))
	if err != nil {
		t.Fatal(err)
	}
	defer (&http.Client{Transport: rt}).CloseIdleConnections()
	req := newRequest(t, far.URL)
	for _, password := range []string{"first", "second"} {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		req.Body, _ = req.GetBody()
		roundTripOnce(t, rt, req)
		<-far.served
		sent := &http.Request{Header: far.last}
		if _, got, _ := sent.BasicAuth(); got != password {
			t.Errorf("the password is %q, want %q", got, password)
		}
		for name, value := range map[string]string{"X-Scope-Orgid": "shop", "X-More": "more"} {
			if got := far.last.Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("header %s is %q", name, got)
			}
		}
	}
	if len(req.Header) > 0 {
		t.Errorf("the request was given %v", req.Header)
	}
}

func TestTransport_OfTheConfigCarries(t *testing.T) {
	var got *http.Request
	rt, err := newTransport(Config{
		Headers: map[string]string{"X-A": "b"},
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			got = req
			return httptest.NewRecorder().Result(), nil
		}),
	}, new(conns))
	if err != nil {
		t.Fatal(err)
	}
	roundTripOnce(t, rt, newRequest(t, "http://nowhere.test/"))
	if got.Header.Get("X-A") != "b" {
		t.Errorf("headers are %v", got.Header)
	}
}

func TestTransport_NamesRemoteAndFile(t *testing.T) {
	_, err := newTransport(Config{Name: "eu", HTTP: &config.HTTPClientConfig{TLSConfig: config.TLSConfig{CAFile: "/no/ca.pem"}}}, new(conns))
	if err == nil || !strings.Contains(err.Error(), "eu") || !strings.Contains(err.Error(), "/no/ca.pem") {
		t.Errorf("the error is %v", err)
	}
}
