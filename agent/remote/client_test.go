package remote

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

// postTo makes what posts bodies of a size to a receiver in the same process.
func postTo(t testing.TB, size int) (post func()) {
	t.Helper()
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(far.Close)
	cfg := Config{URL: far.URL}.WithDefaults()
	rt, err := newTransport(cfg, new(conns))
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(cfg, rt)
	t.Cleanup(c.http.CloseIdleConnections)
	r := request{wire: wire{Protocol1, Snappy}, body: make([]byte, size), samples: 1, loan: new(loan)}
	return func() {
		if a := c.post(context.Background(), r, 0); a.fate != fateDelivered {
			t.Fatal(a.err)
		}
	}
}

// The memory that a request takes beside its body is a good deal smaller than the
// body, at both ends together.
func TestClient_CopiesNoBodies(t *testing.T) {
	const size = 24 << 10
	post := postTo(t, size)
	least := uint64(math.MaxUint64) // pools may have been emptied now and then
	for range 50 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		post()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > size/2 {
		t.Errorf("%d bytes allocated for a body of %d", least, size)
	}
}

// BenchmarkClient_Post counts what the receiver does, too.
func BenchmarkClient_Post(b *testing.B) {
	for _, size := range []int{16 << 10, 200 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			post := postTo(b, size)
			b.ReportAllocs()
			for b.Loop() {
				post()
			}
		})
	}
}
