package remote

import (
	"maps"
	"sync"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/wal"
)

// DroppedBufferFull is the reason for which samples are dropped that left the
// memory ring unsent and are not in the write-ahead log either.
const DroppedBufferFull = "buffer_full"

// DroppedCustomBuckets is the reason for which native histograms with custom
// buckets are dropped where the receiver speaks only remote write 1.0, which has
// none.
const DroppedCustomBuckets = "custom_buckets"

// dropReasons are the reasons that are always shown, even if nothing was dropped.
var dropReasons = []string{DroppedBufferFull, DroppedCustomBuckets, string(wal.Full), string(wal.Corrupt), journal.ReasonUndecodable}

// Ledger keeps the books of one remote, in samples:
//
//	gathered = acknowledged + rejected + dropped + pending
//
// What became of samples is counted request by request; how far the remote has
// come is counted tick by tick. The two must agree, and [Books.Imbalance] tells
// whether they do.
type Ledger struct {
	mu       sync.Mutex
	state    journal.State
	start    journal.State // when the window was begun
	gathered uint64        // by the agent, since the log began
	window   uint64        // settled of the window ahead of the cursor
}

// Books is the state of a [Ledger] at one moment.
type Books struct {
	Gathered     uint64         // committed by the agent for this remote
	Acknowledged uint64         // accepted by the receiver
	Rejected     journal.Counts // refused by the receiver for good, by reason
	Dropped      journal.Counts // given up unsent, by reason
	Pending      uint64         // yet to be settled
	Imbalance    int64          // 0, or there is a defect
}

// begin goes on from stored books, of which gathered samples are the end.
func (l *Ledger) begin(s journal.State, gathered uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.gathered = s, gathered
	l.state = l.copy() // with counts, even if there are none
}

// Commit tells that end samples have been gathered since the log began.
func (l *Ledger) Commit(end uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gathered = end
}

func (l *Ledger) acknowledge(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Acknowledged += uint64(n)
	l.window += uint64(n)
}

func (l *Ledger) reject(why Reason, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Rejected[string(why)] += uint64(n)
	l.window += uint64(n)
}

// drop counts n samples that the cursor is about to pass unsent.
func (l *Ledger) drop(reason string, n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Dropped[reason] += n
	l.window += n
}

// spend notes what has been used of the remote's budget since from. It is stored
// with the books.
func (l *Ledger) spend(from, used uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.BudgetFrom, l.state.BudgetUsed = from, used
}

// send returns the books to store before a window is sent that ends with the
// tick seq, in requests within the limits. It is called when nothing of the
// window has been settled.
func (l *Ledger) send(seq uint64, by limits) journal.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Sending, l.state.Split = seq, 0
	l.state.MaxSamples, l.state.MaxMessage = uint64(by.samples), uint64(by.bytes)
	l.start = l.copy()
	return l.start
}

// split returns the books to store before the first request of a window is sent in
// halves; false if they say so already. They are those of the window's beginning,
// where the cursor is.
func (l *Ledger) split() (journal.State, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Split == 1 {
		return journal.State{}, false
	}
	l.state.Split, l.start.Split = 1, 1
	return l.start, true
}

// advance moves the cursor: the first end samples since the log began are
// settled. It returns the books to store.
func (l *Ledger) advance(end uint64) journal.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Settled, l.window = end, 0
	return l.copy()
}

func (l *Ledger) copy() journal.State {
	s := l.state
	s.Rejected, s.Dropped = make(journal.Counts), make(journal.Counts)
	maps.Copy(s.Rejected, l.state.Rejected)
	maps.Copy(s.Dropped, l.state.Dropped)
	return s
}

// Books returns the books of this moment.
func (l *Ledger) Books() Books {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.copy()
	b := Books{
		Gathered:     l.gathered - s.From,
		Acknowledged: s.Acknowledged,
		Rejected:     s.Rejected,
		Dropped:      s.Dropped,
	}
	outcome := b.Acknowledged + b.Rejected.Total() + b.Dropped.Total()
	for _, r := range reasons {
		b.Rejected[string(r.reason)] += 0
	}
	for _, reason := range dropReasons {
		b.Dropped[reason] += 0
	}
	passed := s.Settled - s.From + l.window
	b.Pending = b.Gathered - passed
	b.Imbalance = int64(passed - outcome)
	return b
}
