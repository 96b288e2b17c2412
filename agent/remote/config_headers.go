package remote

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/common/config"
	"golang.org/x/net/http/httpguts"
)

// CheckHeader refuses a header that cannot be sent, or that is not the user's to
// set. Its errors do not show the value, which may be secret.
func CheckHeader(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("%q is not a header's name, want letters, digits and dashes such as X-Scope-OrgID", name)
	}
	if instead, reserved := reservedHeader(http.CanonicalHeaderKey(name)); reserved {
		return fmt.Errorf("the header %s is not free to be set: %s", name, instead)
	}
	if value == "" {
		return fmt.Errorf("the header %s has no value", name)
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("the value of the header %s holds control characters", name)
	}
	return nil
}

// checkConfigured checks the headers of an HTTP client configuration, which are
// sent besides the others.
func checkConfigured(headers *config.Headers, others map[string]string) error {
	if headers == nil {
		return nil
	}
	for name, h := range headers.Headers {
		if _, twice := others[http.CanonicalHeaderKey(name)]; twice {
			return fmt.Errorf("the header %s is given by --remote-write.header too", name)
		}
		values := append([]string{}, h.Values...)
		for _, s := range h.Secrets {
			values = append(values, string(s))
		}
		if len(h.Files) > 0 {
			values = append(values, "(in a file)")
		}
		if len(values) == 0 {
			return fmt.Errorf("the header %s has no value", name)
		}
		for _, v := range values {
			if err := CheckHeader(name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// reservedHeader tells whether a header is not the user's to set, and what is
// instead.
func reservedHeader(name string) (instead string, reserved bool) {
	if instead, reserved = reservedHeaders[name]; reserved {
		return instead, true
	}
	_, reserved = config.ReservedHeaders[name]
	return "edgetick sets it", reserved || strings.HasPrefix(name, "Content-")
}

const (
	byConnection = "edgetick sets it as the connection needs it"
	byProtocol   = "edgetick sets it as --remote-write.protocol says"
	byProxy      = "use proxy_url or proxy_connect_header in --remote-write.http-config-file"
	bySigning    = "it is part of a signature, which only a signing proxy in --remote-write.url can make"
)

// reservedHeaders are those for which there is a setting, or a reason, besides
// those that are reserved in all Prometheus programs.
var reservedHeaders = map[string]string{
	"Authorization":                          "use --remote-write.basic-auth.username or --remote-write.bearer-token-file",
	"Host":                                   "it is the host of --remote-write.url",
	"User-Agent":                             "it is edgetick and its version",
	"Content-Encoding":                       "use --remote-write.compression",
	"Content-Type":                           byProtocol,
	"X-Prometheus-Remote-Write-Version":      byProtocol,
	"X-Victoriametrics-Remote-Write-Version": "use --remote-write.compression=zstd",
	"Retry-Attempt":                          "edgetick counts attempts in it",
	"Connection":                             byConnection,
	"Keep-Alive":                             byConnection,
	"Te":                                     byConnection,
	"Trailer":                                byConnection,
	"Transfer-Encoding":                      byConnection,
	"Upgrade":                                byConnection,
	"Proxy-Authorization":                    byProxy,
	"Proxy-Authenticate":                     byProxy,
	"X-Amz-Date":                             bySigning,
	"X-Amz-Security-Token":                   bySigning,
	"X-Amz-Content-Sha256":                   bySigning,
}
