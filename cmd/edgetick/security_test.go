package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// secrets are strings that nobody is to see. Each is long and random, so that
// it is nowhere by chance.
type secrets struct {
	mu  sync.Mutex
	all []string
}

// one makes a secret.
func (s *secrets) one() string {
	return s.add(rand.Text() + rand.Text())
}

// add adds a secret that has been made elsewhere.
func (s *secrets) add(secret string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, secret)
	return secret
}

// user makes a password, and the header by which user sends it.
func (s *secrets) user(name string) (password, authorization string) {
	password = s.one()
	return password, "Basic " + s.add(base64.StdEncoding.EncodeToString([]byte(name+":"+password)))
}

// notIn fails the test if a secret is in the text.
func (s *secrets) notIn(t *testing.T, what, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, secret := range s.all {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows secret %d of the test", what, i)
		}
	}
}

// pages are all that the program's own endpoint serves.
var pages = []string{"/", "/metrics", "/-/ready", "/-/healthy"}

// secretive is an edgetick that pushes the numbers of an exporter, and says all
// that it can.
type secretive struct {
	*process
	*secrets
	exporter *counting
}

func startSecretive(t *testing.T, s *secrets, args ...string) *secretive {
	t.Helper()
	c := startCounting(t)
	args = append(args, "--log.level=debug", "--tick.interval=100ms", "--scrape.target="+c.URL,
		"--remote-write.min-backoff=10ms", "--remote-write.max-backoff=50ms")
	return &secretive{edgetick(t, append(args, quiet...)...), s, c}
}

// finish stops the program. All scrapes are in the database then, and no secret
// has been seen anywhere.
func (p *secretive) finish(d *database) {
	p.Helper()
	before := len(d.points("scrape_number"))
	d.until("scrapes arrive", func() bool { return len(d.points("scrape_number")) > before+3 })
	p.keepsSecrets()
	if code := p.stop(); code != 0 {
		p.Errorf("exit code %d", code)
	}
	p.notIn(p.T, "the output", p.out.String())
	allArrived(p.T, p.exporter, d.points("up"), d.points("scrape_number"))
}

// keepsSecrets looks at what can be seen of the program as it is now.
func (p *secretive) keepsSecrets() {
	p.Helper()
	own := "http://" + p.find(`msg="Listening on" address=(\S+)`)
	for _, page := range pages {
		_, text := get(p.T, own+page)
		p.notIn(p.T, page, text)
	}
	p.notIn(p.T, "the output", p.out.String())
}

// waitsHeld waits until the program says that its remote is held, for a reason
// that matches.
func (p *secretive) waitsHeld(reason string) {
	p.Helper()
	p.find(`msg="the remote is held.*(` + reason + `)`)
	p.keepsSecrets() // the page says why
}

// fetch sends a request and reads the answer.
func fetch(t *testing.T, client *http.Client, req *http.Request) (int, string) {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// file writes a file at once, as a rotation does, and returns its path.
func file(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// demands has the database answer all requests with a status but those that
// carry the authorization.
func (d *database) demands(status int, authorization string) {
	d.breaks(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == authorization {
			return false
		}
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		return true
	})
}

// serveTLS puts the database behind TLS.
func (d *database) serveTLS(c *tls.Config) {
	d.server.Close()
	d.server = httptest.NewUnstartedServer(d)
	d.server.TLS = c
	d.server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail
	d.server.StartTLS()
}

// authority signs certificates.
type authority struct {
	*testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{T: t}
	a.cert = &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true}
	a.cert, a.key, a.pem = a.sign(a.cert)
	return a
}

// sign completes and signs a certificate, its own if there is none yet.
func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, string) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	c.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<62))
	c.Subject = pkix.Name{CommonName: rand.Text()}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if signer == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		a.Fatal(err)
	}
	return c, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// issue makes a certificate for hosts, and its key.
func (a *authority) issue(hosts ...string) (cert, key string) {
	a.Helper()
	c := &x509.Certificate{
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	_, k, cert := a.sign(c)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.Fatal(err)
	}
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// server is what a server with a certificate for hosts needs.
func (a *authority) server(hosts ...string) *tls.Config {
	a.Helper()
	cert, key := a.issue(hosts...)
	both, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		a.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{both}}
}

// pool holds the authority alone.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// keyBody is a line of a PEM file, to look for.
func keyBody(key string) string { return strings.Split(key, "\n")[1] }

// in is a path in a new directory.
func in(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }
