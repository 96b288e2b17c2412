package remote

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/golang/snappy"

	"github.com/edgetick/edgetick/proto"
)

// errUnsettled makes backoff.Retry try again.
var errUnsettled = errors.New("the receiver has not settled the request")

// maxParts bounds the requests that one batch may be split into. When they are
// used up, a part that is refused is given up as a whole.
const maxParts = 100

// part is a batch, or a part of one that the receiver would not take whole.
type part struct {
	batch
	again bool // it may have been sent, just like this, in an earlier life
}

// send delivers one batch, or what the receiver takes of it, and books the
// outcome. It returns an error only when ctx is done.
func (r *Remote) send(ctx context.Context, b batch, again bool) error {
	left := maxParts
	return r.settle(ctx, part{b, again}, &left)
}

// settle sends a part until the receiver has settled it. Where it refuses a part
// for something in it, or because it is too large, the halves are sent, so that
// what is good arrives.
func (r *Remote) settle(ctx context.Context, p part, left *int) error {
	*left--
	a, err := r.attempt(ctx, p)
	if err != nil {
		return err
	}
	return r.settled(ctx, p, a, left)
}

// settled books an answer, or goes on with the halves of the part.
func (r *Remote) settled(ctx context.Context, p part, a answer, left *int) error {
	switch {
	case a.fate == fateDelivered:
		*left = maxParts // it is not refusing everything
		r.Ledger.acknowledge(p.samples)
		return nil
	case a.fate == fateStored:
		if p.samples > 1 && *left > 0 {
			return r.resume(ctx, p, left)
		}
		r.Ledger.acknowledge(p.samples)
		return nil
	case a.fate == fateTooLarge:
		r.packer.shrink(len(p.message) / 2)
		fallthrough
	case a.fate == fateRefused:
		if p.samples > 1 && *left > 0 {
			return r.halve(ctx, p, left)
		}
	}
	r.Ledger.reject(p.samples)
	r.refused(p, a)
	return nil
}

// halve settles the two halves of a part, the first first, since they may hold
// samples of one series.
func (r *Remote) halve(ctx context.Context, p part, left *int) error {
	first, second, err := halves(p)
	if err != nil {
		return err
	}
	if err := r.settle(ctx, first, left); err != nil {
		return err
	}
	return r.settle(ctx, second, left)
}

// resume settles a part of which an earlier life had sent some: whole, or halves
// of it in order. If the receiver has some of the second half, the first was
// settled then.
func (r *Remote) resume(ctx context.Context, p part, left *int) error {
	if n, err := proto.CountSeries(p.message); err != nil || n < 2 {
		r.Ledger.acknowledge(p.samples)
		return err
	}
	first, second, err := halves(p)
	if err != nil {
		return err
	}
	*left--
	a, err := r.attempt(ctx, second)
	if err != nil {
		return err
	}
	if a.fate == fateStored {
		r.Ledger.acknowledge(first.samples)
		return r.settled(ctx, second, a, left)
	}
	if err := r.settled(ctx, second, a, left); err != nil {
		return err
	}
	return r.settle(ctx, first, left)
}

// halves makes parts of the two halves of a part.
func halves(p part) (first, second part, err error) {
	a, b, err := proto.Halve(p.message)
	if err != nil {
		return first, second, err
	}
	if first, err = p.of(a); err != nil {
		return first, second, err
	}
	second, err = p.of(b)
	return first, second, err
}

// of makes a part of a message that is a piece of p's.
func (p part) of(message []byte) (part, error) {
	samples, err := proto.CountSamples(message)
	return part{batch{message, snappy.Encode(nil, message), samples}, p.again}, err
}

// attempt sends a part again and again, until the receiver takes it or refuses
// it for good. It returns an error only when ctx is done.
func (r *Remote) attempt(ctx context.Context, p part) (answer, error) {
	var a answer
	attempts := 0
	ambiguous := false // the receiver may have stored it already
	r.pace.asked = 0
	err := backoff.Retry(func() error {
		start := time.Now()
		a = r.client.post(ctx, p.body, attempts)
		if ctx.Err() != nil && a.fate == fateRetry {
			return backoff.Permanent(context.Cause(ctx)) // not the receiver's fault
		}
		r.metrics.observe(a.code, len(p.body), time.Since(start))
		attempts++
		switch a.fate {
		case fateRetry:
			ambiguous = ambiguous || a.ambiguous
			r.failing(a)
			r.pace.asked = a.retryAfter
			return errUnsettled
		case fateHeld:
			if err := r.hold(ctx, a); err != nil {
				return backoff.Permanent(err)
			}
			r.pace.Reset()
			return errUnsettled
		case fateRefused:
			switch {
			case a.stored && p.again:
				a.fate = fateStored
			case a.stored && ambiguous:
				a = answer{fate: fateDelivered, code: a.code}
			}
		}
		r.recovered()
		return nil
	}, backoff.WithContext(r.pace, ctx))
	return a, err
}
