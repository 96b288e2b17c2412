package remote

import (
	"net/http"
	"slices"
)

// Treatment is what a remote does about an answer of its receiver.
type Treatment struct {
	Answer string // the status codes
	Does   string // in words

	is   func(status int) bool
	fate fate
}

// Treatments lists how each answer is treated. For a status the first line with
// it counts, but for those of --remote-write.hold-status, which come first.
func Treatments() []Treatment { return treatments }

var treatments = []Treatment{
	{"2xx", "delivered; to a 2.0 request only if the receiver tells, in the Written headers, that it has written all of it. Without those it has not understood, and gets the same samples as 1.0",
		family(2), fateDelivered},
	{"3xx", "307 and 308 are followed with the body, to the same host or to TLS on it; at any other the remote is held",
		family(3), fateHeld},
	{"400, 409, 422", "something in the request is refused. Where the receiver tells how much it has written, the rest counts as rejected; else the request is split until what is refused stands alone, with an effort that is bounded where nothing of it is taken. " +
		"What is refused because the receiver has it, after an attempt whose answer was lost, is delivered. A first 400 to 2.0 is answered with the same samples as 1.0; if that helps, it stays so",
		codes(http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity), fateRefused},
	{"413", "halved, and later requests are smaller from the start; a single sample that is too large is rejected",
		codes(http.StatusRequestEntityTooLarge), fateTooLarge},
	{"406, 415", "the same samples are sent as 1.0, or with snappy instead of zstd; if the receiver takes nothing, the remote is held",
		codes(http.StatusNotAcceptable, http.StatusUnsupportedMediaType), fateUnsupported},
	{"429, 5xx, none", "sent again for ever, ever more slowly, with jitter, and not before Retry-After",
		func(status int) bool { return status == http.StatusTooManyRequests || status/100 == 5 }, fateRetry},
	{"other", "rejected",
		func(int) bool { return true }, fateRejected},
}

func family(hundreds int) func(int) bool {
	return func(status int) bool { return status/100 == hundreds }
}

func codes(list ...int) func(int) bool {
	return func(status int) bool { return slices.Contains(list, status) }
}

// treat finds how an answer is treated.
func (c *client) treat(status int) fate {
	if slices.Contains(c.hold, status) {
		return fateHeld
	}
	for _, t := range treatments {
		if t.is(status) {
			return t.fate
		}
	}
	return fateRejected
}
