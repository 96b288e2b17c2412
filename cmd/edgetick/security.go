package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/config"
)

// security is what the flags say about how to connect to all remotes, and who
// to be there. Secrets are in files, since others can see a command line.
type security struct {
	basic config.BasicAuth
	token config.Authorization
	tls   config.TLSConfig
	proxy config.URL
	file  *config.HTTPClientConfig // that has all this, and more
}

func (s *security) addFlags(app *kingpin.Application) {
	text := func(target *string, key, placeholder, help string) {
		app.Flag(securityFlags[key], help).PlaceHolder(placeholder).StringVar(target)
	}
	text(&s.basic.Username, "basic_auth.username", "NAME", "User name for basic authentication.")
	text(&s.basic.PasswordFile, "basic_auth.password_file", "FILE", "File with the password for it, read again when it changes.")
	text(&s.token.CredentialsFile, "authorization.credentials_file", "FILE", "File with a bearer token, read again when it changes.")
	text(&s.tls.CAFile, "tls_config.ca_file", "FILE", "File of PEM certificates, one of which must have signed the receiver's, in place of the system's; read again when it changes.")
	text(&s.tls.CertFile, "tls_config.cert_file", "FILE", "File with a PEM certificate to show to the receiver, read again when it changes.")
	text(&s.tls.KeyFile, "tls_config.key_file", "FILE", "File with the key of that certificate.")
	text(&s.tls.ServerName, "tls_config.server_name", "NAME", "Name that the receiver's certificate must have. Default: the host of its URL.")
	app.Flag("remote-write.tls.insecure-skip-verify", "Accept any certificate from the receiver. Then anyone on the way can read and change what is sent.").
		BoolVar(&s.tls.InsecureSkipVerify)
	optional(app, aProxy, &s.proxy, "remote-write.proxy-url", "URL",
		"HTTP or SOCKS5 proxy to send through.")
	optional(app, aConfigFile, &s.file, "remote-write.http-config-file", "FILE",
		"File with a Prometheus HTTP client configuration in place of the nine flags above: OAuth2, proxies with a password and the rest. "+
			"It is read once; the files that it names are read again when they change.")
}

// securityFlags are the names of flags by those of the same settings in an HTTP
// client configuration.
var securityFlags = map[string]string{
	"basic_auth.username":             "remote-write.basic-auth.username",
	"basic_auth.password_file":        "remote-write.basic-auth.password-file",
	"authorization.credentials_file":  "remote-write.bearer-token-file",
	"tls_config.ca_file":              "remote-write.tls.ca-file",
	"tls_config.cert_file":            "remote-write.tls.cert-file",
	"tls_config.key_file":             "remote-write.tls.key-file",
	"tls_config.server_name":          "remote-write.tls.server-name",
	"tls_config.insecure_skip_verify": "remote-write.tls.insecure-skip-verify",
	"proxy_url":                       "remote-write.proxy-url",
}

// given lists the flags that are set, but for that of the file.
func (s *security) given() []string {
	var names []string
	for key, set := range map[string]bool{
		"basic_auth.username":             s.basic.Username != "",
		"basic_auth.password_file":        s.basic.PasswordFile != "",
		"authorization.credentials_file":  s.token.CredentialsFile != "",
		"tls_config.ca_file":              s.tls.CAFile != "",
		"tls_config.cert_file":            s.tls.CertFile != "",
		"tls_config.key_file":             s.tls.KeyFile != "",
		"tls_config.server_name":          s.tls.ServerName != "",
		"tls_config.insecure_skip_verify": s.tls.InsecureSkipVerify,
		"proxy_url":                       s.proxy.URL != nil,
	} {
		if set {
			names = append(names, "--"+securityFlags[key])
		}
	}
	slices.Sort(names)
	return names
}

// config is nil if no flag says anything.
func (s *security) config() (*config.HTTPClientConfig, error) {
	given := s.given()
	if s.file != nil {
		if len(given) > 0 {
			return nil, fmt.Errorf("--remote-write.http-config-file: it takes the place of %s, want one or the other", strings.Join(given, " and "))
		}
		return s.file, nil
	}
	if len(given) == 0 {
		return nil, nil
	}
	if err := s.check(given); err != nil {
		return nil, err
	}
	c := config.DefaultHTTPClientConfig
	c.TLSConfig = s.tls
	c.ProxyURL = s.proxy
	if s.basic.Username != "" {
		c.BasicAuth = &s.basic
	}
	if s.token.CredentialsFile != "" {
		s.token.Type = "Bearer"
		c.Authorization = &s.token
	}
	return &c, checkFiles(&c, func(key string) string { return "--" + securityFlags[key] })
}

// check refuses flags that are alone or together where they should not be.
func (s *security) check(given []string) error {
	for _, pair := range [][2]string{
		{"basic_auth.username", "basic_auth.password_file"},
		{"tls_config.cert_file", "tls_config.key_file"},
	} {
		one, other := "--"+securityFlags[pair[0]], "--"+securityFlags[pair[1]]
		if !slices.Contains(given, one) {
			one, other = other, one
		}
		if slices.Contains(given, one) && !slices.Contains(given, other) {
			return fmt.Errorf("%s: it is of no use alone, want %s too", one, other)
		}
	}
	if s.basic.Username != "" && s.token.CredentialsFile != "" {
		return errors.New("--remote-write.bearer-token-file: --remote-write.basic-auth.username is given too, want one way to authenticate")
	}
	return nil
}

var (
	aProxy      = kind[config.URL]{parse: parseProxy, want: "a URL such as http://proxy.example:3128"}
	aConfigFile = kind[*config.HTTPClientConfig]{parse: readHTTPConfig, want: "a file with a Prometheus HTTP client configuration"}
)

func parseProxy(s string) (config.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		return config.URL{}, errors.New("it is not the URL of a proxy")
	case u.User != nil:
		return config.URL{}, errors.New("it holds credentials, which others on the node may see; write it as proxy_url into --remote-write.http-config-file")
	}
	return config.URL{URL: u}, nil
}
