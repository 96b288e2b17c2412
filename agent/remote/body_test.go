package remote

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"
)

// A writer writes no request where somebody may be reading another, and reuses its
// memory otherwise.
func TestWriter_LeavesBodiesThatAreLent(t *testing.T) {
	for _, by := range []wire{{Protocol1, Snappy}, {Protocol2, Snappy}, {Protocol1, Zstd}} {
		var w writer
		w.help.look(time.Unix(1, 0))
		write := func(series int) (r request) {
			p := newPacker(1<<20, 1<<30)
			if err := p.pack(steadyWindow(series, 4), p.limits(), func(x part) (err error) {
				r, err = w.write(x, by)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return r
		}
		first := write(300)
		want, lent := bytes.Clone(first.body), first.lend()
		second := write(200)
		if got, err := io.ReadAll(lent); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: the body changes while it is read: %v", by, err)
		}
		lent.Close()
		lent.Close()
		end := func(b []byte) *byte { return &b[:cap(b)][cap(b)-1] }
		if third := write(100); end(third.body) != end(second.body) {
			t.Errorf("%v: memory that nobody reads is not used again", by)
		}
	}
}

// A body is lent until net/http closes it, which may be after the answer; each time
// that it is asked for anew.
func TestClient_LendsBodies(t *testing.T) {
	var open []io.Closer
	c := newClient(Config{URL: "http://receiver.test/"}.WithDefaults(), roundTrip(func(req *http.Request) (*http.Response, error) {
		again, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		got, err := io.ReadAll(again)
		if err != nil || string(got) != "body" || req.ContentLength != 4 {
			t.Errorf("the body is %q of %d bytes, %v", got, req.ContentLength, err)
		}
		open = append(open, req.Body, again)
		return taken()
	}))
	r := request{wire: wire{Protocol1, Snappy}, body: []byte("body"), samples: 1, loan: new(loan)}
	if a := c.post(context.Background(), r, 0); a.fate != fateDelivered {
		t.Fatal(a.err)
	}
	for i, b := range open {
		if n, want := r.loan.readers.Load(), int64(len(open)-i); n != want {
			t.Errorf("%d are reading, want %d", n, want)
		}
		b.Close()
	}
	if n := r.loan.readers.Load(); n != 0 {
		t.Errorf("%d are reading in the end", n)
	}
}
