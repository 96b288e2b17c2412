package remote

import (
	"testing"

	"github.com/edgetick/edgetick/agent/journal"
)

func TestLedger_BalancesAndGoesOn(t *testing.T) {
	var l Ledger
	if b := l.Books(); b.Gathered != 0 || b.Imbalance != 0 || b.Pending != 0 {
		t.Errorf("books of nothing: %+v", b)
	}
	l.begin(journal.State{From: 100, Settled: 100}, 100)
	l.Commit(400)
	check := func(what string, want Books) {
		t.Helper()
		got := l.Books()
		if got.Gathered != want.Gathered || got.Acknowledged != want.Acknowledged || got.Rejected.Total() != want.Rejected.Total() ||
			got.Dropped[DroppedBufferFull] != want.Dropped[DroppedBufferFull] || got.Pending != want.Pending || got.Imbalance != want.Imbalance {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	rejected := journal.Counts{"other": 30, "limit": 10}
	check("committed", Books{Gathered: 300, Pending: 300})
	l.send(2, limits{})
	l.acknowledge(60)
	l.reject(ReasonOther, 30)
	l.reject(ReasonLimit, 10)
	check("half a window", Books{Gathered: 300, Acknowledged: 60, Rejected: rejected, Pending: 200})
	s := l.advance(200)
	check("a window", Books{Gathered: 300, Acknowledged: 60, Rejected: rejected, Pending: 200})
	l.drop(DroppedBufferFull, 50)
	check("dropped", Books{Gathered: 300, Acknowledged: 60, Rejected: rejected, Pending: 150, Dropped: map[string]uint64{DroppedBufferFull: 50}})

	var next Ledger
	next.begin(s, 400)
	l = Ledger{}
	l.begin(s, 400)
	check("another life", Books{Gathered: 300, Acknowledged: 60, Rejected: rejected, Pending: 200})

	l.send(3, limits{})
	l.acknowledge(70)
	l.advance(300) // 100 samples passed, 70 accounted for
	check("a defect", Books{Gathered: 300, Acknowledged: 130, Rejected: rejected, Pending: 100, Imbalance: 30})
}

// What is stored in the middle of a window are the books of its beginning, where
// the cursor is.
func TestLedger_SplitKeepsTheBooksOfTheBeginning(t *testing.T) {
	var l Ledger
	l.begin(journal.State{Settled: 100, Acknowledged: 100}, 100)
	l.Commit(200)
	l.send(7, limits{samples: 5, bytes: 6})
	l.acknowledge(30)
	l.reject(ReasonOther, 3)
	s, first := l.split()
	if !first || s.Split != 1 || s.Acknowledged != 100 || s.Rejected.Total() != 0 || s.Settled != 100 || s.Sending != 7 || s.MaxSamples != 5 {
		t.Errorf("stored are %+v", s)
	}
	if _, again := l.split(); again {
		t.Error("they are stored twice")
	}
	if s := l.advance(200); s.Acknowledged != 130 || s.Split != 1 {
		t.Errorf("after the window they are %+v", s)
	}
	if s := l.send(8, limits{}); s.Split != 0 {
		t.Errorf("of the next window they are %+v", s)
	}
}
