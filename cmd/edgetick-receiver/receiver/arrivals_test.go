package receiver_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"testing/iotest"

	"github.com/golang/snappy"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

func TestArrivals_CountsByProtocol(t *testing.T) {
	r := open(t, receiver.Config{})
	list := series([]string{"__name__", "a"}, sample(t0, 1), sample(t0+1, 2))
	newest := series([]string{"__name__", "a"}, sample(t0+1, 2))
	size := uint64(len(encodeV1(t, list)) + len(encodeV1(t, newest)))
	pushV1(t, r.Handler(), list)
	pushV1(t, r.Handler(), newest) // the newest sample again is accepted
	pushV2(t, r.Handler(), series([]string{"__name__", "b"}, sample(t0, 1)), series([]string{"__name__", "c"}, sample(t0, 1)))

	s := r.Arrivals().Stats()
	if want := (receiver.Traffic{Requests: 2, WireBytes: size, Series: 2, Samples: 3}); s.V1 != want {
		t.Errorf("1.0: %+v, want %+v", s.V1, want)
	}
	if s.V2.WireBytes == 0 {
		t.Errorf("2.0: no bytes counted")
	}
	s.V2.WireBytes = 0
	if want := (receiver.Traffic{Requests: 1, Series: 2, Samples: 2}); s.V2 != want {
		t.Errorf("2.0: %+v, want %+v", s.V2, want)
	}
	if s.Accepted() != s.Total() {
		t.Errorf("accepted %+v of %+v, want all", s.Accepted(), s.Total())
	}
	if s.Refused != nil {
		t.Errorf("refused %v, want none", s.Refused)
	}
	if got := s.Total().Minus(s.V1).Samples; got != 2 {
		t.Errorf("total minus 1.0 has %d samples, want 2", got)
	}
}

func TestArrivals_CountsRefused(t *testing.T) {
	const plain, snappyLie = "no snappy", 33 << 20
	lie := append(binary.AppendUvarint(nil, snappyLie), 0, 0)
	for _, c := range []struct {
		name        string
		contentType string
		body        []byte
		status      int
		want        receiver.Stats // without Refused and bytes
	}{
		{"not snappy", typeV1, []byte(plain), 400, receiver.Stats{V1: receiver.Traffic{Requests: 1}}},
		{"too large when decoded", typeV2, lie, 400, receiver.Stats{V2: receiver.Traffic{Requests: 1}}},
		{"not protobuf", typeV2, snappy.Encode(nil, []byte{0xff}), 400, receiver.Stats{V2: receiver.Traffic{Requests: 1}}},
		{"not protobuf", typeV1, snappy.Encode(nil, []byte{0xff}), 400, receiver.Stats{V1: receiver.Traffic{Requests: 1}}},
		{"content type", "text/plain", snappy.Encode(nil, nil), 415, receiver.Stats{Unknown: receiver.Traffic{Requests: 1}}},
		{"out of order", typeV1, encodeV1(t, series([]string{"__name__", "a"}, sample(t0-1, 1))), 400,
			receiver.Stats{V1: receiver.Traffic{Requests: 1, Series: 1, Samples: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, receiver.Config{})
			mustPush(t, r, series([]string{"__name__", "a"}, sample(t0, 1)))
			before := r.Arrivals().Stats()
			rec := post(t, r.Handler(), c.contentType, c.body)
			got := r.Arrivals().Stats()
			if rec.Code != c.status {
				t.Errorf("answered %d, want %d: %s", rec.Code, c.status, rec.Body)
			}
			refused := got.TotalRefused()
			if refused != got.Refused[rec.Code] || refused.WireBytes != uint64(len(c.body)) {
				t.Errorf("refused %+v after an answer %d of %d bytes", got.Refused, rec.Code, len(c.body))
			}
			diff := receiver.Stats{V1: got.V1.Minus(before.V1), V2: got.V2, Unknown: got.Unknown}
			diff.V1.WireBytes, diff.V2.WireBytes, diff.Unknown.WireBytes = 0, 0, 0
			if !reflect.DeepEqual(diff, c.want) {
				t.Errorf("counted %+v, want %+v", diff, c.want)
			}
		})
	}
}

func TestArrivals_OversizedAndBrokenBodies(t *testing.T) {
	r := open(t, receiver.Config{})
	broken := io.MultiReader(bytes.NewReader([]byte("abc")), iotest.ErrReader(errors.New("gone")))
	for _, c := range []struct {
		name string
		body io.Reader
		want int
	}{
		{"oversized", bytes.NewReader(make([]byte, 33<<20)), http.StatusRequestEntityTooLarge},
		{"broken", broken, http.StatusBadRequest},
	} {
		req := httptest.NewRequest(http.MethodPost, "/api/v1/write", c.body)
		rec := httptest.NewRecorder()
		r.Handler().ServeHTTP(rec, req)
		if rec.Code != c.want {
			t.Errorf("%s: answered %d, want %d: %s", c.name, rec.Code, c.want, rec.Body)
		}
		if n := r.Arrivals().Stats().Refused[c.want].Requests; n != 1 {
			t.Errorf("%s: counted %d refused, want 1", c.name, n)
		}
	}
}

func TestReceiver_Capture(t *testing.T) {
	type seen struct {
		header http.Header
		body   []byte
	}
	var got []seen
	r := open(t, receiver.Config{Capture: func(h http.Header, b []byte) {
		got = append(got, seen{h, bytes.Clone(b)})
		h.Set("Content-Type", "changed") // a copy: no effect on the handler
		clear(b)
	}})
	body := encodeV1(t, series([]string{"__name__", "a"}, sample(t0, 1)))
	if rec := post(t, r.Handler(), typeV1, bytes.Clone(body)); rec.Code != http.StatusNoContent {
		t.Fatalf("answered %d: %s", rec.Code, rec.Body)
	}
	if len(got) != 1 || !bytes.Equal(got[0].body, body) {
		t.Fatalf("captured %v", got)
	}
}
