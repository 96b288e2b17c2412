package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What would put a secret at risk, or could not work, is refused at the start:
// the message names the flag, the file and a cure, and no secret.
func TestSecurity_RefusedAtTheStart(t *testing.T) {
	s, a, dir := &secrets{}, newAuthority(t), t.TempDir()
	secret := s.one()
	write := func(name, content string) string { return file(t, filepath.Join(dir, name), content) }
	cert, key := a.issue("node.test")
	_, otherKey := a.issue("node.test")
	s.add(keyBody(key))
	s.add(keyBody(otherKey))
	certFile, keyFile, otherFile := write("cert.pem", cert), write("key.pem", key), write("other.pem", otherKey)
	password, missing := write("password", secret), filepath.Join(dir, "missing")
	yaml := func(name, content string) string { return "--remote-write.http-config-file=" + write(name, content) }

	const (
		receiver = "--remote-write.url=http://127.0.0.1:1/w"
		basic    = "--remote-write.basic-auth.username=u"
	)
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"password in the URL":      {[]string{"--remote-write.url=http://u:" + secret + "@h/w"}, []string{"--remote-write.url", "--remote-write.basic-auth.password-file"}},
		"password with marks":      {[]string{"--remote-write.url=url=http://u:=,\"" + secret + "@h/w"}, []string{"--remote-write.url", "***@h/w"}},
		"user in the URL":          {[]string{"--remote-write.url=url=http://" + secret + "@h/w,name=a"}, []string{"--remote-write.url", "--remote-write.basic-auth.username"}},
		"password as a flag":       {[]string{receiver, "--remote-write.basic-auth.password=" + secret}, []string{"--remote-write.basic-auth.password"}},
		"password as a key":        {[]string{receiver[:19] + "url=http://h/w,password=" + secret}, []string{"password=", "no such key", "http-config-file"}},
		"password in the proxy":    {[]string{receiver, "--remote-write.proxy-url=http://u:" + secret + "@h:1"}, []string{"--remote-write.proxy-url", "--remote-write.http-config-file"}},
		"reserved header":          {[]string{receiver, "--remote-write.header=authorization: Bearer " + secret}, []string{"--remote-write.header", "authorization", "--remote-write.bearer-token-file"}},
		"reserved header of one":   {[]string{"--remote-write.url=url=http://h/w,header.Content-Encoding=" + secret}, []string{"--remote-write.url", "header.Content-Encoding", "--remote-write.compression"}},
		"reserved header in file":  {[]string{receiver, yaml("h.yml", "http_headers:\n  retry-attempt:\n    secrets: ["+secret+"]\n")}, []string{"--remote-write.http-config-file", "retry-attempt"}},
		"header without colon":     {[]string{receiver, "--remote-write.header=" + secret}, []string{"--remote-write.header", "NAME:VALUE"}},
		"header of two lines":      {[]string{receiver, "--remote-write.header=X-Key:" + secret + "\nHost: h"}, []string{"--remote-write.header", "X-Key", "control characters"}},
		"header twice":             {[]string{receiver, "--remote-write.header=X-Key:" + secret, "--remote-write.header=x-key:2"}, []string{"--remote-write.header", "X-Key", "already"}},
		"header with a wrong name": {[]string{"--remote-write.url=url=http://h/w,header.X Key=" + secret}, []string{"--remote-write.url", `"X Key"`, "X-Scope-OrgID"}},
		"no password file":         {[]string{receiver, basic, "--remote-write.basic-auth.password-file=" + missing}, []string{"--remote-write.basic-auth.password-file", missing, "no such file"}},
		"no token file":            {[]string{receiver, "--remote-write.bearer-token-file=" + missing}, []string{"--remote-write.bearer-token-file", missing, "no such file"}},
		"no authority":             {[]string{receiver, "--remote-write.tls.ca-file=" + missing}, []string{"--remote-write.tls.ca-file", missing, "no such file"}},
		"no certificate in it":     {[]string{receiver, "--remote-write.tls.ca-file=" + password}, []string{"--remote-write.tls.ca-file", password, "PEM"}},
		"certificate alone":        {[]string{receiver, "--remote-write.tls.cert-file=" + certFile}, []string{"--remote-write.tls.cert-file", "--remote-write.tls.key-file"}},
		"key alone":                {[]string{receiver, "--remote-write.tls.key-file=" + keyFile}, []string{"--remote-write.tls.key-file", "--remote-write.tls.cert-file"}},
		"key of another":           {[]string{receiver, "--remote-write.tls.cert-file=" + certFile, "--remote-write.tls.key-file=" + otherFile}, []string{"--remote-write.tls.cert-file", certFile, otherFile, "match"}},
		"user alone":               {[]string{receiver, basic}, []string{"--remote-write.basic-auth.username", "--remote-write.basic-auth.password-file"}},
		"two ways":                 {[]string{receiver, basic, "--remote-write.basic-auth.password-file=" + password, "--remote-write.bearer-token-file=" + password}, []string{"--remote-write.bearer-token-file", "--remote-write.basic-auth.username"}},
		"flags and file":           {[]string{receiver, yaml("e.yml", "{}"), "--remote-write.tls.server-name=x", "--remote-write.proxy-url=http://h:1"}, []string{"--remote-write.http-config-file", "--remote-write.proxy-url and --remote-write.tls.server-name"}},
		"no config file":           {[]string{receiver, "--remote-write.http-config-file=" + missing}, []string{"--remote-write.http-config-file", missing, "no such file"}},
		"no config file of one":    {[]string{"--remote-write.url=url=http://h/w,http-config-file=" + missing}, []string{"--remote-write.url", "http-config-file=", missing, "no such file"}},
		"file in the file":         {[]string{receiver, yaml("f.yml", "oauth2:\n  client_id: a\n  token_url: http://h/\n  client_secret_file: missing\n")}, []string{"--remote-write.http-config-file", "oauth2.client_secret_file", missing}},
		"authority in the file":    {[]string{receiver, yaml("c.yml", "tls_config:\n  ca_file: password\n")}, []string{"--remote-write.http-config-file", "tls_config.ca_file", password}},
		"mistyped field":           {[]string{receiver, yaml("m.yml", "basic_auht:\n  password: "+secret+"\n")}, []string{"--remote-write.http-config-file", "line 1", "basic_auht"}},
		"secret where a list is":   {[]string{receiver, yaml("l.yml", "tls_config: "+secret+"\n")}, []string{"--remote-write.http-config-file", "line 1"}},
		"secret as an anchor":      {[]string{receiver, yaml("a.yml", "bearer_token: *"+secret+"\n")}, []string{"--remote-write.http-config-file"}},
		"secret in a wrong URL":    {[]string{receiver, yaml("u.yml", "proxy_url: http://u:"+secret+"@h:port/\n")}, []string{"--remote-write.http-config-file", "URL"}},
		"unknown protocol":         {[]string{receiver, "--remote-write.protocol=3"}, []string{"--remote-write.protocol", `"3"`, "auto or 1.0 or 2.0"}},
		"unknown compression":      {[]string{"--remote-write.url=url=http://h/w,compression=gzip"}, []string{"compression=gzip", "snappy or zstd"}},
		"zstd with 2.0":            {[]string{"--remote-write.url=url=http://h/w,compression=zstd", "--remote-write.protocol=2.0"}, []string{"--remote-write.compression", "--remote-write.protocol=2.0"}},
		"wrong rate":               {[]string{receiver, "--remote-write.max-bytes-per-second=-1"}, []string{"--remote-write.max-bytes-per-second", `"-1"`, "20kB", "0 for no limit"}},
		"budget without a period":  {[]string{receiver, "--remote-write.budget=500MiB"}, []string{"--remote-write.budget", `"500MiB"`, "500MiB/month"}},
		"budget of one":            {[]string{"--remote-write.url=url=http://h/w,budget=1MB/year"}, []string{"budget=1MB/year", "day or month"}},
		"unknown histograms":       {[]string{receiver, "--scrape.histograms=wide"}, []string{"--scrape.histograms", `"wide"`, "custom"}},
		"unknown of one target":    {[]string{receiver, "--scrape.target=url=http://h/,histograms=wide"}, []string{"--scrape.target", "histograms=wide", "custom"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, os.Args[0], append(test.args, "--wal.dir="+dir)...)
			if code := p.wait(); code != exitUsage {
				t.Errorf("exit code %d", code)
			}
			s.notIn(t, "the message", p.out.String())
			for excerpt := 0; excerpt+7 <= len(secret); excerpt += 7 { // what YAML's decoder shows
				if strings.Contains(p.out.String(), secret[excerpt:excerpt+7]) {
					t.Errorf("the message shows the secret from %d on", excerpt)
				}
			}
			for _, want := range test.want {
				if !strings.Contains(p.out.String(), want) {
					t.Errorf("the message does not mention %s", want)
				}
			}
		})
	}
}
