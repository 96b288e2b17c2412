package remote

import (
	"context"
	"time"
)

// meter keeps a remote within what its link may carry: so many bytes a second,
// and so many a day or a month. It counts what its connections really carry,
// repeated attempts and TLS included; a rate is for what is sent, a budget for
// both directions.
//
// A budget is spread evenly over its period. Who has used more than the part that
// has passed waits; ticks gather meanwhile, and a wider window takes fewer bytes.
// A budget that is spent is waited out.
type meter struct {
	rate   int // bytes per second; 0 for any
	budget Budget
	conns  *conns

	seenSent, seenReceived int64
	paid                   time.Time // when the rate allows the next attempt
	from                   time.Time // of the budget's period
	used                   int64     // of the budget
}

func newMeter(rate int, budget Budget, c *conns) *meter {
	return &meter{rate: rate, budget: budget, conns: c, from: time.Unix(0, 0)}
}

// begin goes on with a budget of which an earlier life has used some since from,
// in Unix seconds.
func (m *meter) begin(from, used uint64) {
	m.from, m.used = time.Unix(int64(from), 0).UTC(), int64(used)
}

// spent is what begin takes.
func (m *meter) spent() (from, used uint64) { return uint64(m.from.Unix()), uint64(m.used) }

// wait waits until the link may carry more. It returns an error only when ctx is
// done.
func (m *meter) wait(ctx context.Context) error {
	for {
		d := m.delay(time.Now())
		if d <= 0 {
			return nil
		}
		if !sleep(ctx, min(d, time.Minute)) { // the clock may be set
			return context.Cause(ctx)
		}
	}
}

// delay is how long the link may carry nothing.
func (m *meter) delay(now time.Time) time.Duration {
	var d time.Duration
	if m.rate > 0 {
		d = m.paid.Sub(now)
	}
	if m.budget.Bytes > 0 {
		m.roll(now)
		share := float64(m.used) / float64(m.budget.Bytes)
		whole := m.budget.Period.after(m.from).Sub(m.from)
		due := m.from.Add(time.Duration(min(share, 1) * float64(whole)))
		d = max(d, due.Sub(now))
	}
	return d
}

// roll begins a new period of the budget if it is time. Periods are those of the
// calendar in UTC.
func (m *meter) roll(now time.Time) {
	if from := m.budget.Period.begin(now); !from.Equal(m.from) {
		m.from, m.used = from, 0
	}
}

// charge counts an attempt with a body of so many bytes, and returns what it has
// cost in both directions.
func (m *meter) charge(now time.Time, body int) (sent, received int64) {
	s, r := m.conns.sent.Load(), m.conns.received.Load()
	sent, received = s-m.seenSent, r-m.seenReceived
	m.seenSent, m.seenReceived = s, r
	if sent == 0 { // not by our connections
		sent = int64(body)
	}
	if m.rate > 0 {
		if m.paid.Before(now) {
			m.paid = now
		}
		m.paid = m.paid.Add(time.Duration(float64(sent) / float64(m.rate) * float64(time.Second)))
	}
	if m.budget.Bytes > 0 {
		m.roll(now)
		m.used += sent + received
	}
	return sent, received
}

// begin is when the period began that t is in.
func (p BudgetPeriod) begin(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	if p == PerMonth {
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// after is when the period ends that begins at t.
func (p BudgetPeriod) after(t time.Time) time.Time {
	if p == PerMonth {
		return t.AddDate(0, 1, 0)
	}
	return t.AddDate(0, 0, 1)
}
