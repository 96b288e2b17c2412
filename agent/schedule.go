package agent

import "time"

// Beats are aligned to multiples of the interval on the wall clock, and waited
// for on the monotonic clock. The wall clock is read once a beat; what it does
// between two beats moves no beat.

// maxAhead is how far timestamps may run ahead of the wall clock after it was
// set back. Receivers refuse samples that are further in the future, so beyond
// it there is nothing to protect, and timestamps follow the clock.
const maxAhead = 10 * time.Minute

// schedule decides when beats are due and which timestamps they carry. It reads
// no clock itself.
type schedule struct {
	interval time.Duration
	due      time.Duration // of the next beat, on the monotonic clock
	last     int64         // timestamp of the beat before, milliseconds; 0 if there is none
	number   int64         // of the beat before, 0 at first: beats since the epoch, when the clock is right
}

// beat is one beat of the ticker.
type beat struct {
	time     int64         // the timestamp of its samples, milliseconds since the epoch
	number   int64         // grows by one with each beat, by more where beats were missed
	missed   int64         // beats that should have come between the one before and this
	lateness time.Duration // behind the time it was due
	ahead    time.Duration // of the timestamp before the wall clock, after that was set back
	restart  bool          // the clock went back so far that timestamps do, too
}

// wait makes the next multiple of the interval due and returns how long it is
// until then.
func (s *schedule) wait(wall time.Time, mono time.Duration) time.Duration {
	wait := s.aligned(wall).Add(s.interval).Sub(wall)
	s.due = mono + wait
	return wait
}

// aligned is the multiple of the interval that wall has reached. A beat may come
// a little before the wall clock agrees that it is time, if that is being slewed.
func (s *schedule) aligned(wall time.Time) time.Time {
	slack := min(s.interval/10, 100*time.Millisecond)
	ms := s.interval.Milliseconds()
	reached := wall.Add(slack).UnixMilli()
	return time.UnixMilli(reached - reached%ms)
}

// fire is called when the ticker has fired. It returns the beat, and how long to
// wait for the next one.
func (s *schedule) fire(wall time.Time, mono time.Duration) (beat, time.Duration) {
	b := beat{lateness: max(mono-s.due, 0)}
	aligned := s.aligned(wall).UnixMilli()
	b.time, b.number = aligned, aligned/s.interval.Milliseconds()
	if s.number != 0 {
		b.missed = int64(b.lateness / s.interval)
		b.number = s.number + 1 + b.missed
	}
	if s.last != 0 {
		s.keepForward(&b, aligned)
	}
	s.last, s.number = b.time, b.number
	return b, s.wait(wall, mono)
}

// now is a beat that does not wait for its time.
func (s *schedule) now(wall time.Time) beat {
	b := beat{time: wall.UnixMilli(), number: 1}
	if s.last != 0 {
		s.keepForward(&b, b.time)
	}
	s.last, s.number = b.time, b.number
	return b
}

// keepForward keeps timestamps from going back or standing still when the wall
// clock was set back: they go on at half speed until the clock has caught up.
func (s *schedule) keepForward(b *beat, aligned int64) {
	ahead := time.Duration(s.last-aligned) * time.Millisecond
	switch {
	case ahead < 0:
	case ahead > maxAhead:
		b.restart = true
	default:
		b.time = s.last + max(s.interval.Milliseconds()/2, 1)
		b.ahead = time.Duration(b.time-aligned) * time.Millisecond
	}
}
