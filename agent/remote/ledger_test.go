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
