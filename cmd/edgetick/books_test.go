package main

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/wal"
)

// books are what a process says of itself at /metrics.
type books map[string]*dto.MetricFamily

// own is the URL of the process's own endpoint.
func (p *process) own() string { return "http://" + p.find(`msg="Listening on" address=(\S+)`) }

// books reads the process's metrics and fails the test unless its ledgers
// balance: gathered = acknowledged + rejected + dropped + pending.
func (p *process) books() books {
	p.Helper()
	_, body := get(p.T, p.own()+"/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	b, err := parser.TextToMetricFamilies(bytes.NewReader([]byte(body)))
	if err != nil {
		p.Fatal(err)
	}
	books(b).balance(p.T)
	return b
}

// booksUntil reads the books again and again, until cond holds of them.
func (p *process) booksUntil(what string, cond func(books) bool) books {
	p.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if b := p.books(); cond(b) {
			return b
		}
	}
	p.Fatalf("waited in vain until %s", what)
	return nil
}

// value is the sum of those metrics of a family that have these labels, given as
// name and value.
func (b books) value(family string, with ...string) float64 {
	sum, found := 0.0, false
	for _, m := range b[family].GetMetric() {
		if matches(m, with) {
			sum, found = sum+m.GetCounter().GetValue()+m.GetGauge().GetValue()+m.GetUntyped().GetValue(), true
		}
	}
	if !found {
		return math.NaN()
	}
	return sum
}

func matches(m *dto.Metric, with []string) bool {
	have := make(map[string]string)
	for _, l := range m.Label {
		have[l.GetName()] = l.GetValue()
	}
	for i := 0; i < len(with); i += 2 {
		if have[with[i]] != with[i+1] {
			return false
		}
	}
	return true
}

// Parts of a remote's ledger.
func (b books) gathered(remote string) float64 {
	return b.value("edgetick_samples_gathered_total", "remote", remote)
}

func (b books) acknowledged(remote string) float64 {
	return b.value("edgetick_samples_acknowledged_total", "remote", remote)
}

func (b books) rejected(remote string, reason ...string) float64 {
	return b.value("edgetick_samples_rejected_total", withReason(remote, reason)...)
}

func (b books) dropped(remote string, reason ...string) float64 {
	return b.value("edgetick_samples_dropped_total", withReason(remote, reason)...)
}

func (b books) pending(remote string) float64 {
	return b.value("edgetick_samples_pending", "remote", remote)
}

func withReason(remote string, reason []string) []string {
	with := []string{"remote", remote}
	if len(reason) > 0 {
		with = append(with, "reason", reason[0])
	}
	return with
}

func (b books) balance(t *testing.T) {
	t.Helper()
	for _, m := range b["edgetick_ledger_imbalance_samples"].GetMetric() {
		remote := m.Label[0].GetValue()
		if n := m.GetGauge().GetValue(); n != 0 {
			t.Errorf("remote %s: the ledger is off by %v samples", remote, n)
		}
		if sum := b.acknowledged(remote) + b.rejected(remote) + b.dropped(remote) + b.pending(remote); sum != b.gathered(remote) {
			t.Errorf("remote %s: %v samples gathered, %v accounted for", remote, b.gathered(remote), sum)
		}
	}
}

// lastBooks are the books of a remote that a process left in its log. They must
// balance, with nothing pending.
func lastBooks(t *testing.T, dir, remote string) journal.State {
	t.Helper()
	in, err := wal.Inspect(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range in.Cursors {
		if c.Name != remote {
			continue
		}
		s, err := journal.DecodeState(c.Blob)
		if err != nil {
			t.Fatal(err)
		}
		if out := s.Acknowledged + s.Rejected.Total() + s.Dropped.Total(); out != s.Settled-s.From {
			t.Errorf("remote %s: %d samples are settled and %d accounted for: %+v", remote, s.Settled-s.From, out, s)
		}
		if rec, err := in.NewReader(c.Position).Next(); !errors.Is(err, wal.ErrEnd) {
			t.Errorf("remote %s has left tick %d: %v", remote, rec.Seq, err)
		}
		return s
	}
	t.Fatalf("the log knows no remote %s", remote)
	return journal.State{}
}
