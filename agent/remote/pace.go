package remote

import (
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// pace says how long to wait between the attempts of one request: exponentially
// longer, with jitter, for ever, and never shorter than the receiver asked for
// within maxRetryAfter. It is a backoff.BackOff.
type pace struct {
	*backoff.ExponentialBackOff
	maxRetryAfter time.Duration
	asked         time.Duration // by the last answer; used once
}

func newPace(cfg Config) *pace {
	return &pace{
		ExponentialBackOff: backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(cfg.MinBackoff),
			backoff.WithMaxInterval(cfg.MaxBackoff),
			backoff.WithMaxElapsedTime(0),
		),
		maxRetryAfter: cfg.MaxRetryAfter,
	}
}

// NextBackOff implements backoff.BackOff.
func (p *pace) NextBackOff() time.Duration {
	next := min(p.ExponentialBackOff.NextBackOff(), p.MaxInterval)
	asked := min(p.asked, p.maxRetryAfter)
	p.asked = 0
	if asked <= next {
		return next
	}
	// Up to a tenth more, so that agents told the same do not return together.
	return asked + rand.N(asked/10+1)
}
