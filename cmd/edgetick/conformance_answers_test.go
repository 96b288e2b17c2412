package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"
)

// What a sender does about each answer, for both versions: one program with a
// remote for each rule.
func TestConformance_Answers(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for _, protocol := range []string{"1.0", "2.0"} {
		of := "V" + protocol[:1]
		scenes = append(scenes, retries(of, protocol)...)
		scenes = append(scenes, refusals(of, protocol)...)
	}
	play(t, slices.Concat(scenes, counts(), changes(), []scene{zstdForOne()}))
}

// zstdForOne is VictoriaMetrics: the message of 1.0, compressed by zstd, with a
// version header of its own.
func zstdForOne() scene {
	return scene{
		rule: "VictoriaMetrics_MAY_CompressWithZstd", keys: "compression=zstd", answer: takes, until: accepts(4),
		check: func(t *testing.T, a *act) {
			a.once(t)
			a.refuses(t, 0, "other")
			for _, d := range a.deliveries {
				h := d.header
				if h.Get("Content-Encoding") != "zstd" || h.Get("Content-Type") != "application/x-protobuf" ||
					h.Get("X-VictoriaMetrics-Remote-Write-Version") != "1" || h["X-Prometheus-Remote-Write-Version"] != nil || !bytes.HasPrefix(d.body, []byte("\x28\xb5\x2f\xfd")) {
					t.Errorf("request %d begins with %x and has the headers %v", d.n, d.body[:4], h)
				}
			}
		},
	}
}

// retries are answers after which the same request must be sent again, with
// backoff, until it is accepted.
func retries(of, protocol string) []scene {
	var all []scene
	again := func(name string, slams int32, answers ...script) {
		attempts := len(answers) + 1
		all = append(all, scene{
			rule: of + "_MUST_Retry/" + name, keys: "protocol=" + protocol, slams: slams, answer: inTurn(answers...), until: accepts(8),
			check: func(t *testing.T, a *act) {
				if slams == 0 {
					a.retries(t, attempts)
				} else if got := a.deliveries[0].header.Get("Retry-Attempt"); got != fmt.Sprint(slams) {
					t.Errorf("the first request that was read has Retry-Attempt %q", got)
				}
			},
		})
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusNotImplemented, http.StatusServiceUnavailable, 529, http.StatusTooManyRequests} {
		again(fmt.Sprint(status), 0, says(status, "later"), says(status, "later"))
	}
	again("after_a_reset", 0, breaksOff, breaksOff)
	again("after_a_reset_before_the_body", 2)
	again("after_no_answer", 0, hangs)
	again("whatever_was_written", 0, says(http.StatusInternalServerError, "part of it", "X-Prometheus-Remote-Write-Samples-Written", "1"))
	return append(all, asksToWait(of, protocol, "seconds", func() string { return "1" }),
		asksToWait(of, protocol, "a_date", func() string { return time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat) }),
		asksToWait(of, protocol, "no_longer_than_allowed", func() string { return "86400" }))
}

// asksToWait is a receiver that asks for a wait of a second or more, which is as much
// as it gets.
func asksToWait(of, protocol, form string, after func() string) scene {
	return scene{
		rule: of + "_MAY_ObeyRetryAfter/" + form, keys: "protocol=" + protocol, until: accepts(3),
		answer: inTurn(func(w http.ResponseWriter, d *delivery) {
			says(http.StatusServiceUnavailable, "later", "Retry-After", after())(w, d)
		}),
		check: func(t *testing.T, a *act) {
			a.retries(t, 2)
			if d := a.deliveries[1].at.Sub(a.deliveries[0].at); d < time.Second {
				t.Errorf("it came again after %s", d)
			}
		},
	}
}

// refusals are answers after which the same request must not be sent again.
func refusals(of, protocol string) []scene {
	var all []scene
	// The specifications give up the whole request. Halves of it are other
	// requests: what is good arrives, and one sample is refused.
	for status, reason := range map[int]string{
		http.StatusBadRequest: "out_of_order", http.StatusConflict: "labels", http.StatusUnprocessableEntity: "limit", http.StatusRequestEntityTooLarge: "too_large",
	} {
		text := map[string]string{"out_of_order": "out of order sample", "labels": "invalid label", "limit": "limit exceeded", "too_large": "too large"}[reason]
		all = append(all, scene{
			rule: fmt.Sprintf("%s_MUST_NOT_Retry/%d", of, status), keys: "protocol=" + protocol, until: accepts(8),
			answer: where(poisoned, says(status, text)),
			check: func(t *testing.T, a *act) {
				a.once(t)
				a.refuses(t, 1, reason)
			},
		})
	}
	for _, status := range []int{http.StatusMethodNotAllowed, http.StatusGone, http.StatusTeapot, http.StatusUnavailableForLegalReasons} {
		all = append(all, scene{
			rule: fmt.Sprintf("%s_MUST_NOT_Retry/%d", of, status), keys: "protocol=" + protocol, until: accepts(4),
			answer: inTurn(takes, says(status, "never")),
			check: func(t *testing.T, a *act) {
				a.once(t)
				a.refuses(t, float64(a.deliveries[1].message.count().samples), "other")
			},
		})
	}
	for _, status := range []int{http.StatusOK, http.StatusAccepted, http.StatusNoContent} {
		all = append(all, scene{
			rule: fmt.Sprintf("%s_MUST_NOT_Retry/%d", of, status), keys: "protocol=" + protocol, until: accepts(4),
			answer: func(w http.ResponseWriter, d *delivery) {
				tellWritten(w, d.message.version, d.message.count())
				w.WriteHeader(status)
			},
			check: func(t *testing.T, a *act) {
				a.once(t)
				a.refuses(t, 0, "other")
			},
		})
	}
	return append(all, scene{
		rule: of + "_SHOULD_SendSmallerRequests", keys: "protocol=" + protocol, until: accepts(12),
		answer: where(func(d *delivery) bool { return len(d.body) > 350 }, says(http.StatusRequestEntityTooLarge, "too large")),
		check: func(t *testing.T, a *act) {
			a.once(t)
			a.refuses(t, 0, "too_large")
			early, late := a.deliveries[:len(a.deliveries)/2], a.deliveries[len(a.deliveries)/2:]
			tooLarge := func(d delivery) bool { return d.status == http.StatusRequestEntityTooLarge }
			if !slices.ContainsFunc(early, tooLarge) || slices.ContainsFunc(late, tooLarge) {
				t.Error("the limit was not found, or not remembered")
			}
		},
	})
}

// counts are answers of 2.0 that tell what was written.
func counts() []scene {
	written := func(status, missing int) script {
		return func(w http.ResponseWriter, d *delivery) {
			w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(d.message.count().samples-missing))
			w.WriteHeader(status)
			fmt.Fprintln(w, "out of order sample")
		}
	}
	return []scene{
		// A partial write is answered 400 with counts. The rest is stored, and
		// must not be sent again.
		{"V2_MUST_NOT_RetryPartialWrites", "protocol=2.0", inTurn(takes, written(http.StatusBadRequest, 3)), 0, accepts(4), func(t *testing.T, a *act) {
			a.once(t)
			a.refuses(t, 3, "out_of_order")
		}},
		// A missing header counts as 0, and so does a 0: nothing of the request
		// is stored, and its halves may be.
		{"V2_MAY_SendHalvesOfWhatWasNotWritten", "protocol=2.0", where(poisoned, says(http.StatusBadRequest, "out of order sample", "X-Prometheus-Remote-Write-Samples-Written", "0")), 0, accepts(8), func(t *testing.T, a *act) {
			a.once(t)
			a.refuses(t, 1, "out_of_order")
		}},
		// Success that says that less was written than sent is a loss.
		{"V2_MUST_NOT_BelieveSuccessThatWroteLess", "protocol=2.0", inTurn(takes, written(http.StatusOK, 2)), 0, accepts(4), func(t *testing.T, a *act) {
			a.once(t)
			a.refuses(t, 2, "not_written")
		}},
	}
}

// changes are answers of receivers that know only 1.0. They get it, and nothing
// is lost or counted as refused.
func changes() []scene {
	var all []scene
	for name, answer := range map[string]script{
		"SHOULD_NOT_BelieveSuccessWithoutCounts/204": says(http.StatusNoContent, ""),
		"SHOULD_NOT_BelieveSuccessWithoutCounts/200": says(http.StatusOK, ""),
		"MAY_FallBack/415":                           says(http.StatusUnsupportedMediaType, "what?"),
		"SHOULD_ExpectBadRequest/400":                says(http.StatusBadRequest, "what?"),
	} {
		all = append(all, scene{
			rule: "V2_" + name, keys: "protocol=auto", until: func(all []delivery) bool { return len(all) > 6 },
			answer: where(func(d *delivery) bool { return d.message.version == version2 }, answer),
			check: func(t *testing.T, a *act) {
				a.refuses(t, 0, "other")
				for i, d := range a.deliveries {
					if want := i == 0; (d.message.version == version2) != want {
						t.Errorf("request %d is of version %s", i, d.message.version)
					}
				}
				if first, second := a.deliveries[0].message.count(), a.deliveries[1].message.count(); first != second {
					t.Errorf("%+v were sent again as %+v", first, second)
				}
			},
		})
	}
	return all
}
