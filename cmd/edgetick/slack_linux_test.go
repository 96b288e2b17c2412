package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// askSlack in the environment makes the test binary print the slack of its timers
// after loosenTimers.
const askSlack = "EDGETICK_TEST_SLACK"

func init() {
	if os.Getenv(askSlack) == "" {
		return
	}
	loosenTimers()
	n, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	fmt.Println(time.Duration(n), err, strings.Join(os.Args[1:], " "))
	os.Exit(0)
}

// Timers may be late by a millisecond, unless somebody has said otherwise before
// the program was started.
func TestLoosenTimers(t *testing.T) {
	for inherited, want := range map[time.Duration]time.Duration{
		50 * time.Microsecond: timerSlack,
		40 * time.Microsecond: 40 * time.Microsecond,
		2 * time.Millisecond:  2 * time.Millisecond,
	} {
		cmd := exec.Command(os.Args[0], "--an", "argument")
		cmd.Env = append(os.Environ(), askSlack+"=1")
		withSlack(t, inherited, func() {
			got, err := cmd.Output()
			if want := fmt.Sprintln(want, nil, "--an argument"); err != nil || string(got) != want {
				t.Errorf("with %v it is %q, %v, want %q", inherited, got, err, want)
			}
		})
	}
}

// withSlack runs f on a thread with that slack, which processes that are started
// inherit.
func withSlack(t *testing.T, slack time.Duration, f func()) {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	f()
}

func TestBinary_LoosensTimers(t *testing.T) {
	var p *process
	withSlack(t, 50*time.Microsecond, func() { p = edgetick(t, "--collector.disable-defaults", "--remote-write.url=http://127.0.0.1:1/") })
	p.find(`msg="Listening on" address=(\S+)`)
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", p.cmd.Process.Pid))
	if err != nil {
		t.Skip("only root may ask: ", err)
	}
	if got, want := strings.TrimSpace(string(raw)), fmt.Sprint(timerSlack.Nanoseconds()); got != want {
		t.Errorf("the timers' slack is %s ns, want %s", got, want)
	}
}
