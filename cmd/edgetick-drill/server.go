package main

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// server is an HTTP server on loopback.
type server struct {
	address string
	http    *http.Server
	done    chan struct{}
}

// startServer starts a server whose connections a meter counts.
func startServer(address string, h http.Handler, m *meter) (*server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	s := &server{address: l.Addr().String(), done: make(chan struct{})}
	s.http = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: h}
	go func() {
		defer close(s.done)
		// It ends with stop, and then says so.
		_ = s.http.Serve(meteredListener{l, m})
	}()
	return s, nil
}

// stop breaks off all connections: from now on they are refused.
func (s *server) stop() {
	if s == nil {
		return
	}
	s.http.Close()
	<-s.done
}

// meter counts the bytes of connections in both directions, without what TCP and
// IP add. The zero value is ready.
type meter struct{ bytes atomic.Int64 }

type meteredListener struct {
	net.Listener
	meter *meter
}

func (l meteredListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return meteredConn{c, l.meter}, nil
}

type meteredConn struct {
	net.Conn
	meter *meter
}

func (c meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.bytes.Add(int64(n))
	return n, err
}

func (c meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.meter.bytes.Add(int64(n))
	return n, err
}
