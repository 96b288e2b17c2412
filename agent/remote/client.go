package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// fate is what an answer means for the request.
type fate int

const (
	fateDelivered fate = iota
	fateRetry          // the receiver may take the same request later
	fateRefused        // something in it is not acceptable; the rest may be
	fateTooLarge       // the receiver takes only smaller ones
	fateRejected       // the receiver will never take it, nor a part of it
	fateStored         // it has some of it from an earlier life
	fateHeld           // the receiver would take it if the configuration were right
)

// answer is the outcome of one attempt.
type answer struct {
	fate       fate
	code       string        // HTTP status, or "error" if there was no answer
	retryAfter time.Duration // as the receiver asked; 0 if it did not
	stored     bool          // it refuses samples because it has the same or newer ones of the series
	ambiguous  bool          // without saying so it may have stored the request
	err        error         // what went wrong, in the receiver's own words if there are any
}

// errRedirect is returned for a redirect that would lose the body: Go, as
// browsers do, follows 301, 302 and 303 with a GET.
var errRedirect = errors.New("the redirect would turn the POST into a GET; set the final URL")

func newClient(cfg Config) *client {
	return &client{
		http: &http.Client{
			Transport: cfg.Transport,
			CheckRedirect: func(req *http.Request, via []*http.Request) error {
				if req.Method != via[0].Method {
					return http.ErrUseLastResponse
				}
				if len(via) >= 10 {
					return errors.New("stopped after 10 redirects")
				}
				return nil
			},
		},
		url:       cfg.URL,
		timeout:   cfg.Timeout,
		userAgent: cfg.UserAgent,
		hold:      cfg.HoldStatus,
	}
}

// post sends body, a remote write 1.0 request, once. attempt counts from 0.
func (c *client) post(ctx context.Context, body []byte, attempt int) answer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{fate: fateRetry, code: "error", err: err}
	}
	h := req.Header
	h.Set("Content-Encoding", "snappy")
	h.Set("Content-Type", "application/x-protobuf")
	h.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	h.Set("User-Agent", c.userAgent)
	if attempt > 0 {
		h.Set("Retry-Attempt", strconv.Itoa(attempt))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{fate: fateRetry, code: "error", err: err, ambiguous: !neverConnected(err)}
	}
	defer resp.Body.Close()
	message, _ := io.ReadAll(io.LimitReader(resp.Body, maxMessageBytes))
	io.CopyN(io.Discard, resp.Body, maxDrainBytes)
	return c.interpret(resp, message)
}

func (c *client) interpret(resp *http.Response, message []byte) answer {
	a := answer{code: strconv.Itoa(resp.StatusCode)}
	switch status := resp.StatusCode; {
	case status/100 == 2:
		return a
	case status/100 == 3:
		a.fate = fateHeld
		a.err = fmt.Errorf("server answered %s to %q: %w", resp.Status, resp.Header.Get("Location"), errRedirect)
		return a
	case slices.Contains(c.hold, status):
		a.fate = fateHeld
	case status == http.StatusTooManyRequests, status/100 == 5:
		a.fate = fateRetry
		a.ambiguous = status != http.StatusTooManyRequests
		a.retryAfter = parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	case status == http.StatusRequestEntityTooLarge:
		a.fate = fateTooLarge
	case status == http.StatusBadRequest, status == http.StatusConflict, status == http.StatusUnprocessableEntity:
		a.fate = fateRefused
		a.stored = saysStored(string(message))
	default:
		a.fate = fateRejected
	}
	a.err = fmt.Errorf("server answered %s: %s", resp.Status, strings.TrimSpace(string(message)))
	return a
}

// neverConnected tells whether the request cannot have reached the receiver.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// storedWords are in the complaints of Prometheus, Thanos, Mimir and Cortex about
// samples that are not newer than what they have of the series.
var storedWords = []string{"out of order", "out-of-order", "duplicate sample", "duplicate-timestamp"}

func saysStored(message string) bool {
	message = strings.ToLower(message)
	for _, words := range storedWords {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// parseRetryAfter reads both forms of the header of RFC 9110, section 10.2.3. It
// returns 0 for a time that has passed and for what it cannot read.
func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		const most = int64(24 * time.Hour / time.Second) // against overflow; the pace clamps far below
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
