package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has taken so far, as /proc tells.
type usage struct {
	at   time.Time
	cpu  time.Duration // user and system
	rss  int64         // bytes of memory now
	pss  int64         // the same, shared pages by their share
	peak int64         // most there were, since the start or resetPeak
	disk int64         // bytes it caused to be written to disk
}

// readUsage measures a process. now is the time.
func readUsage(pid int, now time.Time) (u usage, err error) {
	u.at = now
	u.cpu, err = cpuTime(pid)
	return u, errors.Join(
		err,
		readProc(pid, "status", func(text string) error { return parseStatus(text, &u) }),
		readProc(pid, "smaps_rollup", func(text string) (err error) { u.pss, err = field(text, "Pss"); u.pss <<= 10; return err }),
		readProc(pid, "io", func(text string) (err error) { u.disk, err = parseIO(text); return err }),
	)
}

// plus adds the usage of another process, measured at the same time.
func (u usage) plus(o usage) usage {
	u.cpu += o.cpu
	u.rss += o.rss
	u.pss += o.pss
	u.peak += o.peak
	u.disk += o.disk
	return u
}

func readProc(pid int, name string, parse func(string) error) error {
	path := fmt.Sprintf("/proc/%d/%s", pid, name)
	text, err := os.ReadFile(path)
	if err == nil {
		err = parse(string(text))
	}
	if err != nil {
		return fmt.Errorf("measure process: %s: %w", path, err)
	}
	return nil
}

// resetPeak makes the peak of memory that of the time from now on.
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

func parseStatus(text string, u *usage) (err error) {
	u.rss, err = field(text, "VmRSS")
	var err2 error
	u.peak, err2 = field(text, "VmHWM")
	u.rss, u.peak = u.rss<<10, u.peak<<10
	return errors.Join(err, err2)
}

// parseIO leaves out what was deleted before it had to be written.
func parseIO(text string) (int64, error) {
	written, err1 := field(text, "write_bytes")
	cancelled, err2 := field(text, "cancelled_write_bytes")
	return written - cancelled, errors.Join(err1, err2)
}

// field finds the number in a line "name: number" or "name: number kB".
func field(text, name string) (int64, error) {
	for line := range strings.Lines(text) {
		if key, rest, ok := strings.Cut(line, ":"); ok && key == name {
			number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			return strconv.ParseInt(number, 10, 64)
		}
	}
	return 0, fmt.Errorf("no %s", name)
}

// dirSize is the size of all files in a directory.
func dirSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return ignoreGone(err)
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
		return ignoreGone(err)
	})
	return size, err
}

// ignoreGone: files come and go while a directory is looked at.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
