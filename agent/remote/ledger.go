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

// dropReasons are the reasons that are always shown, even if nothing was dropped.
var dropReasons = []string{DroppedBufferFull, string(wal.Full), string(wal.Corrupt), journal.ReasonUndecodable}

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
	gathered uint64 // by the agent, since the log began
	window   uint64 // settled of the window ahead of the cursor
}

// Books is the state of a [Ledger] at one moment.
type Books struct {
	Gathered     uint64            // committed by the agent for this remote
	Acknowledged uint64            // accepted by the receiver
	Rejected     uint64            // refused by the receiver for good
	Dropped      map[string]uint64 // given up unsent, by reason
	Pending      uint64            // yet to be settled
	Imbalance    int64             // 0, or there is a defect
}

// begin goes on from stored books, of which gathered samples are the end.
func (l *Ledger) begin(s journal.State, gathered uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Dropped == nil {
		s.Dropped = make(map[string]uint64)
	}
	l.state, l.gathered = s, gathered
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

func (l *Ledger) reject(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Rejected += uint64(n)
	l.window += uint64(n)
}

// drop counts n samples that the cursor is about to pass unsent.
func (l *Ledger) drop(reason string, n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Dropped[reason] += n
	l.window += n
}

// send returns the books to store before a window is sent that ends with the
// tick seq, in requests within the limits. It is called when nothing of the
// window has been settled.
func (l *Ledger) send(seq uint64, by limits) journal.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Sending = seq
	l.state.MaxSamples, l.state.MaxMessage = uint64(by.samples), uint64(by.bytes)
	return l.copy()
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
	s.Dropped = make(map[string]uint64)
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
	outcome := b.Acknowledged + b.Rejected
	for _, n := range s.Dropped {
		outcome += n
	}
	for _, reason := range dropReasons {
		b.Dropped[reason] += 0
	}
	passed := s.Settled - s.From + l.window
	b.Pending = b.Gathered - passed
	b.Imbalance = int64(passed - outcome)
	return b
}
