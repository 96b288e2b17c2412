package remote

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Bounds of the wait between two probes of a remote that is held.
const (
	minHold = 5 * time.Second
	maxHold = 5 * time.Minute
)

// hold pauses the remote after an answer that speaks of its configuration and
// not of the samples: wrong credentials, a wrong URL, a receiver that knows none of
// the protocols. Nothing is given up. At a slow and jittered pace an empty request
// asks whether it has been cured. It returns an error only when ctx is done.
func (r *Remote) hold(ctx context.Context, a answer) error {
	r.log.Error("the remote is held: nothing is sent and nothing given up until its receiver answers otherwise", "err", a.err)
	r.metrics.held.Set(1)
	reason := a.err.Error()
	r.held.Store(&reason)
	since := time.Now()
	pace := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(minHold),
		backoff.WithMaxInterval(maxHold),
		backoff.WithMaxElapsedTime(0),
	)
	unsupported := a.fate == fateUnsupported
	for {
		if !sleep(ctx, pace.NextBackOff()) {
			return context.Cause(ctx)
		}
		a, err := r.probe(ctx, unsupported)
		if err != nil {
			return err
		}
		if a.fate != fateHeld && a.code != "error" && !(unsupported && a.fate == fateUnsupported) {
			break // no answer is none otherwise
		}
	}
	r.held.Store(nil)
	r.metrics.held.Set(0)
	r.log.Info("the remote goes on", "held_for", time.Since(since).Round(time.Second))
	return nil
}

// probe sends an empty request: in each way that the receiver may take, if it has
// taken none so far.
func (r *Remote) probe(ctx context.Context, all bool) (answer, error) {
	for {
		// The body of the request that waits is the remote's writer's.
		req, err := new(writer).write(part{}, r.ladder.wire())
		if err != nil {
			return answer{}, err
		}
		a := r.post(ctx, req, 0)
		if a.fate != fateUnsupported || !all {
			return a, nil
		}
		if !r.ladder.down(time.Now()) {
			r.ladder.top()
			return a, nil
		}
	}
}

// Held tells why the remote is held, or is empty if it is not.
func (r *Remote) Held() string {
	if reason := r.held.Load(); reason != nil {
		return *reason
	}
	return ""
}
