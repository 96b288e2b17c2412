package collector

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// conn is the one connection to an exporter, on which the same request is made
// again and again. It is kept between scrapes, has no goroutine of its own, and
// is used by one at a time.
type conn struct {
	address string
	request []byte // as it goes over the wire

	tcp       *net.TCPConn // nil if there is none
	raw       syscall.RawConn
	probe     func(fd uintptr) bool // sets quiet
	quiet     bool                  // nothing has come
	interrupt func()                // makes all that is done on tcp fail
	unwatch   func() bool           // ends the watch for the end of the context

	in     *bufio.Reader
	head   head
	sized  sized
	chunks chunks
}

// connectable tells whether a conn can make requests to u as net/http would.
func connectable(u *url.URL) bool {
	for _, c := range []byte(u.Host) {
		if c >= 0x80 { // needs another spelling
			return false
		}
	}
	return u.Scheme == "http" && u.Host != ""
}

// newConn makes a connection for a request, without connecting.
func newConn(req *http.Request) (*conn, error) {
	if u := req.URL.User; u != nil {
		req = req.Clone(context.Background())
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		return nil, err
	}
	port := req.URL.Port()
	if port == "" {
		port = "80"
	}
	c := &conn{address: net.JoinHostPort(req.URL.Hostname(), port), request: b.Bytes()}
	c.probe = func(fd uintptr) bool {
		var b [1]byte
		_, err := syscall.Read(int(fd), b[:])
		c.quiet = err == syscall.EAGAIN
		return true
	}
	return c, nil
}

// errNoAnswer is returned if the exporter has closed the connection instead of
// answering.
var errNoAnswer = errors.New("the exporter has closed the connection: EOF")

// ask makes the request and returns the answer and its body, which is to be read
// until the deadline, if there is one, or until ctx is done. end is to be called
// then, unless there is an error. A connection that was kept and turns out to be
// closed is replaced once.
func (c *conn) ask(ctx context.Context, deadline time.Time) (*reply, io.Reader, error) {
	for kept := c.tcp != nil; ; kept = false {
		err := c.send(ctx, deadline)
		if err == nil {
			break
		}
		c.close()
		if !kept || ctx.Err() != nil {
			return nil, nil, err
		}
	}
	r, err := c.head.read(c.in)
	if err != nil {
		c.close()
		return nil, nil, err
	}
	c.sized, c.chunks = sized{in: c.in, left: r.size}, chunks{in: c.in}
	switch {
	case r.chunked:
		return r, &c.chunks, nil
	case r.size >= 0:
		return r, &c.sized, nil
	default:
		return r, c.in, nil
	}
}

// send makes the request, and waits for the first byte of the answer.
func (c *conn) send(ctx context.Context, deadline time.Time) error {
	if c.tcp != nil && !c.usable(deadline) {
		c.close()
	}
	if c.tcp == nil {
		if err := c.dial(ctx, deadline); err != nil {
			return err
		}
	}
	c.unwatch = context.AfterFunc(ctx, c.interrupt)
	if _, err := c.tcp.Write(c.request); err != nil {
		return err
	}
	_, err := c.in.Peek(1)
	if err == io.EOF {
		err = errNoAnswer
	}
	return err
}

// usable sets the deadline of a connection that was kept, and tells whether it
// can be used: what the exporter has said unasked would be taken for the answer.
func (c *conn) usable(deadline time.Time) bool {
	c.quiet = false
	return c.tcp.SetDeadline(deadline) == nil && c.raw.Read(c.probe) == nil && c.quiet
}

func (c *conn) dial(ctx context.Context, deadline time.Time) error {
	dialer := net.Dialer{Deadline: deadline}
	dialed, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	tcp := dialed.(*net.TCPConn)
	c.tcp = tcp
	c.interrupt = func() { tcp.SetDeadline(time.Unix(1, 0)) }
	if c.in == nil {
		c.in = bufio.NewReader(tcp)
	}
	c.in.Reset(tcp)
	if c.raw, err = tcp.SyscallConn(); err != nil {
		return err
	}
	return tcp.SetDeadline(deadline)
}

// end is called when the body has been read, or is not wanted. It keeps the
// connection if it can be used again.
func (c *conn) end(r *reply) {
	whole := c.sized.left == 0 && c.in.Buffered() == 0
	if r.chunked {
		whole = c.chunks.state == chunkNone && !c.chunks.more && c.in.Buffered() == 0
	}
	if !c.unwatch() || r.last || !whole {
		c.close()
	}
}

// close closes the connection, if there is one.
func (c *conn) close() {
	if c.tcp == nil {
		return
	}
	if c.unwatch != nil {
		c.unwatch()
	}
	c.tcp.Close()
	c.in.Reset(nil)
	c.tcp, c.raw, c.unwatch = nil, nil, nil
}
