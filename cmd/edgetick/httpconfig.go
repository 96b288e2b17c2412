package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"

	"github.com/prometheus/common/config"
)

// readHTTPConfig reads a file, and the files that it names to see whether they
// can be used.
func readHTTPConfig(path string) (*config.HTTPClientConfig, error) {
	c, _, err := config.LoadHTTPConfigFile(path)
	if err != nil {
		return nil, withoutExcerpts(err)
	}
	return c, checkFiles(c, func(key string) string { return key })
}

// excerpts are what the YAML decoder quotes from a file when it complains.
var excerpts = regexp.MustCompile("(?s)`.*?` into |unknown anchor '.*?' ")

// withoutExcerpts is the error of a file that holds secrets, without those.
func withoutExcerpts(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return errors.New("a URL in it cannot be parsed")
	}
	return errors.New(excerpts.ReplaceAllString(err.Error(), "*** "))
}

// checkFiles refuses a configuration that names files that cannot be read, or
// certificates that cannot be parsed. name says what a setting is called.
func checkFiles(c *config.HTTPClientConfig, name func(key string) string) error {
	for key, path := range secretFiles(c) {
		if path == "" {
			continue
		}
		if _, err := os.ReadFile(path); err != nil {
			return fmt.Errorf("%s: %w", name(key), err)
		}
	}
	if err := checkTLS(c.TLSConfig, "tls_config", name); err != nil || c.OAuth2 == nil {
		return err
	}
	return checkTLS(c.OAuth2.TLSConfig, "oauth2.tls_config", name)
}

func secretFiles(c *config.HTTPClientConfig) map[string]string {
	files := make(map[string]string)
	if c.BasicAuth != nil {
		files["basic_auth.username_file"] = c.BasicAuth.UsernameFile
		files["basic_auth.password_file"] = c.BasicAuth.PasswordFile
	}
	if c.Authorization != nil {
		files["authorization.credentials_file"] = c.Authorization.CredentialsFile
	}
	if c.OAuth2 != nil {
		files["oauth2.client_secret_file"] = c.OAuth2.ClientSecretFile
		files["oauth2.client_certificate_key_file"] = c.OAuth2.ClientCertificateKeyFile
	}
	if c.HTTPHeaders != nil {
		for header, h := range c.HTTPHeaders.Headers {
			for i, file := range h.Files {
				files[fmt.Sprintf("http_headers.%s.files[%d]", header, i)] = file
			}
		}
	}
	return files
}

// checkTLS looks at the authorities and at the pair one after the other, to say
// which it is.
func checkTLS(c config.TLSConfig, section string, name func(key string) string) error {
	authorities, pair := c, c
	authorities.Cert, authorities.CertFile, authorities.Key, authorities.KeyFile = "", "", "", ""
	if _, err := config.NewTLSConfig(&authorities); err != nil {
		return fmt.Errorf("%s: %w; want PEM certificates", name(section+".ca_file"), err)
	}
	pair.CA, pair.CAFile = "", ""
	if _, err := config.NewTLSConfig(&pair); err != nil {
		return fmt.Errorf("%s, %s: %w; want a PEM certificate and its key", name(section+".cert_file"), name(section+".key_file"), err)
	}
	return nil
}
