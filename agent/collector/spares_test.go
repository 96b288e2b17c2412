package collector

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

func TestSpares_TakeTheSmallestThatFits(t *testing.T) {
	var s Spares
	for _, size := range []int{10_000, 1000, 1100, 100} {
		s.give(make([]byte, 5, size+spare))
	}
	idle := s.idle.Value() // of those that are not kept, and so no garbage
	defer runtime.KeepAlive(idle)
	for _, c := range []struct{ size, want int }{
		{1000, 1000 + spare},     // rather than 1100
		{1000, 1100 + spare},     // the next best
		{1000, 1000*9/8 + spare}, // none that fits is left: a new one
		{5000, 5000*9/8 + spare}, // 10 000 is too much
		{9000, 10_000 + spare},   // but not here
		{20_000, 22_500 + spare}, // and too little here
		{100, 100 + spare},
	} {
		if b := s.take(c.size); len(b) != 0 || cap(b) != c.want {
			t.Errorf("for %d bytes: length %d, capacity %d, want %d", c.size, len(b), cap(b), c.want)
		}
	}
}

// The two given last are kept, in whichever order they are used.
func TestSpares_AreGarbageWhenIdle(t *testing.T) {
	var s Spares
	for _, size := range []int{1000, 2000, 4000, 8000} {
		s.give(make([]byte, 0, size+spare))
	}
	s.give(s.take(4000))
	for range 3 {
		runtime.GC()
	}
	for size, want := range map[int]bool{1000: false, 2000: false, 4000: true, 8000: true} {
		if got := s.find(size) != nil; got != want {
			t.Errorf("after a collection the buffer of %d bytes is there: %v, want %v", size, got, want)
		}
	}
}

// all are the idle buffers.
func (s *Spares) all() [][]byte {
	all := s.kept[:]
	if idle := s.idle.Value(); idle != nil {
		all = slices.Concat(all, *idle)
	}
	return slices.DeleteFunc(slices.Clone(all), func(b []byte) bool { return cap(b) == 0 })
}

// httpTarget makes a target of an exporter that answers as handler does.
func httpTarget(t *testing.T, spares *Spares, handler http.HandlerFunc) *Target {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	source, err := FromHTTP(HTTPConfig{URL: server.URL, Timeout: time.Minute, MaxBodyBytes: 1 << 24, Spares: spares})
	if err != nil {
		t.Fatal(err)
	}
	tgt := New(Config{Source: source, Labels: labels.FromStrings("job", "job"), Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { tgt.Close() })
	return tgt
}

// numbered is a page of n series with a value of its own.
func numbered(n, value int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "m{i=\"%d\"} %d\n", i, value)
	}
	return b.String()
}

// A target keeps the page that it compares the next one with. All else is given
// back: the page before that one, and each that there is nothing to compare with.
func TestTarget_KeepsOnePage(t *testing.T) {
	var spares Spares
	spares.leave(make([]byte, 0, spare))
	idle := spares.idle.Value() // and so no garbage
	defer runtime.KeepAlive(idle)
	status, contentType, body := 200, textType, ""
	tgt := httpTarget(t, &spares, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
	buffers := make(map[*byte]int)
	all := 0
	for i, c := range []struct {
		status            int
		contentType, body string
		keeps             bool
	}{
		{200, textType, numbered(1000, 1), true},
		{200, textType, numbered(1000, 2), true},
		{200, textType, numbered(1001, 3), true},
		{500, textType, "not now", false},
		{200, textType, numbered(1000, 4), true},
		{200, textType, numbered(999, 4) + "}", false},
		{200, textType, numbered(1000, 5), true},
		{200, textType, "", false},
		{200, textType, numbered(999, 5) + "m{i=\"1\"} 1\n", false},
		{200, textType, numbered(1000, 6), true},
		{200, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", strings.Repeat("\x00", 12_890), false},
		{200, textType, numbered(1000, 7), true},
	} {
		status, contentType, body = c.status, c.contentType, c.body
		tgt.Gather(t.Context(), int64(i+1)*1000)
		if kept := tgt.pages.plan.page; (kept != nil) != c.keeps || c.keeps && string(kept) != c.body {
			t.Errorf("page %d: %d bytes are kept, want %d: %t", i, len(kept), len(c.body), c.keeps)
		} else if kept != nil {
			buffers[&kept[0]]++
		}
		if tgt.pages.next.page != nil {
			t.Errorf("page %d: the page before is not given back", i)
		}
		seen := make(map[*byte]bool)
		for _, b := range append(spares.all(), tgt.pages.plan.page) {
			if cap(b) > 0 && seen[&b[:1][0]] {
				t.Fatalf("page %d: a buffer is there twice", i)
			} else if cap(b) > 0 {
				seen[&b[:1][0]] = true
			}
		}
		if len(seen) < all {
			t.Errorf("page %d: a buffer was not given back", i)
		}
		all = len(seen)
	}
	if len(buffers) != 2 {
		t.Errorf("%d buffers hold a page like the others, want two in turn", len(buffers))
	}
}

func TestTarget_GivesBackWhatItCouldNotRead(t *testing.T) {
	var spares Spares
	spares.give(make([]byte, 0, 4096+spare))
	tgt := httpTarget(t, &spares, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "a 1\n")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	if _, err := tgt.Gather(t.Context(), 1000); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want that the page is cut off", err)
	}
	if n := len(spares.all()); n != 1 {
		t.Errorf("%d spares are left, want the one", n)
	}
}

// What a target keeps is not much more than its page, even if the one before was
// much larger or how large it is could not be known.
func TestTarget_KeepsLittleMoreThanThePage(t *testing.T) {
	var spares Spares
	n, sized := 0, false
	tgt := httpTarget(t, &spares, func(w http.ResponseWriter, _ *http.Request) {
		page := numbered(n, 1)
		if sized {
			w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		}
		io.WriteString(w, page)
	})
	at, kept := int64(0), 0
	for _, n = range []int{1, 10, 5000, 5000, 5, 500, 5000, 400, 4000} {
		for _, sized = range []bool{false, true} {
			at += 1000
			if _, err := tgt.Gather(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			page := tgt.pages.plan.page
			if page == nil { // not after many series that are new
				continue
			}
			kept++
			if cap(page) > len(page)*5/4+2*spare || cap(page) < len(page)+2 {
				t.Errorf("a capacity of %d for a page of %d bytes", cap(page), len(page))
			}
		}
	}
	if kept < 10 {
		t.Errorf("only %d pages were kept", kept)
	}
}

// Targets that read at the same time into spares that they have in common get
// their own pages.
func TestTarget_SharesSpares(t *testing.T) {
	var spares Spares
	var gathering sync.WaitGroup
	for k := range 8 {
		n := 0
		tgt := httpTarget(t, &spares, func(w http.ResponseWriter, _ *http.Request) {
			n++
			io.WriteString(w, numbered(500+n%3, n+1000*k))
		})
		gathering.Go(func() {
			for i := range 50 {
				b, err := tgt.Gather(t.Context(), int64(i+1)*1000)
				if err != nil {
					t.Error(err)
					return
				}
				for _, v := range b.Values[:len(b.Values)-len(reportFamilies)] {
					if v != float64(i+1+1000*k) {
						t.Errorf("target %d has the value %v on page %d", k, v, i+1)
						return
					}
				}
			}
		})
	}
	gathering.Wait()
}
