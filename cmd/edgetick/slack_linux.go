package main

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Go has a thread that looks after the others. It naps for 20 µs at a time for as
// long as any of them is busy, which is some 70 times in a tick of a few
// milliseconds, and a good part of what gathering costs. How exact a nap is to be
// is the kernel's concern: a thread's timers may be late by its slack. Threads
// inherit that, and so does what is executed in the process's place.

// timerSlack is how late timers may be. The beats of the ticker are, too.
const timerSlack = time.Millisecond

// loosened in the environment says that the program has been started anew.
const loosened = "EDGETICK_TIMERS_LOOSENED"

// loosenTimers starts the program anew, once, with timers that may be late, unless
// their slack is not the kernel's default any more: somebody has set it, such as
// TimerSlackNSec in a unit of systemd. Where that is not allowed, timers are exact.
// It comes before anything else is done.
func loosenTimers() {
	const usual = 50 * time.Microsecond
	if os.Getenv(loosened) != "" {
		os.Unsetenv(loosened)
		return
	}
	runtime.LockOSThread() // the slack is the thread's
	defer runtime.UnlockOSThread()
	now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || time.Duration(now) != usual {
		return
	}
	exe, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) != nil {
		return
	}
	executeInstead(exe, append(os.Environ(), loosened+"=1"))
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(usual), 0, 0, 0)
}

// executeInstead executes a program in the place of this one, which goes on if that
// is not possible. Go lowers the limit of open files to what it was at the start
// for that, and leaves it there.
func executeInstead(exe string, env []string) {
	var files unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files)
	_ = unix.Exec(exe, os.Args, env)
	if err == nil {
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &files)
	}
}
