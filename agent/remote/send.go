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
// outcome. It returns an error only when ctx is done.
func (r *Remote) send(ctx context.Context, b batch) error {
	attempt := 0
	ambiguous := false // an attempt failed that the receiver may have stored
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

// failing logs the first of several failed attempts.
func (r *Remote) failing(a answer) {
	r.metrics.retries.Inc()
	if r.failed == 0 {
		r.failingSince = time.Now()
		r.log.Warn("remote write fails, samples are kept and sent again", "err", a.err)
	}
	r.failed++
}

// recovered logs the end of failed attempts.
func (r *Remote) recovered() {
	r.metrics.lastAnswer.SetToCurrentTime()
	if r.failed > 0 {
		r.log.Info("remote write works again", "failed_attempts", r.failed, "after", time.Since(r.failingSince).Round(time.Millisecond))
		r.failed = 0
	}
}

// refusalLogInterval limits how often refused requests are logged.
const refusalLogInterval = time.Minute

// refused logs a refused request, unless one has been logged a short while ago.
func (r *Remote) refused(b batch, a answer) {
	r.unlogged += b.samples
	if now := time.Now(); now.Sub(r.refusalLogged) >= refusalLogInterval {
		r.log.Error("the receiver refused samples", "samples", r.unlogged, "err", a.err)
		r.refusalLogged, r.unlogged = now, 0
	}
}
