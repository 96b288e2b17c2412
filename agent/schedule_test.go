package agent

import (
	"testing"
	"time"
)

// clocks is a wall clock and a monotonic clock that tests move by hand.
type clocks struct {
	wall time.Time
	mono time.Duration
}

func (c *clocks) pass(d time.Duration) {
	c.wall = c.wall.Add(d)
	c.mono += d
}

func startSchedule(t *testing.T, interval time.Duration) (*schedule, *clocks, time.Duration) {
	t.Helper()
	c := &clocks{wall: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), mono: time.Hour}
	s := &schedule{interval: interval}
	return s, c, s.wait(c.wall, c.mono)
}

func TestSchedule_AlignsToTheInterval(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 15 * time.Second, time.Minute, 100 * time.Millisecond} {
		t.Run("interval="+interval.String(), func(t *testing.T) {
			s, c, wait := startSchedule(t, interval)
			if wait <= 0 || wait > interval {
				t.Fatalf("first wait %s, want within one interval", wait)
			}
			var last beat
			for i := range 100 {
				late := time.Duration(i%7) * interval / 100
				c.pass(wait + late)
				var b beat
				b, wait = s.fire(c.wall, c.mono)
				if b.time%interval.Milliseconds() != 0 {
					t.Fatalf("beat %d has time %d, not a multiple of the interval", i, b.time)
				}
				if b.lateness != late {
					t.Fatalf("beat %d has lateness %s, want %s", i, b.lateness, late)
				}
				if i > 0 && (b.time != last.time+interval.Milliseconds() || b.number != last.number+1 || b.missed != 0) {
					t.Fatalf("beat %d is %+v after %+v", i, b, last)
				}
				last = b
			}
		})
	}
}

func TestSchedule_LateBeatIsCountedNotDoubled(t *testing.T) {
	const interval = 10 * time.Second
	s, c, wait := startSchedule(t, interval)
	c.pass(wait)
	first, wait := s.fire(c.wall, c.mono)

	c.pass(wait + 37*time.Second) // three whole beats and a part
	late, wait := s.fire(c.wall, c.mono)
	if late.missed != 3 || late.number != first.number+4 || late.time != first.time+40_000 {
		t.Fatalf("late beat is %+v after %+v, want 3 missed", late, first)
	}
	if wait != 3*time.Second {
		t.Fatalf("wait after a late beat is %s, want 3s until the next multiple", wait)
	}
	c.pass(wait)
	next, _ := s.fire(c.wall, c.mono)
	if next.missed != 0 || next.time != late.time+10_000 || next.lateness != 0 {
		t.Fatalf("beat after a late one is %+v", next)
	}
}

func TestSchedule_SlewedClockKeepsOneBeatAnInterval(t *testing.T) {
	const interval = 15 * time.Second
	s, c, wait := startSchedule(t, interval)
	c.pass(wait)
	last, wait := s.fire(c.wall, c.mono)
	for i := range 1000 {
		c.pass(wait)
		c.wall = c.wall.Add(time.Duration(i%3-1) * 7 * time.Millisecond) // 500 ppm either way
		b, w := s.fire(c.wall, c.mono)
		if b.time != last.time+interval.Milliseconds() || b.missed != 0 || b.ahead != 0 {
			t.Fatalf("beat %d is %+v after %+v", i, b, last)
		}
		last, wait = b, w
	}
}

func TestSchedule_ClockSetForward(t *testing.T) {
	s, c, wait := startSchedule(t, 10*time.Second)
	c.pass(wait)
	first, wait := s.fire(c.wall, c.mono)
	c.wall = c.wall.Add(time.Hour)
	c.pass(wait)
	b, wait := s.fire(c.wall, c.mono)
	if b.lateness != 0 || b.missed != 0 || b.number != first.number+1 {
		t.Fatalf("a step of the wall clock made the beat late: %+v", b)
	}
	if b.time != first.time+10_000+3600_000 {
		t.Fatalf("timestamp %d does not follow the clock", b.time)
	}
	if wait <= 0 || wait > 10*time.Second {
		t.Fatalf("wait is %s", wait)
	}
}

func TestSchedule_ClockSetBackNeverMovesTimestampsBack(t *testing.T) {
	for _, step := range []time.Duration{time.Millisecond, 9 * time.Second, 10 * time.Second, time.Minute, 9 * time.Minute} {
		t.Run("step="+step.String(), func(t *testing.T) {
			s, c, wait := startSchedule(t, 10*time.Second)
			c.pass(wait)
			last, wait := s.fire(c.wall, c.mono)
			c.wall = c.wall.Add(-step)
			caughtUp := false
			for range 200 {
				c.pass(wait)
				var b beat
				b, wait = s.fire(c.wall, c.mono)
				if b.time <= last.time || b.restart {
					t.Fatalf("timestamp went from %d to %d", last.time, b.time)
				}
				if wait <= 0 || wait > 11*time.Second {
					t.Fatalf("wait is %s", wait)
				}
				caughtUp = b.ahead == 0
				last = b
			}
			if !caughtUp {
				t.Fatalf("timestamps are still ahead of the clock: %+v", last)
			}
		})
	}
}

func TestSchedule_ClockSetFarBackIsFollowed(t *testing.T) {
	s, c, wait := startSchedule(t, 10*time.Second)
	c.pass(wait)
	first, wait := s.fire(c.wall, c.mono)
	c.wall = c.wall.Add(-5 * 365 * 24 * time.Hour)
	c.pass(wait)
	b, _ := s.fire(c.wall, c.mono)
	if !b.restart || b.time >= first.time {
		t.Fatalf("beat is %+v, want timestamps that follow a clock that was years ahead", b)
	}
}
