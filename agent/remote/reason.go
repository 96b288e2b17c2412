package remote

import "strings"

// Reason says why a receiver refused samples.
type Reason string

// The reasons that can be told from what receivers answer.
const (
	ReasonOutOfOrder Reason = "out_of_order" // older than what the receiver has of the series
	ReasonDuplicate  Reason = "duplicate"    // another value at the same time
	ReasonTooOld     Reason = "too_old"
	ReasonInFuture   Reason = "in_future"
	ReasonLabels     Reason = "labels" // names or labels are not to the receiver's liking
	ReasonLimit      Reason = "limit"  // of the receiver for this tenant
	ReasonHistogram  Reason = "histogram"
	ReasonTooLarge   Reason = "too_large"   // a single sample is
	ReasonNotWritten Reason = "not_written" // accepted, and then said not to be written
	ReasonOther      Reason = "other"
)

// reasons are all reasons, those with narrower words before those with wider.
var reasons = []struct {
	reason Reason
	words  []string // in the messages of Prometheus, Thanos, Mimir, Cortex, VictoriaMetrics
	stored bool     // the receiver has the same or newer samples of the series
}{
	{ReasonInFuture, []string{"too far in the future", "too-far-in-future", "too-far-in-the-future"}, false},
	{ReasonOutOfOrder, []string{"out of order", "out-of-order"}, true},
	{ReasonDuplicate, []string{"duplicate sample", "duplicate-timestamp", "duplicate-sample"}, true},
	{ReasonTooOld, []string{"too old", "too-old", "out of bounds"}, false},
	{ReasonHistogram, []string{"histogram"}, false},
	{ReasonLimit, []string{"limit", "max-series", "max-label", "maximum", "exceed"}, false},
	{ReasonLabels, []string{"label", "metric name", "utf-8", "utf8"}, false},
	{ReasonTooLarge, nil, false},
	{ReasonNotWritten, nil, false},
	{ReasonOther, nil, false},
}

// reasonIn finds the reason in a receiver's message, which no specification
// gives a form. stored tells whether the receiver may have what it refuses.
func reasonIn(message string) (reason Reason, stored bool) {
	message = strings.ToLower(message)
	for _, r := range reasons {
		for _, words := range r.words {
			if strings.Contains(message, words) {
				return r.reason, r.stored
			}
		}
	}
	return ReasonOther, false
}

// saysKept tells whether a message is that of a receiver that stores the rest of
// a request: Mimir and Cortex, which put an identifier into their messages. Thanos
// does so, too, and answers 409.
func saysKept(message string) bool { return strings.Contains(message, "err-mimir-") }
