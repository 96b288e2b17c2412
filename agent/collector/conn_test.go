package collector_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetick/edgetick/agent/collector"
)

// script is an exporter that answers the requests on each of its connections with
// bytes of the test's choice, one after the other, and closes it when there is no
// answer left.
type script struct {
	url string

	mu       sync.Mutex
	conns    int
	answers  []string // of each connection, instead of those given, if there are any
	requests []string
}

// closing ends an answer after which the connection is closed.
const closing = "\x00close"

func newScript(tb testing.TB, conns ...[]string) *script {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &script{url: "http://" + l.Addr().String() + "/metrics"}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			answers := s.answers
			if len(conns) > 0 {
				answers = conns[min(s.conns, len(conns)-1)]
			}
			s.conns++
			s.mu.Unlock()
			serving.Go(func() { s.answer(c, answers) })
		}
	})
	tb.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return s
}

func (s *script) answer(c net.Conn, answers []string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for _, a := range answers {
		var request strings.Builder
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			request.WriteString(line)
			if line == "\r\n" {
				break
			}
		}
		s.mu.Lock()
		s.requests = append(s.requests, request.String())
		s.mu.Unlock()
		a, last := strings.CutSuffix(a, closing)
		io.WriteString(c, a)
		if last {
			return
		}
	}
	io.Copy(io.Discard, in) // until the other side closes
}

// always gives one answer on each connection from now on.
func (s *script) always(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = []string{answer}
}

func (s *script) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

func closeSource(s collector.Source) { s.(io.Closer).Close() }

const (
	sizedPage = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n"
	otherPage = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\na 22\n"
	chunked   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// exchanges are answers of exporters, what is to be made of them, and how many
// connections three scrapes take.
var exchanges = map[string]struct {
	answer  string
	body    string
	wantErr string
	conns   int
}{
	"sized":                      {sizedPage, "a 1\n", "", 1},
	"empty":                      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", "", 1},
	"bare line feeds":            {"HTTP/1.1 200 OK\nContent-Length: 4\n\na 1\n", "a 1\n", "", 1},
	"chunks":                     {chunked + "4\r\na 1\n\r\n3;x=y\r\nb 2\r\n01\r\n\n\r\n0\r\n\r\n", "a 1\nb 2\n", "", 1},
	"no chunk":                   {chunked + "0\r\n\r\n", "", "", 1},
	"many chunks":                {chunked + strings.Repeat("2 \r\n#\n\r\n", 4000) + "0\r\n\r\n", strings.Repeat("#\n", 4000), "", 1},
	"one large chunk":            {chunked + "9C40\r\n" + strings.Repeat("#\n", 20000) + "\r\n0\r\n\r\n", strings.Repeat("#\n", 20000), "", 1},
	"trailer":                    {chunked + "4\r\na 1\n\r\n0\r\nX: y\r\n\r\n" + closing, "a 1\n", "", 3},
	"until closed":               {"HTTP/1.1 200 OK\r\n\r\na 1\n" + closing, "a 1\n", "", 3},
	"HTTP/1.0":                   {"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\na 1\n" + closing, "a 1\n", "", 3},
	"HTTP/1.0 kept":              {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\na 1\n", "a 1\n", "", 1},
	"HTTP/1.0 until closed":      {"HTTP/1.0 200 OK\r\n\r\na 1\n" + closing, "a 1\n", "", 3},
	"HTTP/1.0 with chunks":       {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1" + closing, "1", "", 3},
	"closes":                     {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\na 1\n", "a 1\n", "", 3},
	"provisional":                {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + sizedPage, "a 1\n", "", 1},
	"garbage after":              {sizedPage + "more", "a 1\n", "", 3},
	"an answer after":            {sizedPage + otherPage, "a 1\n", "", 3},
	"garbage after chunks":       {chunked + "4\r\na 1\n\r\n0\r\n\r\nmore", "a 1\n", "", 3},
	"cut off":                    {sizedPage[:len(sizedPage)-1] + closing, "", "unexpected EOF", 3},
	"cut off in a chunk":         {chunked + "4\r\na" + closing, "", "unexpected EOF", 3},
	"cut off after a chunk":      {chunked + "4\r\na 1\n\r\n" + closing, "", "unexpected EOF", 3},
	"cut off before the end":     {chunked + "4\r\na 1\n\r\n0\r\n" + closing, "", "unexpected EOF", 3},
	"cut off in the head":        {sizedPage[:30] + closing, "", "unexpected EOF", 3},
	"garbage after a large page": {strings.Replace(sizedPage, "4\r\n\r\na 1\n", "20000\r\n\r\n"+strings.Repeat("#\n", 10000), 1) + "more", strings.Repeat("#\n", 10000), "", 3},
	"closed after":               {sizedPage + closing, "a 1\n", "", 3},
	"closed":                     {closing, "", "EOF", 3},
	"bad chunk":                  {chunked + "x\r\na\r\n0\r\n\r\n", "", "chunk", 3},
	"no size of a chunk":         {chunked + "\r\na\r\n0\r\n\r\n", "", "chunk", 3},
	"size of a chunk too long":   {chunked + "00000000000000001\r\na\r\n0\r\n\r\n", "", "chunk", 3},
	"chunk without an end":       {chunked + "1\r\nab\r\n0\r\n\r\n", "", "chunk", 3},
	"chunk with a wrong end":     {chunked + "1\r\nax\n0\r\n\r\n", "", "chunk", 3},
	"long extension":             {chunked + "1;" + strings.Repeat("x", 5000) + "\r\na\r\n0\r\n\r\n", "", "chunk", 3},
	"204 in chunks":              {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "", "HTTP status 204 No Content", 1},
	"chunk with a bare end":      {chunked + "1\na\r\n0\r\n\r\n", "", "chunk", 3},
	"bad size":                   {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\na 1\n", "", "Content-Length", 3},
	"negative size":              {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na 1\n", "", "Content-Length", 3},
	"two sizes":                  {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 3\r\n\r\na 1\n", "", "Content-Length", 3},
	"the same size twice":        {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\na 1\n", "a 1\n", "", 1},
	"another encoding":           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\na 1\n", "", "transfer encoding", 3},
	"no HTTP":                    {"SSH-2.0-x\r\n\r\n", "", "malformed HTTP", 3},
	"bad header":                 {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "", "malformed MIME header", 3},
	"provisional without end":    {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4000), "", "65536 bytes", 3},
	"too large a head":           {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10), "", "65536 bytes", 3},
	"another protocol":           {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", "HTTP status 101", 3},
	"large head":                 {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 50<<10) + "\r\nContent-Length: 4\r\n\r\na 1\n", "a 1\n", "", 1},
	"404 with a page":            {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\na 1\n", "", "HTTP status 404 Not Found", 1},
	"404 in chunks":              {"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "", "HTTP status 404 Not Found", 1},
	"204":                        {"HTTP/1.1 204 No Content\r\n\r\n", "", "HTTP status 204 No Content", 1},
	"304 with a size":            {"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", "", "HTTP status 304 Not Modified", 1},
}

func TestHTTP_Exchanges(t *testing.T) {
	for name, x := range exchanges {
		t.Run(name, func(t *testing.T) {
			e := newScript(t, []string{x.answer, x.answer, x.answer})
			s := fromHTTP(t, collector.HTTPConfig{URL: e.url, MaxBodyBytes: 1 << 20})
			defer closeSource(s)
			for range 3 {
				p, err := s.Collect(t.Context())
				if x.wantErr != "" {
					if err == nil || !strings.Contains(err.Error(), x.wantErr) {
						t.Errorf("got %v, want %q", err, x.wantErr)
					}
				} else if err != nil || string(p.Body) != x.body {
					t.Errorf("got %.100q, %v, want %.100q", p.Body, err, x.body)
				}
			}
			if n := e.connections(); n != x.conns {
				t.Errorf("%d connections for 3 scrapes, want %d", n, x.conns)
			}
		})
	}
}

// An answer is understood by what its own headers say, however the one before
// began.
func TestHTTP_HeadersChange(t *testing.T) {
	answers := []struct{ answer, body, contentType string }{
		{sizedPage, "a 1\n", "text/plain"},
		{otherPage, "a 22\n", "text/plain"},
		{strings.Replace(sizedPage, "text/plain", "text/other", 1), "a 1\n", "text/other"},
		{chunked + "4\r\na 1\n\r\n0\r\n\r\n", "a 1\n", ""},
		{strings.Replace(chunked, "\r\n\r\n", "\r\nContent-Length: 1\r\n\r\n", 1) + "4\r\na 1\n\r\n0\r\n\r\n", "a 1\n", ""},
		{strings.Replace(chunked, "\r\n\r\n", "\r\nContent-Length: 2\r\n\r\n", 1) + "5\r\na 22\n\r\n0\r\n\r\n", "a 22\n", ""},
		{"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\n\r\n", "", ""},
		{"HTTP/1.1 200 OK\r\nDate: tomorrow\r\nContent-Length: 4\r\n\r\na 1\n", "a 1\n", ""},
		{"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\na 1\n", "a 1\n", ""},
		{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + fmt.Sprint(len(gzipped("a 1\n"))) + "\r\n\r\n" + string(gzipped("a 1\n")), "a 1\n", ""},
		{sizedPage, "a 1\n", "text/plain"},
	}
	var script []string
	for _, a := range answers {
		script = append(script, a.answer)
	}
	e := newScript(t, script)
	s := fromHTTP(t, collector.HTTPConfig{URL: e.url})
	defer closeSource(s)
	for i, a := range answers {
		if p, err := s.Collect(t.Context()); err != nil || string(p.Body) != a.body || p.ContentType != a.contentType {
			t.Errorf("answer %d: got %q of type %q, %v, want %q of type %q", i, p.Body, p.ContentType, err, a.body, a.contentType)
		}
	}
	if n := e.connections(); n != 1 {
		t.Errorf("%d connections, want one", n)
	}
}

func TestHTTP_RefusesSizesThatCameToDiffer(t *testing.T) {
	twice := func(a, b string) string {
		return "HTTP/1.1 200 OK\r\nContent-Length: " + a + "\r\nContent-Length: " + b + "\r\n\r\na 1\n"
	}
	e := newScript(t, []string{twice("4", "4"), twice("4", "3")})
	s := fromHTTP(t, collector.HTTPConfig{URL: e.url})
	defer closeSource(s)
	if p, err := s.Collect(t.Context()); err != nil || string(p.Body) != "a 1\n" {
		t.Errorf("got %q, %v", p.Body, err)
	}
	if p, err := s.Collect(t.Context()); err == nil {
		t.Errorf("got %q of two sizes", p.Body)
	}
}

func TestHTTP_ReplacesAConnectionThatWasClosed(t *testing.T) {
	for name, c := range map[string]struct {
		conns [][]string
		want  string // of the second scrape; "" if it fails
		after int    // connections then
	}{
		"before the answer":      {[][]string{{sizedPage, closing}, {otherPage}}, "a 22\n", 2},
		"but only once":          {[][]string{{sizedPage, closing}, {closing}, {otherPage}}, "", 2},
		"not within the headers": {[][]string{{sizedPage, otherPage[:10] + closing}, {otherPage}}, "", 1},
		"not within the page":    {[][]string{{sizedPage, otherPage[:len(otherPage)-1] + closing}, {otherPage}}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := newScript(t, c.conns...)
			s := fromHTTP(t, collector.HTTPConfig{URL: e.url})
			defer closeSource(s)
			if p, err := s.Collect(t.Context()); err != nil || string(p.Body) != "a 1\n" {
				t.Fatalf("got %q, %v", p.Body, err)
			}
			p, err := s.Collect(t.Context())
			if string(p.Body) != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v, want %q", p.Body, err, c.want)
			}
			if n := e.connections(); n != c.after {
				t.Errorf("%d connections, want %d", n, c.after)
			}
		})
	}
}

// Requests are to the byte what net/http makes of the URL.
func TestHTTP_RequestsAreThoseOfNetHTTP(t *testing.T) {
	e := newScript(t, []string{sizedPage + closing})
	address := strings.TrimSuffix(strings.TrimPrefix(e.url, "http://"), "/metrics")
	for _, u := range []string{
		"http://" + address, "http://" + address + "/metrics", "HTTP://" + address + "/a%2Fb?c=%20d&e=f;g#h",
		"http://user:pa%20ss@" + address + "/metrics", "http://user@" + address + "/?", "http://:x@" + address + "/a b",
	} {
		for _, transport := range []http.RoundTripper{nil, &http.Transport{DisableCompression: true}} {
			s := fromHTTP(t, collector.HTTPConfig{URL: u, Transport: transport})
			if _, err := s.Collect(t.Context()); err != nil {
				t.Fatal(err)
			}
			closeSource(s)
		}
		e.mu.Lock()
		ours, theirs := e.requests[0], e.requests[1]
		e.requests = nil
		e.mu.Unlock()
		if ours != theirs {
			t.Errorf("%s: requested\n%swhere net/http requests\n%s", u, ours, theirs)
		}
	}
}

func TestHTTP_EndsWithinThePage(t *testing.T) {
	for name, answer := range map[string]string{"before the answer": "", "in the headers": "HTTP/1.1", "in the page": sizedPage[:len(sizedPage)-1], "in chunks": chunked + "4\r\na"} {
		t.Run(name, func(t *testing.T) {
			e := newScript(t, []string{sizedPage, answer, otherPage}, []string{otherPage})
			s := fromHTTP(t, collector.HTTPConfig{URL: e.url})
			defer closeSource(s)
			if _, err := s.Collect(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := s.Collect(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want that the deadline is exceeded", err)
			}
			cause := errors.New("cut short")
			stopped, stop := context.WithCancelCause(t.Context())
			stop(cause)
			if _, err := s.Collect(stopped); !errors.Is(err, cause) {
				t.Errorf("got %v, want that it was cut short", err)
			}
			if p, err := s.Collect(t.Context()); err != nil || string(p.Body) != "a 22\n" {
				t.Errorf("got %q, %v on another connection", p.Body, err)
			}
		})
	}
}

// Whatever an exporter answers, a source makes of it what it makes of it with
// net/http, after any other answer.
func FuzzHTTP(f *testing.F) {
	for _, x := range exchanges {
		f.Add([]byte(strings.TrimSuffix(x.answer, closing)), []byte(sizedPage))
		f.Add([]byte(otherPage), []byte(strings.TrimSuffix(x.answer, closing)))
	}
	log.SetOutput(io.Discard) // where net/http writes of answers that it does not expect
	f.Cleanup(func() { log.SetOutput(os.Stderr) })
	e := newScript(f)
	f.Fuzz(func(t *testing.T, before, answer []byte) {
		ours := fromHTTP(t, collector.HTTPConfig{URL: e.url, MaxBodyBytes: 1 << 16})
		defer closeSource(ours)
		theirs := fromHTTP(t, collector.HTTPConfig{URL: e.url, MaxBodyBytes: 1 << 16, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}})
		for _, a := range [][]byte{before, answer} {
			if bytes.Contains(a, []byte("\r\n0\r\n")) && !bytes.HasSuffix(a, []byte("\r\n0\r\n\r\n")) || bytes.Contains(a, []byte("HTTP/1.1 1")) {
				continue // a trailer, which is not read, or provisional answers, which net/http counts
			}
			e.always(string(a) + closing)
			p, err := ours.Collect(t.Context())
			want, wantErr := theirs.Collect(t.Context())
			if string(p.Body) != string(want.Body) || p.ContentType != want.ContentType || (err == nil) != (wantErr == nil) {
				t.Fatalf("of %q\nmade %q of type %q, %v\nnet/http %q of type %q, %v", a, p.Body, p.ContentType, err, want.Body, want.ContentType, wantErr)
			}
		}
	})
}
