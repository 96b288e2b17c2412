package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/wal"
)

// stamp writes milliseconds since the epoch for people.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }

// holder returns the id of the process that has the log in dir open, or 0 if
// none has, as far as can be seen from here. noted is the one that says so in
// the lock file. Asking for the lock would tell as well, but could keep an agent
// that starts just now from getting it.
func holder(dir string, noted int) int {
	var st syscall.Stat_t
	if syscall.Stat(filepath.Join(dir, lockFile), &st) != nil {
		return 0
	}
	f, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer f.Close()
	dev := uint64(st.Dev)
	major, minor := dev>>8&0xfff|dev>>32&^0xfff, dev&0xff|dev>>12&^0xff
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// 1: FLOCK ADVISORY WRITE 4242 fe:00:9978060 0 EOF
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[1] != "FLOCK" {
			continue
		}
		device, inode, _ := cutLast(fields[5], ":")
		pid, err := strconv.Atoi(fields[4])
		// Some file systems have another device number here than for stat.
		here := pid == noted || device == fmt.Sprintf("%02x:%02x", major, minor)
		if err == nil && here && inode == strconv.FormatUint(st.Ino, 10) {
			return pid
		}
	}
	return 0
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// walReader reads the ticks of a log in order: over damage, and over segments
// that an agent deletes meanwhile.
type walReader struct {
	in      *wal.Inspection
	from    func(*wal.Inspection) wal.Position // where to begin
	written func(*wal.Inspection) wal.Position // where the last whole tick ends
	records *wal.Reader
	end     wal.Position // of the last tick or loss
	decoder buffer.Decoder
	failed  error // why nothing can be decoded before the next key record
	tries   int
}

// newWALReader returns a reader from the position that from chooses. It is asked
// again when the log has changed.
func newWALReader(in *wal.Inspection, from func(*wal.Inspection) wal.Position) *walReader {
	r := &walReader{from: from, written: writtenEnd}
	r.look(in, from(in))
	return r
}

// look goes on in another view of the log.
func (r *walReader) look(in *wal.Inspection, at wal.Position) {
	r.in, r.records, r.end = in, in.NewReader(at), at
}

// writtenEnd is the end of the last whole tick in the segments.
func writtenEnd(in *wal.Inspection) (end wal.Position) {
	for seg := range in.Segments() {
		end = seg.To
	}
	return end
}

// walLoss is ticks that cannot be had.
type walLoss struct {
	from, to wal.Position
	reason   string
	err      error // of the decoder, if that is the reason
}

func (l *walLoss) samples() uint64 { return l.to.Base - l.from.Base }

// Error implements error.
func (l *walLoss) Error() string {
	s := fmt.Sprintf("%s of %s cannot be had: %s", count(l.samples(), "sample"), l.ticks(), l.reason)
	if l.err != nil {
		s += ": " + l.err.Error()
	}
	return s
}

// ticks says which are gone.
func (l *walLoss) ticks() string {
	if l.to.Seq <= l.from.Seq+1 {
		return fmt.Sprintf("tick %d", l.to.Seq)
	}
	return fmt.Sprintf("ticks %d to %d", l.from.Seq+1, l.to.Seq)
}

// readTries is how often a read that fails is tried again. The log's own
// patience is shorter, but does not cover what has nothing to do with the file.
const readTries = 10

// next returns the next tick, or a *walLoss, or [wal.ErrEnd], or an error of the
// disk that does not go away.
func (r *walReader) next() (*buffer.Tick, error) {
	for {
		rec, err := r.records.Next()
		if errors.Is(err, wal.ErrEnd) {
			err = r.atEnd(err)
		}
		var gap *wal.Gap
		switch {
		case err == nil:
			r.tries = 0
			if t, err := r.decode(rec); t != nil || err != nil {
				return t, err
			}
		case errors.As(err, &gap):
			if err := r.explain(gap); err != nil {
				return nil, err
			}
		case errors.Is(err, wal.ErrEnd):
			return nil, err
		default:
			if r.tries++; r.tries > readTries {
				return nil, err
			}
		}
	}
}

// atEnd returns end, or the gap between the last tick read and the end of what
// was written. After a crash the log does not know its end: ticks there that
// need damaged ones look like none at all.
func (r *walReader) atEnd(end error) error {
	if written := r.written(r.in); written.Base > r.end.Base {
		return &wal.Gap{From: r.end, To: written, Reason: wal.Corrupt}
	}
	return end
}

// decode returns the tick of a record, or nil if it is only there for others.
func (r *walReader) decode(rec wal.Record) (*buffer.Tick, error) {
	t, err := r.decoder.Decode(rec.Payload, rec.Key)
	if err == nil && (t.Seq != rec.Seq || t.Samples() != int(rec.Count)) {
		err = fmt.Errorf("it holds %d samples of tick %d, and says that it holds %d of tick %d", t.Samples(), t.Seq, rec.Count, rec.Seq)
	}
	if err != nil && !errors.Is(err, buffer.ErrNoKey) {
		r.failed = err
	}
	if rec.Primer {
		return nil, nil
	}
	r.end = rec.End()
	if err != nil {
		before := wal.Position{Seq: rec.Seq - 1, Base: rec.Base}
		return nil, &walLoss{from: before, to: r.end, reason: journal.ReasonUndecodable, err: r.failed}
	}
	return t, nil
}

// reasonReleased is given for ticks that were there when the log was looked at
// first.
const reasonReleased = "the agent has deleted them meanwhile"

// explain returns why there is a gap: a *walLoss, or an error of the disk. If it
// is there because the agent has deleted segments since the log was looked at,
// it goes on with what is there now, and returns nil if that leaves no gap.
func (r *walReader) explain(gap *wal.Gap) error {
	in, err := wal.Inspect(r.in.Dir, nil)
	if err != nil {
		return err
	}
	from := r.from(in)
	switch {
	case from.Seq > gap.From.Seq:
		r.look(in, from)
		if from.Base > gap.From.Base {
			return &walLoss{from: gap.From, to: from, reason: reasonReleased}
		}
	case in.Oldest() != r.in.Oldest():
		r.look(in, gap.From)
	default:
		r.end = gap.To
		return &walLoss{from: gap.From, to: gap.To, reason: string(gap.Reason)}
	}
	return nil
}

// count writes a number with its noun.
func count[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
