package remote

import "time"

// notes is what is remembered of attempts, of the log and of the cursor, so that
// transitions are logged and not each event.
type notes struct {
	failed    int // attempts in a row
	since     time.Time
	refusal   time.Time // when a refusal was last logged
	unlogged  int       // refused samples since
	cursorErr error     // of storing the cursor the last time
	readErr   error     // of reading the log the last time

	unsupported error // why the receiver was sent down the ladder
	wire        wire  // that the receiver was last said to take
}

// failing logs the first of several failed attempts.
func (r *Remote) failing(a answer) {
	r.metrics.retries.Inc()
	if r.notes.failed == 0 {
		r.notes.since = time.Now()
		r.log.Warn("remote write fails, samples are kept and sent again", "err", a.err)
	}
	r.notes.failed++
}

// recovered logs the end of failed attempts.
func (r *Remote) recovered() {
	r.metrics.lastAnswer.SetToCurrentTime()
	if n := &r.notes; n.failed > 0 {
		r.log.Info("remote write works again", "failed_attempts", n.failed, "after", time.Since(n.since).Round(time.Millisecond))
		n.failed = 0
	}
}

// refusalLogInterval limits how often refused requests are logged.
const refusalLogInterval = time.Minute

// prove notes that the receiver takes requests written as they are now.
func (r *Remote) prove() {
	r.ladder.proven = true
	w, n := r.ladder.wire(), &r.notes
	if w == n.wire {
		return
	}
	r.metrics.speak(w)
	r.protocol.Store(&w)
	if n.unsupported != nil {
		r.log.Info("the receiver takes requests", "protocol", w.protocol, "compression", w.compression, "not_better_because", n.unsupported)
	} else {
		r.log.Info("the receiver takes requests", "protocol", w.protocol, "compression", w.compression)
	}
	n.wire, n.unsupported = w, nil
}

// refused logs refused samples, unless some have been logged a short while ago.
func (r *Remote) refused(samples int, a answer) {
	n := &r.notes
	n.unlogged += samples
	if now := time.Now(); now.Sub(n.refusal) >= refusalLogInterval {
		r.log.Error("the receiver refused samples", "samples", n.unlogged, "reason", a.reason, "err", a.err)
		n.refusal, n.unlogged = now, 0
	}
}

// noteReading logs the first of several errors of reading the log.
func (r *Remote) noteReading(err error) {
	if err != nil && r.notes.readErr == nil {
		r.log.Error("the write-ahead log cannot be read, it is tried again", "err", err)
	}
	r.notes.readErr = err
}

// keep logs, the first time of several, that the cursor could not be stored.
// Nothing is lost by that: after a crash samples would be sent again.
func (r *Remote) keep(err error) {
	if err != nil && r.notes.cursorErr == nil {
		r.log.Warn("the cursor cannot be stored; after a crash samples would be sent again", "err", err)
	}
	r.notes.cursorErr = err
}
