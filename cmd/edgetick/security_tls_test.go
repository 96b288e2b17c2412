package main

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// The wrong authority: nothing is sent and nothing lost, and the right one is
// found in the file without a restart.
func TestSecurity_AuthorityIsReplaced(t *testing.T) {
	t.Parallel()
	right, wrong := newAuthority(t), newAuthority(t)
	d := openDatabase(t)
	d.serveTLS(right.server("127.0.0.1"))
	ca := file(t, in(t, "ca.pem"), wrong.pem)
	p := startSecretive(t, &secrets{}, "--remote-write.url="+d.url(), "--remote-write.tls.ca-file="+ca)

	p.find(`msg="remote write fails.*(unknown authority)`)
	p.exporter.until(t, p.exporter.count()+5)
	if n := len(d.requests()); n > 0 {
		t.Errorf("%d requests came", n)
	}
	file(t, ca, right.pem)
	p.find(`msg="(remote write works again)`)
	p.finish(d)
}

// A receiver that wants a certificate of one authority, and has one that is for
// another name than its URL's host: both of the client's files are replaced, one
// after the other.
func TestSecurity_ClientCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	right, wrong := newAuthority(t), newAuthority(t)
	d := openDatabase(t)
	server := right.server("receiver.test")
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, right.pool()
	d.serveTLS(server)

	s := &secrets{}
	cert, key := wrong.issue("node.test")
	s.add(keyBody(key))
	certFile, keyFile := file(t, in(t, "cert.pem"), cert), file(t, in(t, "key.pem"), key)
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.tls.server-name=receiver.test",
		"--remote-write.tls.ca-file="+file(t, in(t, "ca.pem"), right.pem),
		"--remote-write.tls.cert-file="+certFile, "--remote-write.tls.key-file="+keyFile)

	p.find(`msg="(remote write fails)`)
	cert, key = right.issue("node.test")
	s.add(keyBody(key))
	file(t, certFile, cert)
	p.exporter.until(t, p.exporter.count()+3)
	if n := len(d.requests()); n > 0 {
		t.Errorf("%d requests came", n)
	}
	file(t, keyFile, key)
	p.find(`msg="(remote write works again)`)
	p.finish(d)
}

// A certificate that is for another name is not accepted, unless any is.
func TestSecurity_NameOfTheReceiver(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	d := openDatabase(t)
	d.serveTLS(a.server("receiver.test"))
	strict := startSecretive(t, &secrets{}, "--remote-write.url="+d.url(), "--remote-write.tls.ca-file="+file(t, in(t, "ca.pem"), a.pem))
	strict.find(`msg="remote write fails.*(certificate)`)
	strict.cmd.Process.Kill()
	<-strict.done
	if n := len(d.requests()); n > 0 {
		t.Errorf("%d requests came", n)
	}
	startSecretive(t, &secrets{}, "--remote-write.url="+d.url(), "--remote-write.tls.insecure-skip-verify").finish(d)
}

// The program's own endpoint behind TLS and a password.
func TestSecurity_OwnEndpoint(t *testing.T) {
	t.Parallel()
	a, s := newAuthority(t), &secrets{}
	password, _ := s.user("admin")
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s.add(string(hash))
	cert, key := a.issue("127.0.0.1")
	s.add(keyBody(key))
	web := file(t, in(t, "web.yml"), "tls_server_config:\n  cert_file: "+file(t, in(t, "cert.pem"), cert)+"\n  key_file: "+file(t, in(t, "key.pem"), key)+
		"\nbasic_auth_users:\n  admin: "+string(hash)+"\n")
	d := openDatabase(t)
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--web.config.file="+web)
	own := "https://" + p.find(`msg="Listening on" address=(\S+)`)
	d.until("it is ready", func() bool { return len(d.requests()) > 0 })

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.pool()}}}
	defer client.CloseIdleConnections()
	for _, page := range pages {
		for given, want := range map[string]int{"": http.StatusUnauthorized, "guess": http.StatusUnauthorized, password: http.StatusOK} {
			req, err := http.NewRequest(http.MethodGet, own+page, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if given != "" {
				req.SetBasicAuth("admin", given)
			}
			status, text := fetch(t, client, req)
			if status != want {
				t.Errorf("%s answers %d, want %d", page, status, want)
			}
			s.notIn(t, page, text)
		}
	}
	if status, _ := get(t, strings.Replace(own, "https", "http", 1)); status != http.StatusBadRequest {
		t.Errorf("without TLS the answer is %d", status)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.notIn(t, "the output", p.out.String())
}
