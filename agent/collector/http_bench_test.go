package collector_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetick/edgetick/agent/collector"
)

// servePage answers every request with the same page, without a thought.
func servePage(tb testing.TB, page []byte, chunked bool) (url string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n")
	if chunked {
		answer = append(answer, "Transfer-Encoding: chunked\r\n\r\n"...)
		for part := range slices.Chunk(page, 2048) {
			answer = fmt.Appendf(answer, "%x\r\n%s\r\n", len(part), part)
		}
		answer = append(answer, "0\r\n\r\n"...)
	} else {
		answer = fmt.Appendf(answer, "Content-Length: %d\r\n\r\n%s", len(page), page)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answerAll(c, answer)
		}
	}()
	tb.Cleanup(func() {
		l.Close()
		<-done
	})
	return "http://" + l.Addr().String() + "/metrics"
}

func answerAll(c net.Conn, answer []byte) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// BenchmarkScrape is a whole scrape over loopback, of a page that has the values of
// the one before and is delivered. way=bound is the least that it can cost: the same
// bytes are asked for, read, compared with those before, and fill a column. way=net/http is a
// scrape by way of net/http.
func BenchmarkScrape(b *testing.B) {
	for _, n := range []int{10, 1000} {
		for _, chunked := range []bool{false, true} {
			page := newChangingPage(n, "").pages[0]
			name := func(way string) string { return fmt.Sprintf("series=%d/chunked=%t/way=%s", n, chunked, way) }
			b.Run(name("bound"), func(b *testing.B) { benchmarkRead(b, servePage(b, page, chunked), len(page), n) })
			b.Run(name("edgetick"), func(b *testing.B) { benchmarkScrape(b, servePage(b, page, chunked), n, nil) })
			b.Run(name("net/http"), func(b *testing.B) {
				transport := &http.Transport{DisableCompression: true}
				defer transport.CloseIdleConnections()
				benchmarkScrape(b, servePage(b, page, chunked), n, transport)
			})
		}
	}
}

func benchmarkScrape(b *testing.B, url string, n int, transport http.RoundTripper) {
	source, err := collector.FromHTTP(collector.HTTPConfig{URL: url, Timeout: time.Minute, MaxBodyBytes: 1 << 24, Transport: transport})
	if err != nil {
		b.Fatal(err)
	}
	tgt := newTarget(collector.Config{Source: source, Timeout: time.Minute})
	defer tgt.Close()
	delivery := collector.NewDelivery()
	at := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		at += 1000
		block, err := tgt.Gather(b.Context(), at)
		if err != nil || len(block.Values) != n+reports {
			b.Fatal(len(block.Values), err)
		}
		delivery.Take(block)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sample")
}

func benchmarkRead(b *testing.B, url string, size, n int) {
	c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/metrics"))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	request := []byte("GET /metrics HTTP/1.1\r\n\r\n")
	var answers [2][]byte
	values, column := make([]float64, n+reports), make([]float64, n+reports)
	ask := func(k int) {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		answer := answers[k][:0]
		for !bytes.HasSuffix(answer, []byte("\r\n0\r\n\r\n")) && len(answer)-bytes.Index(answer, []byte("\r\n\r\n"))-4 != size {
			answer = slices.Grow(answer, size+size/8+1024-len(answer))
			n, err := c.Read(answer[len(answer):cap(answer)])
			if err != nil {
				b.Fatal(err)
			}
			answer = answer[:len(answer)+n]
		}
		answers[k] = answer
	}
	ask(0)
	ask(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ask(i % 2)
		if !bytes.Equal(answers[0], answers[1]) {
			b.Fatal("the pages differ")
		}
		copy(column, values)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sample")
}
