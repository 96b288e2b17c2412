package receiver_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// openInBubble is open without t.Setenv, which a bubble does not have.
func openInBubble(t *testing.T, dir string) *receiver.Receiver {
	t.Helper()
	r, err := receiver.Open(receiver.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Six hours pass, so that blocks are reloaded 360 times and the head is
// compacted into a block; nothing may be lost on the way.
func TestReceiver_InBubble(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := openInBubble(t, dir)
		const ticks = 6 * 60
		for i := range ticks {
			time.Sleep(time.Minute)
			mustPush(t, r, series([]string{"__name__", "a_total"}, sample(time.Now().UnixMilli(), float64(i))))
		}
		v, err := r.Query(context.Background(), "rate(a_total[10m]) * 60", time.Now())
		if err != nil || len(v) != 1 || v[0].F != 1 {
			t.Errorf("rate %v, %v; want 1", v, err)
		}
		if code, body := get(t, r.Handler(), "/api/v1/query", "query", "a_total"); code != http.StatusOK {
			t.Errorf("query without time answered %d: %s", code, body)
		}
		if code, _ := get(t, r.Handler(), "/metrics"); code != http.StatusOK {
			t.Errorf("/metrics answered %d", code)
		}
		if n := len(r.Storage().Blocks()); n == 0 {
			t.Errorf("no block was made: this test does not test what it says")
		}
		if all := samples(t, r); len(all) != 1 || len(all[0].Points) != ticks {
			t.Errorf("read %d series, want 1 with %d samples", len(all), ticks)
		}
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// pipeListener is a network of net.Pipe, the kind a bubble can wait for.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error { close(l.done); return nil }

func (*pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	l.conns <- far
	return near, nil
}

func TestReceiver_InBubbleBehindRealServer(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := openInBubble(t, dir)
		l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: r.Handler()}
		go server.Serve(l)
		transport := &http.Transport{DialContext: l.dial}
		client := &http.Client{Transport: transport}

		for range 3 {
			time.Sleep(time.Hour)
			body := encodeV1(t, series([]string{"__name__", "a"}, sample(time.Now().UnixMilli(), 1)))
			resp, err := client.Post("http://receiver/api/v1/write", typeV1, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusNoContent {
				t.Errorf("answered %s", resp.Status)
			}
		}
		transport.CloseIdleConnections()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if all := samples(t, r); len(all) != 1 || len(all[0].Points) != 3 {
			t.Errorf("read %v", all)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
