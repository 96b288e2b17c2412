package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// proxy is an HTTP proxy: it tunnels on CONNECT and forwards what is asked for
// by its whole URL.
type proxy struct {
	*httptest.Server
	mu      sync.Mutex
	tunnels []http.Header // of the requests for them
	forward []http.Header
}

func startProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := r.Header.Clone()
	p.mu.Lock()
	if r.Method == http.MethodConnect {
		p.tunnels = append(p.tunnels, header)
	} else if r.URL.IsAbs() {
		p.forward = append(p.forward, header)
	}
	p.mu.Unlock()
	if r.Method == http.MethodConnect {
		tunnel(w, r.Host)
		return
	}
	r.RequestURI = "" // or it could not be sent
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// tunnel carries bytes both ways until one side ends.
func tunnel(w http.ResponseWriter, host string) {
	far, err := net.Dial("tcp", host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer far.Close()
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer near.Close()
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() { io.Copy(way[0], way[1]); ended <- struct{}{} }()
	}
	<-ended
}

// Through a proxy: a tunnel if the receiver is behind TLS, which gets neither the
// headers nor the password that are for the receiver.
func TestSecurity_ProxyTunnels(t *testing.T) {
	t.Parallel()
	s, d, a := &secrets{}, openDatabase(t), newAuthority(t)
	proxy := startProxy(t)
	d.serveTLS(a.server("127.0.0.1"))
	password, authorization := s.user("shop")
	proxyPassword, proxyAuthorization := s.user("node")
	connectSecret := s.one()
	d.demands(http.StatusServiceUnavailable, authorization)
	config := file(t, in(t, "http.yml"), "tls_config:\n  ca_file: "+file(t, in(t, "ca.pem"), a.pem)+
		"\nbasic_auth:\n  username: shop\n  password_file: "+file(t, in(t, "password"), password)+
		"\nproxy_url: "+strings.Replace(proxy.URL, "://", "://node:"+proxyPassword+"@", 1)+
		"\nproxy_connect_header:\n  X-Connect: ["+connectSecret+"]\n")
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.http-config-file="+config, "--remote-write.header=X-Scope-OrgID:shop")
	p.finish(d)

	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	if len(proxy.tunnels) == 0 || len(proxy.forward) > 0 {
		t.Errorf("%d tunnels and %d requests", len(proxy.tunnels), len(proxy.forward))
	}
	for _, h := range proxy.tunnels {
		for name, want := range map[string]string{"Proxy-Authorization": proxyAuthorization, "X-Connect": connectSecret, "Authorization": "", "X-Scope-Orgid": ""} {
			if got := h.Get(name); got != want {
				t.Errorf("%s of a tunnel is %q", name, got)
			}
		}
	}
}

// Without TLS the proxy is asked for the receiver's whole URL. While the proxy is
// away nothing is lost.
func TestSecurity_ProxyForwards(t *testing.T) {
	t.Parallel()
	s, d := &secrets{}, openDatabase(t)
	proxy := startProxy(t)
	password, authorization := s.user("shop")
	d.demands(http.StatusServiceUnavailable, authorization)
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.proxy-url="+proxy.URL,
		"--remote-write.basic-auth.username=shop", "--remote-write.basic-auth.password-file="+file(t, in(t, "password"), password))
	d.until("scrapes arrive", func() bool { return len(d.points("scrape_number")) > 3 })

	address := proxy.Listener.Addr().String()
	proxy.Close()
	p.find(`msg="(remote write fails)`)
	p.exporter.until(t, p.exporter.count()+3)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	back := httptest.NewUnstartedServer(proxy)
	back.Listener.Close()
	back.Listener = l
	back.Start()
	t.Cleanup(back.Close)
	p.finish(d)

	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	if len(proxy.forward) == 0 || len(proxy.tunnels) > 0 {
		t.Errorf("%d tunnels and %d requests", len(proxy.tunnels), len(proxy.forward))
	}
}
