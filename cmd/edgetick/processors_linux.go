package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the CPU time that the process has used, if that can be told.
func cpuTime() (used time.Duration, ok bool) {
	var use unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &use) != nil {
		return 0, false
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()), true
}
