package remote

import (
	"testing"
	"time"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestMeter_SpreadsABudget(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		budget Budget
		from   string // of what has been used
		used   int64
		now    string
		want   time.Duration
	}{
		"nothing used":               {Budget{1000, PerDay}, "2026-03-05 00:00:00", 0, "2026-03-05 00:00:00", 0},
		"on time":                    {Budget{1000, PerDay}, "2026-03-05 00:00:00", 500, "2026-03-05 12:00:00", 0},
		"behind":                     {Budget{1000, PerDay}, "2026-03-05 00:00:00", 500, "2026-03-05 18:00:00", -6 * time.Hour},
		"ahead":                      {Budget{1000, PerDay}, "2026-03-05 00:00:00", 500, "2026-03-05 06:00:00", 6 * time.Hour},
		"spent":                      {Budget{1000, PerDay}, "2026-03-05 00:00:00", 1000, "2026-03-05 06:00:00", 18 * time.Hour},
		"overspent":                  {Budget{1000, PerDay}, "2026-03-05 00:00:00", 5000, "2026-03-05 06:00:00", 18 * time.Hour},
		"of yesterday":               {Budget{1000, PerDay}, "2026-03-04 00:00:00", 5000, "2026-03-05 06:00:00", -6 * time.Hour},
		"of the future":              {Budget{1000, PerDay}, "2026-03-06 00:00:00", 1000, "2026-03-05 06:00:00", -6 * time.Hour},
		"of another period's length": {Budget{1000, PerMonth}, "2026-03-05 00:00:00", 1000, "2026-03-05 06:00:00", -4*day - 6*time.Hour},
		"a month of 28 days":         {Budget{1000, PerMonth}, "2026-02-01 00:00:00", 1000, "2026-02-01 00:00:00", 28 * day},
		"a month of 31 days":         {Budget{1000, PerMonth}, "2026-03-01 00:00:00", 500, "2026-03-01 00:00:00", 31 * day / 2},
		"December":                   {Budget{1000, PerMonth}, "2026-12-01 00:00:00", 1000, "2026-12-31 23:00:00", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMeter(0, c.budget, new(conns))
			m.begin(uint64(at(c.from).Unix()), uint64(c.used))
			if got := m.delay(at(c.now)); got != c.want && (got > 0 || c.want > 0) {
				t.Errorf("delay is %s, want %s", got, c.want)
			}
		})
	}
}

func TestMeter_ChargesWhatIsCarried(t *testing.T) {
	c := new(conns)
	m := newMeter(100, Budget{1000_000, PerDay}, c)
	now := at("2026-03-05 12:00:00")
	c.sent.Add(300)
	c.received.Add(50)
	if sent, received := m.charge(now, 200); sent != 300 || received != 50 {
		t.Errorf("charged %d and %d", sent, received)
	}
	if from, used := m.spent(); used != 350 || from != uint64(at("2026-03-05 00:00:00").Unix()) {
		t.Errorf("%d used since %d", used, from)
	}
	if d := m.delay(now); d != 3*time.Second {
		t.Errorf("300 bytes at 100 a second take %s", d)
	}
	// Without connections of our own it is the body.
	if sent, _ := m.charge(now.Add(time.Minute), 200); sent != 200 {
		t.Errorf("charged %d", sent)
	}
	if d := m.delay(now.Add(time.Minute)); d != 2*time.Second {
		t.Errorf("200 bytes at 100 a second take %s", d)
	}
}

func TestReasonIn(t *testing.T) {
	for message, want := range map[string]Reason{
		"out of order sample":                                               ReasonOutOfOrder,
		"Out of bounds: timestamp is too far in the future":                 ReasonInFuture,
		"duplicate sample for timestamp":                                    ReasonDuplicate,
		"the sample has been rejected (err-mimir-sample-timestamp-too-old)": ReasonTooOld,
		"(err-mimir-sample-out-of-order)":                                   ReasonOutOfOrder,
		"(err-mimir-sample-duplicate-timestamp)":                            ReasonDuplicate,
		"(err-mimir-label-value-too-long) exceeds the limit":                ReasonLimit,
		"per-user series limit of 150000 exceeded":                          ReasonLimit,
		"invalid metric name or labels":                                     ReasonLabels,
		"histogram has a bucket whose observation count is negative":        ReasonHistogram,
		"": ReasonOther,
	} {
		got, stored := reasonIn(message)
		if got != want || stored != (want == ReasonOutOfOrder || want == ReasonDuplicate) {
			t.Errorf("%q: %s, %v; want %s", message, got, stored, want)
		}
	}
}

func TestCutText(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"short", 10, "short"}, {"longer", 4, "long"}, {"éé", 3, "é"}, {"éé", 1, ""}, {"x", -5, ""}} {
		if got := cutText(c.text, c.n); got != c.want {
			t.Errorf("%q cut to %d is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func TestLadder_Rungs(t *testing.T) {
	for _, c := range []struct {
		protocol    Protocol
		compression Compression
		want        []wire
	}{
		{ProtocolAuto, Snappy, []wire{{Protocol2, Snappy}, {Protocol1, Snappy}}},
		{Protocol1, Snappy, []wire{{Protocol1, Snappy}}},
		{Protocol2, Snappy, []wire{{Protocol2, Snappy}}},
		{ProtocolAuto, Zstd, []wire{{Protocol1, Zstd}, {Protocol2, Snappy}, {Protocol1, Snappy}}},
		{Protocol1, Zstd, []wire{{Protocol1, Zstd}, {Protocol1, Snappy}}},
	} {
		l := newLadder(c.protocol, c.compression)
		var got []wire
		for got = append(got, l.wire()); l.down(time.Now()); {
			got = append(got, l.wire())
		}
		if len(got) != len(c.want) {
			t.Fatalf("%s with %s: %v, want %v", c.protocol, c.compression, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s with %s: %v, want %v", c.protocol, c.compression, got, c.want)
			}
		}
	}
}
