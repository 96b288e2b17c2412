package journal

import (
	"sync"
	"time"
)

// reopenEvery is how often opening the log is tried again.
const reopenEvery = 10 * time.Second

// disk is what is known of trouble with the disk. Reading is for anyone, the
// rest for the journal's goroutine.
type disk struct {
	mu    sync.Mutex
	err   error // why the last tick is not durable; nil if it is
	since time.Time
	tried time.Time // opening the log
	ticks int       // that are not durable, since
}

// failed notes that a tick could not be made durable. The first of several is
// logged.
func (d *disk) failed(j *Journal, err error, now time.Time) {
	d.mu.Lock()
	first := d.err == nil
	if first {
		d.since, d.ticks = now, 0
	}
	d.err = err
	d.ticks++
	d.mu.Unlock()
	j.metrics.failures.Inc()
	if first {
		j.log.Error("ticks cannot be written to the write-ahead log; they are kept in memory only", "err", err)
	}
}

// stalled notes that ticks go on without a disk that hangs.
func (d *disk) stalled(j *Journal, now time.Time) {
	d.mu.Lock()
	first := d.err == nil
	if first {
		d.err, d.since, d.ticks = errSlowDisk, now, 0
	}
	d.mu.Unlock()
	if first {
		j.log.Error("the disk hangs; ticks are kept in memory only", "err", errSlowDisk)
	}
}

// worked notes that a tick is durable.
func (d *disk) worked(j *Journal, now time.Time) {
	d.mu.Lock()
	recovered := d.err != nil
	d.err = nil
	d.mu.Unlock()
	if recovered {
		j.log.Info("ticks are written to the write-ahead log again", "ticks_in_memory_only", d.ticks, "after", now.Sub(d.since).Round(time.Second))
	}
}

// retry tells whether it is time to try and open the log again.
func (d *disk) retry(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.tried) < reopenEvery {
		return false
	}
	d.tried = now
	return true
}

// last is the last trouble, or nil if there is none.
func (d *disk) last() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Trouble tells why the last tick is not durable, or nil if it is.
func (j *Journal) Trouble() error { return j.disk.last() }
