package remote

import "sync"

// Reasons for which samples are dropped before a receiver has seen them.
const (
	// DroppedBufferFull counts samples that left the memory ring unsent.
	DroppedBufferFull = "buffer_full"
)

// Ledger keeps the books of one remote, in samples:
//
//	gathered = acknowledged + rejected + dropped + pending
//
// What became of samples is counted request by request; how far the remote has
// come is counted tick by tick. The two must agree, and [Books.Imbalance] tells
// whether they do.
type Ledger struct {
	mu    sync.Mutex
	books Books

	settled uint64 // samples of all ticks behind the cursor
	window  uint64 // samples of the window ahead of the cursor settled so far
}

// Books is the state of a [Ledger] at one moment.
type Books struct {
	Gathered     uint64            // committed by the agent
	Acknowledged uint64            // accepted by the receiver
	Rejected     uint64            // refused by the receiver for good
	Dropped      map[string]uint64 // given up unsent, by reason
	Pending      uint64            // yet to be settled
	Imbalance    int64             // 0, or there is a defect
}

// Commit tells that end samples have been gathered since the log began.
func (l *Ledger) Commit(end uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.books.Gathered = end
}

func (l *Ledger) acknowledge(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.books.Acknowledged += uint64(n)
	l.window += uint64(n)
}

func (l *Ledger) reject(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.books.Rejected += uint64(n)
	l.window += uint64(n)
}

// drop counts n samples that the cursor is about to pass unsent.
func (l *Ledger) drop(reason string, n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.books.Dropped == nil {
		l.books.Dropped = make(map[string]uint64)
	}
	l.books.Dropped[reason] += n
	l.window += n
}

// advance moves the cursor: the first end samples since the log began are
// settled.
func (l *Ledger) advance(end uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled, l.window = end, 0
}

// Books returns the books of this moment.
func (l *Ledger) Books() Books {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.books
	b.Dropped = map[string]uint64{DroppedBufferFull: 0}
	outcome := b.Acknowledged + b.Rejected
	for reason, n := range l.books.Dropped {
		b.Dropped[reason] = n
		outcome += n
	}
	passed := l.settled + l.window
	b.Pending = b.Gathered - passed
	b.Imbalance = int64(passed - outcome)
	return b
}
