package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang/snappy"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	defer http.DefaultClient.CloseIdleConnections()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestExporter_NumbersItsPages(t *testing.T) {
	p := simulated(5)
	e, err := startExporter(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	for n := 1; n <= 3; n++ {
		if code, text := get(t, e.url()); code != http.StatusOK || text != string(p.append(nil, n)) {
			t.Errorf("page %d: %d %s", n, code, text)
		}
	}
	e.pause()
	if code, _ := get(t, e.url()); code != http.StatusServiceUnavailable {
		t.Errorf("status %d while paused", code)
	}
	e.paused = false
	for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		if code, _ := get(t, e.url()); code != want {
			t.Errorf("status %d, want %d: there are 4 pages", code, want)
		}
	}
	if n := len(e.pages()); n != 4 {
		t.Errorf("%d pages handed out, want 4", n)
	}
}

func TestMirror_ShowsAllTheSamePage(t *testing.T) {
	served, fail := 0, false
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served++
		if fail {
			http.Error(w, "no", http.StatusInternalServerError)
		}
		io.WriteString(w, "# HELP a b\na 1\n\nb{c=\"d\"} 2\n")
	}))
	defer exporter.Close()
	m := &mirror{url: exporter.URL, maxAge: time.Hour, client: *exporter.Client()}
	var doors []*door
	for range 2 {
		d, err := openDoor(m)
		if err != nil {
			t.Fatal(err)
		}
		defer d.close()
		doors = append(doors, d)
	}
	get(t, doors[0].url())
	get(t, doors[0].url())
	if code, text := get(t, doors[1].url()); code != http.StatusOK || !strings.HasPrefix(text, "# HELP") {
		t.Errorf("answer %d %s", code, text)
	}
	if served != 1 || doors[0].served() != 4 || doors[1].served() != 2 {
		t.Errorf("%d pages taken, %d and %d samples handed out, want 1, 4 and 2", served, doors[0].served(), doors[1].served())
	}
	m.maxAge, fail = 0, true
	if code, _ := get(t, doors[0].url()); code != http.StatusBadGateway || served != 2 {
		t.Errorf("status %d after %d pages, want 502 after 2", code, served)
	}
}

func post(t *testing.T, url, encoding string, body []byte, header ...string) (int, error) {
	t.Helper()
	defer http.DefaultClient.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", encoding)
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func TestSink_GoesAndComesBack(t *testing.T) {
	var kept [][]byte
	s, err := newSink(accepts{}, func(m message) { kept = append(kept, m.body) })
	if err != nil {
		t.Fatal(err)
	}
	body := snappy.Encode(nil, make([]byte, 1000))
	refused := func() {
		t.Helper()
		if _, err := post(t, s.url(), "snappy", body); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v, want a refused connection", err)
		}
	}
	refused()
	for range 2 {
		if err := s.up(); err != nil {
			t.Fatal(err)
		}
		if code, err := post(t, s.url(), "snappy", body); code != http.StatusNoContent {
			t.Errorf("%d, %v", code, err)
		}
		s.down()
		refused()
	}
	if len(kept) != 2 || !bytes.Equal(kept[0], body) || !bytes.Equal(kept[1], body) {
		t.Errorf("kept %d bodies", len(kept))
	}
	got := s.seen()
	if got.requests != 2 || got.bytes != 2*len(body) || got.first.IsZero() || !got.last.After(got.first) {
		t.Errorf("traffic %+v", got)
	}
}

func TestSink_RefusesWhatItCannotRead(t *testing.T) {
	s, err := newSink(accepts{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.up(); err != nil {
		t.Fatal(err)
	}
	defer s.down()
	for encoding, want := range map[string]int{"zstd": http.StatusUnsupportedMediaType, "snappy": http.StatusBadRequest} {
		if code, err := post(t, s.url(), encoding, bytes.Repeat([]byte{0xff}, 20)); code != want {
			t.Errorf("%s: %d, %v, want %d", encoding, code, err, want)
		}
	}
	if got := s.seen(); got.requests != 0 || got.refused != 1 || got.refusal == nil || got.declined != 1 || got.wasted != 40 {
		t.Errorf("traffic %+v", got)
	}
}

// TestSink_CountsAllBytes: what HTTP adds is what is left of a connection's bytes
// without the bodies, taken or not.
func TestSink_CountsAllBytes(t *testing.T) {
	s, err := newSink(accepts{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.up(); err != nil {
		t.Fatal(err)
	}
	defer s.down()
	incompressible := make([]byte, 50_000)
	rand.NewChaCha8([32]byte{}).Read(incompressible)
	body := snappy.Encode(nil, incompressible)
	for _, encoding := range []string{"snappy", "zstd", "snappy"} {
		if _, err := post(t, s.url(), encoding, body); err != nil {
			t.Fatal(err)
		}
	}
	if e := s.envelope(); e < 150 || e > 600 {
		t.Errorf("HTTP adds %v bytes to a request", e)
	}
}

func TestReadSelfMetrics(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "# TYPE a counter\na{b=\"x y\"} 2\na{b=\"z\"} 3\nb 1e3\nbroken\nc NaN?\n")
	}))
	defer server.Close()
	m, err := readSelfMetrics(server.Listener.Addr().String())
	want := selfMetrics{"a": 5, `a{b="x y"}`: 2, `a{b="z"}`: 3, "b": 1000}
	if err != nil || !maps.Equal(m, want) {
		t.Errorf("%v, %v", m, err)
	}
}
