package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startRole starts the test binary in a role that prints something, and waits
// for that.
func startRole(t *testing.T, role string) *child {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	if err := syscall.Mkfifo(log, 0o600); err != nil {
		t.Fatal(err)
	}
	printed, err := os.OpenFile(log, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	c := playRole(t, role, log)
	if _, err := printed.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return c
}

func playRole(t *testing.T, role, log string) *child {
	t.Helper()
	t.Setenv(roleVariable, role)
	c, err := startChild(os.Args[0], nil, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

func TestChild_EndsAtSIGTERM(t *testing.T) {
	c := startRole(t, "ends")
	if err := c.check(); err != nil {
		t.Error(err)
	}
	u, err := readUsage(c.pid(), time.Now())
	if err != nil || u.cpu == 0 || u.rss == 0 || u.pss == 0 || u.pss > u.rss || u.peak < u.rss {
		t.Errorf("usage %+v, %v", u, err)
	}
	if err := resetPeak(c.pid()); err != nil {
		t.Error(err)
	}
	if err := c.stop(patience); err != nil {
		t.Error(err)
	}
	if _, err := readUsage(c.pid(), time.Now()); err == nil {
		t.Error("a process that has ended can be measured")
	}
}

// TestCPUTime_IsThatOfTheKernel: what the kernel tells of this process a moment
// before is a little less, in the same unit.
func TestCPUTime_IsThatOfTheKernel(t *testing.T) {
	calibrate()
	var before syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		t.Fatal(err)
	}
	cpu, err := cpuTime(os.Getpid())
	least := time.Duration(before.Utime.Nano() + before.Stime.Nano()).Truncate(time.Millisecond)
	if err != nil || cpu < least || cpu > 10*least {
		t.Errorf("%s, %v, want %s and a little more", cpu, err, least)
	}
}

func TestChild_IsKilledInTheEnd(t *testing.T) {
	if err := startRole(t, "deaf").stop(time.Millisecond); err == nil || !strings.Contains(err.Error(), "has not ended within 1ms") {
		t.Errorf("error %v", err)
	}
}

func TestChild_SaysWhyItEnded(t *testing.T) {
	c := playRole(t, "fails", filepath.Join(t.TempDir(), "log"))
	<-c.done
	if err := c.check(); err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "cannot go on") {
		t.Errorf("error %v", err)
	}
	if _, err := startChild("/nonexistent", nil, c.log); err == nil {
		t.Error("a program that is not there starts")
	}
}

func TestParseStatus(t *testing.T) {
	var u usage
	err := parseStatus("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n", &u)
	if err != nil || u.rss != 1<<20 || u.peak != 2<<20 {
		t.Errorf("%+v, %v", u, err)
	}
	if parseStatus("Name:\tx\n", &u) == nil {
		t.Error("no error without VmRSS")
	}
}

func TestParseIO_LeavesOutWhatWasCancelled(t *testing.T) {
	n, err := parseIO("wchar: 9\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n")
	if err != nil || n != 4096 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseIO("wchar: 9\n"); err == nil {
		t.Error("no error without write_bytes")
	}
}

func TestDirSize(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"a": 10, "b/c": 200} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := dirSize(dir); n != 210 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := dirSize(filepath.Join(dir, "none")); n != 0 || err != nil {
		t.Errorf("%d, %v of a directory that is not there yet", n, err)
	}
}
