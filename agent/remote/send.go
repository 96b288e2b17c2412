package remote

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// errUnsettled makes backoff.Retry try again.
var errUnsettled = errors.New("the receiver has not settled the request")

// send sends one batch until the receiver has settled it, and books the
// outcome. again says that the same batch may have been sent in an earlier life.
// It returns an error only when ctx is done.
func (r *Remote) send(ctx context.Context, b batch, again bool) error {
	attempt := 0
	ambiguous := again // the receiver may have stored the batch already
	r.pace.asked = 0
	return backoff.Retry(func() error {
		start := time.Now()
		a := r.client.post(ctx, b.body, attempt)
		if ctx.Err() != nil && a.fate == fateRetry {
			return backoff.Permanent(context.Cause(ctx)) // not the receiver's fault
		}
		r.metrics.observe(a.code, len(b.body), time.Since(start))
		attempt++
		switch {
		case a.fate == fateDelivered, a.stored && ambiguous:
			r.Ledger.acknowledge(b.samples)
			r.recovered()
			return nil
		case a.fate == fateRejected:
			r.Ledger.reject(b.samples)
			r.recovered()
			r.refused(b, a)
			return nil
		default:
			ambiguous = true
			r.failing(a)
			r.pace.asked = a.retryAfter
			return errUnsettled
		}
	}, backoff.WithContext(r.pace, ctx))
}

// outcomes is what is remembered of attempts, so that transitions are logged and
// not each attempt.
type outcomes struct {
	failed    int // attempts in a row
	since     time.Time
	refusal   time.Time // when a refusal was last logged
	unlogged  int       // refused samples since
	cursorErr error     // of storing the cursor the last time
	readErr   error     // of reading the log the last time
}

// failing logs the first of several failed attempts.
func (r *Remote) failing(a answer) {
	r.metrics.retries.Inc()
	if r.outcome.failed == 0 {
		r.outcome.since = time.Now()
		r.log.Warn("remote write fails, samples are kept and sent again", "err", a.err)
	}
	r.outcome.failed++
}

// recovered logs the end of failed attempts.
func (r *Remote) recovered() {
	r.metrics.lastAnswer.SetToCurrentTime()
	if o := &r.outcome; o.failed > 0 {
		r.log.Info("remote write works again", "failed_attempts", o.failed, "after", time.Since(o.since).Round(time.Millisecond))
		o.failed = 0
	}
}

// refusalLogInterval limits how often refused requests are logged.
const refusalLogInterval = time.Minute

// refused logs a refused request, unless one has been logged a short while ago.
func (r *Remote) refused(b batch, a answer) {
	o := &r.outcome
	o.unlogged += b.samples
	if now := time.Now(); now.Sub(o.refusal) >= refusalLogInterval {
		r.log.Error("the receiver refused samples", "samples", o.unlogged, "err", a.err)
		o.refusal, o.unlogged = now, 0
	}
}
