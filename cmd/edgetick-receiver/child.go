package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// urlVariable names the environment variable that tells the child where to
// push to.
const urlVariable = "EDGETICK_RECEIVER_URL"

// child is a running agent. It stays in the receiver's process group, so that a
// terminal's Ctrl-C reaches it as well.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// startChild starts the command. Its goroutine ends with the process.
func startChild(command []string, writeURL string, stdout, stderr io.Writer) (*child, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = append(os.Environ(), urlVariable+"="+writeURL)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	c := &child{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		// What it returns is in cmd.ProcessState as well.
		_ = cmd.Wait()
	}()
	return c, nil
}

// ended is never ready for a nil child.
func (c *child) ended() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.done
}

// exitCode is the process' exit code, or 128 plus the signal that ended it, as
// a shell has it. It may be called after done is closed.
func (c *child) exitCode() int {
	if ws, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return c.cmd.ProcessState.ExitCode()
}

// stop asks a child to end and waits for it, so that it can flush what it has.
// After grace it is killed, and that is the error. A nil child has ended
// already.
func (c *child) stop(grace time.Duration) error {
	if c == nil {
		return nil
	}
	err := c.cmd.Process.Signal(syscall.SIGTERM)
	if err == nil || errors.Is(err, os.ErrProcessDone) {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-c.done:
			return nil
		case <-timer.C:
			err = fmt.Errorf("did not end within %s of SIGTERM", grace)
		}
	}
	killErr := c.cmd.Process.Kill()
	if errors.Is(killErr, os.ErrProcessDone) {
		killErr = nil
	}
	<-c.done
	return errors.Join(err, killErr)
}
