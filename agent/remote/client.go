package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxMessageBytes = 2 << 10  // of an answer's body, for the log
	maxDrainBytes   = 64 << 10 // of an answer's body, so that the connection can be kept
)

// client makes single attempts and says what each answer means. It decides
// nothing.
type client struct {
	http      *http.Client
	url       string
	timeout   time.Duration
	userAgent string
	hold      []int // status codes
}

var (
	// errRedirect is returned for a redirect that would lose the body: Go, as
	// browsers do, follows 301, 302 and 303 with a GET.
	errRedirect = errors.New("the redirect would turn the POST into a GET; set the final URL")
	// errNotFollowed is returned for a redirect where none are to be followed.
	errNotFollowed = errors.New("redirects are not to be followed; set the final URL")
	// errElsewhere is returned for a redirect that would show credentials to
	// somebody else.
	errElsewhere = errors.New("the redirect leads to another host, or away from TLS; set the final URL")
)

// maxRedirects bounds how many redirects of one attempt are followed.
const maxRedirects = 10

func newClient(cfg Config, transport http.RoundTripper) *client {
	return &client{
		http:      &http.Client{Transport: transport, CheckRedirect: redirects(cfg)},
		url:       cfg.URL,
		timeout:   cfg.Timeout,
		userAgent: cfg.UserAgent,
		hold:      cfg.HoldStatus,
	}
}

// redirects says which redirects are followed.
func redirects(cfg Config) func(*http.Request, []*http.Request) error {
	if cfg.HTTP != nil && !cfg.HTTP.FollowRedirects {
		return func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return checkRedirect
}

// checkRedirect has the redirects followed that keep the request what it is.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if req.Method != via[0].Method || !sameReceiver(via[0].URL, req.URL) || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

// sameReceiver tells whether what is meant for one URL may be sent to another.
func sameReceiver(from, to *url.URL) bool {
	return from.Hostname() == to.Hostname() && (from.Scheme == to.Scheme && from.Port() == to.Port() || to.Scheme == "https")
}

// post sends a request once. attempt counts from 0.
func (c *client) post(ctx context.Context, r request, attempt int) answer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, http.NoBody)
	if err != nil {
		return answer{fate: fateRetry, code: "error", err: err}
	}
	r.put(req)
	r.wire.header(req.Header)
	req.Header.Set("User-Agent", c.userAgent)
	if attempt > 0 {
		req.Header.Set("Retry-Attempt", strconv.Itoa(attempt))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{fate: fateRetry, code: "error", err: withoutQuery(err), ambiguous: !neverConnected(err)}
	}
	defer resp.Body.Close()
	a := c.interpret(r, resp)
	io.CopyN(io.Discard, resp.Body, maxDrainBytes)
	return a
}

// withoutQuery is an error of net/http's without the query of the URL that it
// tells, which may hold a secret.
func withoutQuery(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	return &url.Error{Op: e.Op, URL: Hidden(e.URL), Err: e.Err}
}

// neverConnected tells whether the request cannot have reached the receiver.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}
