package collector_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/edgetick/edgetick/agent/collector"
)

// servePage answers every request with the same page, without a thought.
func servePage(tb testing.TB, page []byte) (url string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
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

func BenchmarkFromHTTP(b *testing.B) {
	for _, lines := range []int{10, 1000} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			page := []byte(strings.Repeat("some_family_of_metrics_total{device=\"eth0\",mode=\"some\"} 123456.5\n", lines))
			source, err := collector.FromHTTP(collector.HTTPConfig{URL: servePage(b, page), Timeout: time.Minute, MaxBodyBytes: 1 << 24})
			if err != nil {
				b.Fatal(err)
			}
			defer source.(interface{ Close() error }).Close()
			b.ReportAllocs()
			for b.Loop() {
				if p, err := source.Collect(b.Context()); err != nil || len(p.Body) != len(page) {
					b.Fatal(len(p.Body), err)
				}
			}
		})
	}
}
