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

// tellSlack is what the test binary does then.
func tellSlack() {
	loosenTimers()
	n, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	fmt.Println(time.Duration(n), err, strings.Join(os.Args[1:], " "), os.Getenv(loosened))
}

// Timers may be late by a millisecond, unless somebody has said otherwise before
// the program was started.
func TestLoosenTimers(t *testing.T) {
	for _, c := range []struct {
		inherited time.Duration
		again     bool // it has been started anew already
		want      time.Duration
	}{
		{50 * time.Microsecond, false, timerSlack},
		{50 * time.Microsecond, true, 50 * time.Microsecond},
		{40 * time.Microsecond, false, 40 * time.Microsecond},
		{2 * time.Millisecond, false, 2 * time.Millisecond},
	} {
		cmd := exec.Command(os.Args[0], "--an", "argument")
		cmd.Env = append(os.Environ(), askSlack+"=1")
		if c.again {
			cmd.Env = append(cmd.Env, loosened+"=1")
		}
		withSlack(t, c.inherited, func() {
			got, err := cmd.Output()
			if want := fmt.Sprintln(c.want, nil, "--an argument", ""); err != nil || string(got) != want {
				t.Errorf("%+v: it is %q, %v, want %q", c, got, err, want)
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

// It goes on as it was if it cannot be started anew.
func TestExecuteInstead_Fails(t *testing.T) {
	var before, after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	executeInstead(t.TempDir(), nil)
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &after); err != nil || after != before {
		t.Errorf("the limit of open files is %v, %v, was %v", after, err, before)
	}
}

// Flags that can be read only once are.
func TestBinary_ReadsFlagsOnce(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fmt.Fprintf(w, "--collector.disable-defaults\n--remote-write.url=http://127.0.0.1:1/\n--wal.dir=%s\n--web.listen-address=127.0.0.1:0\n", t.TempDir())
	w.Close()
	var p *process
	withSlack(t, 50*time.Microsecond, func() { p = startWith(t, r, os.Args[0], "@/dev/stdin") })
	p.find(`msg="Listening on" address=(\S+)`)
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
