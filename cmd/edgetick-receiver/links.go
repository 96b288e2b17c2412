package main

import (
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
)

// examples are what a newcomer wants to see first.
var examples = []string{
	"count(up)",
	"node_uname_info",
	"rate(node_cpu_seconds_total[1m])",
}

// links are the addresses worth looking at.
type links struct{ base string }

// newLinks makes links that open on this machine: an unspecified host, which
// stands for all interfaces, becomes loopback.
func newLinks(addr net.Addr) links {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return links{"http://" + addr.String()}
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	return links{"http://" + net.JoinHostPort(host, port)}
}

func (l links) write() string { return l.base + "/api/v1/write" }

func (l links) query(expr string) string {
	return l.base + "/api/v1/query?" + url.Values{"query": {expr}}.Encode()
}

func (l links) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "push to\t%s\n", l.write())
	fmt.Fprintf(tw, "look at\t%s/\n", l.base)
	for _, expr := range examples {
		fmt.Fprintf(tw, "%s\t%s\n", expr, l.query(expr))
	}
	fmt.Fprintln(tw)
	tw.Flush()
}

// handler serves the landing page at / and everything else from next.
func (l links) handler(next http.Handler) http.Handler {
	page := l.page()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// The client may have gone; there is nobody to tell.
		_, _ = io.WriteString(w, page)
	})
	mux.Handle("/", next)
	return mux
}

// page has relative links, so that it works under any name of this machine.
func (l links) page() string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<title>edgetick-receiver</title>\n<h1>edgetick-receiver</h1>\n")
	fmt.Fprintf(&b, "<p>A Prometheus database. Push to %s\n<ul>\n", html.EscapeString(l.write()))
	for _, expr := range examples {
		item(&b, links{}.query(expr), expr)
	}
	item(&b, "/api/v1/label/__name__/values", "names of all metrics")
	item(&b, "/metrics", "metrics of this receiver")
	b.WriteString("</ul>\n</html>\n")
	return b.String()
}

func item(b *strings.Builder, href, text string) {
	fmt.Fprintf(b, "<li><a href=\"%s\">%s</a>\n", html.EscapeString(href), html.EscapeString(text))
}
