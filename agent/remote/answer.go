package remote

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fate is what an answer means for the request.
type fate int

const (
	fateDelivered   fate = iota
	fateRetry            // the receiver may take the same request later
	fateUnsupported      // it would take the same samples, written in another way
	fateRefused          // something in it is not acceptable; the rest may be
	fateTooLarge         // the receiver takes only smaller ones
	fateRejected         // the receiver will never take it, nor a part of it
	fateStored           // it has some of it from an earlier life
	fateDoubtful         // it says that it has some of it, and may have all
	fateHeld             // the receiver would take it if the configuration were right
)

// answer is the outcome of one attempt.
type answer struct {
	fate       fate
	code       string        // HTTP status, or "error" if there was no answer
	retryAfter time.Duration // as the receiver asked; 0 if it did not
	written    written
	reason     Reason // for which samples are refused
	stored     bool   // it refuses samples because it has the same or newer ones of the series
	keeps      bool   // it stores the rest of a request of which it refuses some
	ambiguous  bool   // without saying so it may have stored the request
	unfit      int    // samples of the part that were not in the request
	err        error  // what went wrong, in the receiver's own words if there are any
}

// written is what a receiver of remote write 2.0 says it has written.
type written struct {
	told    bool
	samples int // floats and histograms
}

// interpret says what an answer means. It reads the beginning of the body of one
// that says that something is wrong.
func (c *client) interpret(r request, resp *http.Response) answer {
	a := answer{code: strconv.Itoa(resp.StatusCode), fate: c.treat(resp.StatusCode), reason: ReasonOther}
	if r.wire.protocol == Protocol2 {
		a.written = readWritten(resp.Header)
	}
	if a.fate == fateDelivered {
		c.interpretSuccess(r, resp, &a)
		return a
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxMessageBytes))
	message := string(body)
	a.err = fmt.Errorf("server answered %s: %s", resp.Status, strings.TrimSpace(message))
	switch a.fate {
	case fateHeld:
		if resp.StatusCode/100 == 3 {
			a.err = fmt.Errorf("server answered %s to %q: %w", resp.Status, Hidden(resp.Header.Get("Location")), whyNotFollowed(resp))
		}
	case fateRetry:
		a.ambiguous = resp.StatusCode != http.StatusTooManyRequests
		a.retryAfter = parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	case fateTooLarge:
		a.reason = ReasonTooLarge
	case fateRefused:
		a.reason, a.stored = reasonIn(message)
		a.keeps = resp.StatusCode == http.StatusConflict || saysKept(message)
	}
	return a
}

func (c *client) interpretSuccess(r request, resp *http.Response, a *answer) {
	switch {
	case r.wire.protocol != Protocol2:
	case !a.written.told:
		a.fate, a.reason = fateUnsupported, ReasonNotWritten
		a.err = fmt.Errorf("server answered %s without saying what it has written, so it knows only remote write 1.0", resp.Status)
	case a.written.samples < r.samples:
		a.fate, a.reason = fateRefused, ReasonNotWritten
		a.err = fmt.Errorf("server answered %s and has written %d of %d samples", resp.Status, a.written.samples, r.samples)
	}
}

// readWritten reads the headers of the 2.0 specification's section "Required
// Written Response Headers". One that is missing counts as 0.
func readWritten(h http.Header) written {
	var w written
	for _, what := range []string{"Samples", "Histograms", "Exemplars"} {
		value := h.Get("X-Prometheus-Remote-Write-" + what + "-Written")
		n, err := strconv.Atoi(value)
		if err != nil {
			continue
		}
		w.told = true
		if what != "Exemplars" {
			w.samples += n
		}
	}
	return w
}

// whyNotFollowed says why a redirect has not been followed.
func whyNotFollowed(resp *http.Response) error {
	to, err := resp.Location()
	if err == nil && resp.Request != nil && !sameReceiver(resp.Request.URL, to) {
		return errElsewhere
	}
	if c := resp.StatusCode; c == http.StatusTemporaryRedirect || c == http.StatusPermanentRedirect {
		return errNotFollowed
	}
	return errRedirect
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
