package remote

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// errUnsettled makes backoff.Retry try again.
var errUnsettled = errors.New("the receiver has not settled the request")

// maxParts bounds the requests that one request may be split into. When they are
// used up, a part that is refused is given up as a whole.
const maxParts = 100

// send delivers one request, or what the receiver takes of it, and books the
// outcome. It returns an error only when ctx is done.
func (r *Remote) send(ctx context.Context, p part) error {
	left := maxParts
	return r.settle(ctx, p, &left)
}

// settle sends a part until the receiver has settled it. Where it refuses a part
// for something in it, or because it is too large, the halves are sent, so that
// what is good arrives.
func (r *Remote) settle(ctx context.Context, p part, left *int) error {
	a, err := r.attempt(ctx, p, left)
	if err != nil {
		return err
	}
	return r.settled(ctx, p, a, left)
}

// settled books an answer, or goes on with the halves of the part.
func (r *Remote) settled(ctx context.Context, p part, a answer, left *int) error {
	divisible := p.divisible() && *left > 0
	switch a.fate {
	case fateDelivered:
		*left = maxParts // it is not refusing everything
		r.delivered(p, a)
		return nil
	case fateStored:
		if divisible {
			return r.resume(ctx, p, left)
		}
		r.delivered(p, a)
		return nil
	case fateDoubtful:
		return r.ask(ctx, p, left)
	case fateTooLarge:
		r.packer.shrink(p.size / 2)
		if divisible {
			return r.halve(ctx, p, left)
		}
	case fateRefused:
		p.describe = false // it may be a text that is refused
		switch {
		case p.doubtful && a.stored && divisible:
			return r.halve(ctx, p, left)
		case p.doubtful && a.stored:
			r.delivered(p, a)
			return nil
		case a.written.samples > 0 && !p.newest:
			*left = maxParts
			r.partly(p, a)
			return nil
		case p.kept && a.stored:
			r.delivered(p, a)
			return nil
		case a.keeps && !p.newest && divisible && p.series > 1:
			return r.sift(ctx, p, a, left)
		case a.keeps && !a.stored && p.series == 1 && p.samples > 1 && *left > 0:
			p.newest, p.kept = false, true // some of its samples may be good
			return r.halve(ctx, p, left)
		case divisible && a.reason != ReasonNotWritten:
			return r.halve(ctx, p, left)
		}
	}
	r.Ledger.reject(a.reason, p.samples)
	r.refused(p.samples, a)
	return nil
}

// delivered books a part that the receiver has, but for what the protocol could
// not tell it.
func (r *Remote) delivered(p part, a answer) {
	r.Ledger.acknowledge(p.samples - a.unfit)
	if a.unfit > 0 {
		r.Ledger.drop(DroppedCustomBuckets, uint64(a.unfit))
	}
}

// partly books a part of which the receiver has told how much it has written. It
// has refused the rest, and the part must not be sent again.
func (r *Remote) partly(p part, a answer) {
	refused := max(p.samples-a.unfit-a.written.samples, 0)
	p.samples -= refused
	r.delivered(p, a)
	if refused > 0 {
		r.Ledger.reject(a.reason, refused)
		r.refused(refused, a)
	}
}

// halve settles the two halves of a part, the first first, since they may hold
// samples of one series.
func (r *Remote) halve(ctx context.Context, p part, left *int) error {
	r.noteSplit()
	first, second := p.halves()
	if err := r.settle(ctx, first, left); err != nil {
		return err
	}
	return r.settle(ctx, second, left)
}

// sift settles a part that was refused by a receiver that is known to store the
// rest of what it refuses: if it says of halves, too, that they are not newer than
// what it has, it has done so here. The newest sample of each series then tells
// which it has: it is an identical duplicate, which receivers accept. They must
// not be sent before that is certain, because they would shut out older ones.
func (r *Remote) sift(ctx context.Context, p part, refusal answer, left *int) error {
	r.noteSplit()
	first, second := p.halves()
	a, err := r.attempt(ctx, first, left)
	if err != nil {
		return err
	}
	if a.fate != fateRefused || !a.stored {
		if err := r.settled(ctx, first, a, left); err != nil {
			return err
		}
		return r.settle(ctx, second, left)
	}
	if refusal.stored { // it may be for the first half alone
		b, err := r.attempt(ctx, second, left)
		if err != nil {
			return err
		}
		if b.fate != fateRefused || !b.stored {
			if err := r.settled(ctx, second, b, left); err != nil {
				return err
			}
			return r.settled(ctx, first, a, left)
		}
	}
	p.newest = true
	return r.settle(ctx, p, left)
}

// noteSplit stores that the window is not sent in whole requests any more.
func (r *Remote) noteSplit() {
	if s, first := r.Ledger.split(); first {
		r.keep(r.cursor.Intend(s))
	}
}

// ask settles a part that the receiver says it has something of, and that it may
// have: an attempt was not answered, or an earlier life made it. If it has, the
// newest sample of each series is an identical duplicate, which is accepted. If it
// has not, it refuses these too, for the sake of the sample that it has refused
// the part for, and stores nothing; then the halves are sent. A receiver that
// takes no duplicates at all refuses everything: that is taken for delivered.
func (r *Remote) ask(ctx context.Context, p part, left *int) error {
	p.maybe = false
	if p.samples > p.series {
		newest := p
		newest.newest = true
		a, err := r.attempt(ctx, newest, left)
		if err != nil {
			return err
		}
		if a.fate == fateDelivered {
			r.delivered(p, a)
			return nil
		}
	}
	p.doubtful = true
	if p.divisible() && *left > 0 {
		return r.halve(ctx, p, left)
	}
	r.delivered(p, answer{})
	return nil
}

// resume settles a part of which an earlier life had sent some: whole, or halves
// of it in order. If the receiver has some of the second half, the first was
// settled then.
func (r *Remote) resume(ctx context.Context, p part, left *int) error {
	if p.series < 2 {
		r.delivered(p, answer{})
		return nil
	}
	first, second := p.halves()
	a, err := r.attempt(ctx, second, left)
	if err != nil {
		return err
	}
	if a.fate == fateStored {
		r.delivered(first, answer{})
		return r.settled(ctx, second, a, left)
	}
	if err := r.settled(ctx, second, a, left); err != nil {
		return err
	}
	return r.settle(ctx, first, left)
}

// attempt writes a part in the way that the receiver takes, or in those that it
// may take, one after the other, and sends it until it is settled. It returns an
// error only when ctx is done. What it takes is taken off left.
func (r *Remote) attempt(ctx context.Context, p part, left *int) (answer, error) {
	var first *doubt
	for {
		req, err := r.writer.write(p, r.ladder.wire())
		if err != nil {
			return answer{}, err
		}
		if req.empty() {
			return answer{fate: fateDelivered, unfit: req.unfit}, nil
		}
		*left--
		a, err := r.deliver(ctx, p, req)
		if err != nil {
			return a, err
		}
		a.unfit = req.unfit
		switch {
		case a.fate == fateUnsupported:
			if r.ladder.down(time.Now()) {
				r.notes.unsupported = a.err
				continue
			}
			if first != nil {
				return first.end(r.ladder), nil
			}
			r.ladder.top()
			if len(r.cfg.HoldStatus) == 0 {
				a.fate = fateRejected
				return a, nil
			}
			if err := r.hold(ctx, a); err != nil {
				return a, err
			}
		case a.fate == fateRefused && !r.ladder.proven && !a.written.told:
			if first == nil {
				first = &doubt{r.ladder.at, a}
			}
			if !r.ladder.down(time.Now()) {
				return first.end(r.ladder), nil
			}
		default:
			if a.fate == fateDelivered || a.written.told {
				r.prove()
			}
			return a, nil
		}
	}
}

// deliver posts a request again and again, until the receiver takes it or refuses
// it for good. It returns an error only when ctx is done.
func (r *Remote) deliver(ctx context.Context, p part, req request) (answer, error) {
	var a answer
	attempts := 0
	ambiguous := false // the receiver may have stored it already
	r.pace.asked = 0
	err := backoff.Retry(func() error {
		a = r.post(ctx, req, attempts)
		if ctx.Err() != nil && a.fate == fateRetry {
			return backoff.Permanent(context.Cause(ctx)) // not the receiver's fault
		}
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
			a = afterDoubt(a, p, ambiguous)
		}
		r.recovered()
		return nil
	}, backoff.WithContext(r.pace, ctx))
	return a, err
}

// afterDoubt says what it means that a receiver refuses samples because it has
// them, if it may have them from this very part: from an attempt whose answer was
// lost, or from an earlier life.
func afterDoubt(a answer, p part, ambiguous bool) answer {
	doubt := ambiguous || p.maybe || p.again
	switch {
	case !a.stored || !doubt || p.doubtful:
	case a.written.told, a.keeps: // it has stored now what it had not
		return answer{fate: fateDelivered, code: a.code, written: a.written}
	case p.again:
		a.fate = fateStored
	default:
		a.fate = fateDoubtful
	}
	return a
}

// post makes one attempt, within what the link may carry.
func (r *Remote) post(ctx context.Context, req request, attempt int) answer {
	if err := r.meter.wait(ctx); err != nil {
		return answer{fate: fateRetry, code: "error", err: err}
	}
	start := time.Now()
	a := r.client.post(ctx, req, attempt)
	if ctx.Err() == nil || a.fate != fateRetry {
		r.metrics.attempt(a.code, len(req.body), time.Since(start))
	}
	left := len(req.body)
	if a.code == "error" && !a.ambiguous {
		left = 0 // it has not left the node
	}
	sent, received := r.meter.charge(time.Now(), left)
	r.metrics.carry(sent, received, r.meter.used)
	r.Ledger.spend(r.meter.spent())
	return a
}
