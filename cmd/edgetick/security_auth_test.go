package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// The wrong password holds the remote, and the right one is found in the file
// without a restart. Requests have their header throughout, probes too.
func TestSecurity_PasswordIsReplaced(t *testing.T) {
	t.Parallel()
	s, d := &secrets{}, openDatabase(t)
	wrong, _ := s.user("shop")
	password, authorization := s.user("shop")
	tenant := s.one()
	var bare atomic.Int32
	d.breaks(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Scope-Orgid") != tenant {
			bare.Add(1)
		}
		if r.Header.Get("Authorization") == authorization {
			return false
		}
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	passwordFile := file(t, in(t, "password"), wrong)
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.header=X-Scope-OrgID: "+tenant,
		"--remote-write.basic-auth.username=shop", "--remote-write.basic-auth.password-file="+passwordFile)
	p.waitsHeld("401")
	file(t, passwordFile, password+"\n")
	p.find(`msg="the remote (goes on)"`)
	p.finish(d)
	if n := bare.Load(); n > 0 {
		t.Errorf("%d requests came without their header", n)
	}
}

// A token that works is one day refused, and another is found in the file.
func TestSecurity_TokenIsReplaced(t *testing.T) {
	t.Parallel()
	s, d := &secrets{}, openDatabase(t)
	first, second := s.one(), s.one()
	d.demands(http.StatusForbidden, "Bearer "+first)
	tokenFile := file(t, in(t, "token"), first)
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.bearer-token-file="+tokenFile)
	d.until("scrapes arrive", func() bool { return len(d.points("scrape_number")) > 3 })
	d.demands(http.StatusForbidden, "Bearer "+second)
	p.waitsHeld("403")
	file(t, tokenFile, second)
	p.find(`msg="the remote (goes on)"`)
	p.finish(d)
}

// tokens hands out tokens that expire at once, or nearly: the client takes ten
// seconds off.
type tokens struct {
	*httptest.Server
	*secrets
	issued atomic.Int32
	newest atomic.Pointer[string]
	wrong  atomic.Pointer[string] // what is wrong with a request
}

func startTokens(t *testing.T, s *secrets, id, secret string) *tokens {
	t.Helper()
	k := &tokens{secrets: s}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if password != secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if user != id || r.PostFormValue("grant_type") != "client_credentials" || r.Header.Get("X-Scope-Orgid") != "" {
			k.wrong.Store(new("the token endpoint was asked wrongly"))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token := s.one()
		k.newest.Store(&token)
		k.issued.Add(1)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 11})
	}))
	t.Cleanup(k.Close)
	return k
}

// Tokens of OAuth2 are asked for once the secret in the file is right, and again
// when they expire; the headers for the receiver are not for the token's
// endpoint.
func TestSecurity_OAuth2(t *testing.T) {
	t.Parallel()
	s, d := &secrets{}, openDatabase(t)
	wrong, _ := s.user("edge")
	secret, _ := s.user("edge")
	k := startTokens(t, s, "edge", secret)
	d.breaks(func(w http.ResponseWriter, r *http.Request) bool {
		if token := k.newest.Load(); token != nil && r.Header.Get("Authorization") == "Bearer "+*token && r.Header.Get("X-Scope-Orgid") == "shop" {
			return false
		}
		k.wrong.Store(new("a request came without the token or the header"))
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	secretFile := file(t, in(t, "secret"), wrong)
	config := file(t, in(t, "http.yml"), "oauth2:\n  client_id: edge\n  client_secret_file: "+secretFile+"\n  token_url: "+k.URL+"/token\n")
	p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.header=X-Scope-OrgID:shop", "--remote-write.http-config-file="+config)
	p.find(`msg="remote write fails.*(oauth2)`)
	file(t, secretFile, secret)
	d.until("tokens have expired twice", func() bool { return k.issued.Load() >= 3 })
	p.finish(d)
	if wrong := k.wrong.Load(); wrong != nil {
		t.Error(*wrong)
	}
}

// What a file says of HTTP is for one remote, what the flags say for the other;
// headers are merged.
func TestSecurity_EachRemoteItsOwn(t *testing.T) {
	t.Parallel()
	s, a, b := &secrets{}, openDatabase(t), openDatabase(t)
	forAll, authorizationA := s.user("all")
	forB, authorizationB := s.user("b")
	key := s.one()
	for d, want := range map[*database]http.Header{
		a: {"Authorization": {authorizationA}, "X-Scope-Orgid": {"all"}, "X-Key": {key}, "X-More": nil},
		b: {"Authorization": {authorizationB}, "X-Scope-Orgid": {"b"}, "X-Key": {key}, "X-More": {"more,more"}},
	} {
		d.breaks(func(w http.ResponseWriter, r *http.Request) bool {
			for name, values := range want {
				if got := r.Header.Values(name); strings.Join(got, "\n") != strings.Join(values, "\n") {
					t.Errorf("%s is %q", name, got)
				}
			}
			return false
		})
	}
	config := file(t, in(t, "http.yml"), "basic_auth:\n  username: b\n  password: "+forB+"\n")
	p := startSecretive(t, s, `--remote-write.url=name=b,url=`+b.url()+`,http-config-file=`+config+`,header.x-scope-orgid=b,header.X-More=more\,more`,
		"--remote-write.url=name=a,url="+a.url(),
		"--remote-write.header=X-Scope-OrgID:all", "--remote-write.header=x-key:"+key,
		"--remote-write.basic-auth.username=all", "--remote-write.basic-auth.password-file="+file(t, in(t, "password"), forAll))
	a.until("scrapes arrive", func() bool { return len(a.points("scrape_number")) > 3 })
	p.finish(b)
}

// A redirect to another host, or away from TLS, is not followed: who is there is
// not to have the password.
func TestSecurity_RedirectsElsewhere(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	for name, behindTLS := range map[string]bool{"another host": false, "away from TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := &secrets{}, openDatabase(t)
			var strangers atomic.Int32
			stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
			t.Cleanup(stranger.Close)
			if behindTLS {
				d.serveTLS(authority.server("127.0.0.1"))
			}
			d.breaks(func(w http.ResponseWriter, r *http.Request) bool {
				io.Copy(io.Discard, r.Body)
				http.Redirect(w, r, stranger.URL+"/elsewhere", http.StatusTemporaryRedirect)
				return true
			})
			password, authorization := s.user("shop")
			p := startSecretive(t, s, "--remote-write.url="+d.url(), "--remote-write.tls.ca-file="+file(t, in(t, "ca.pem"), authority.pem),
				"--remote-write.basic-auth.username=shop", "--remote-write.basic-auth.password-file="+file(t, in(t, "password"), password))
			p.waitsHeld("307")
			d.demands(http.StatusUnauthorized, authorization)
			p.find(`msg="the remote (goes on)"`)
			p.finish(d)
			if n := strangers.Load(); n > 0 {
				t.Errorf("%d requests came to the other host", n)
			}
		})
	}
}

// A redirect within the receiver is followed, with the password.
func TestSecurity_RedirectsWithin(t *testing.T) {
	t.Parallel()
	s, d := &secrets{}, openDatabase(t)
	password, authorization := s.user("shop")
	var moved atomic.Int32
	d.breaks(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Header.Get("Authorization") != authorization:
			w.WriteHeader(http.StatusUnauthorized)
			return true
		case r.URL.Path == "/old":
			moved.Add(1)
			http.Redirect(w, r, "/api/v1/write", http.StatusPermanentRedirect)
			return true
		}
		return false
	})
	p := startSecretive(t, s, "--remote-write.url="+d.server.URL+"/old",
		"--remote-write.basic-auth.username=shop", "--remote-write.basic-auth.password-file="+file(t, in(t, "password"), password))
	p.finish(d)
	if moved.Load() == 0 {
		t.Error("nothing was redirected")
	}
}
