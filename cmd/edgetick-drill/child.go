package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// child is a running program. What it prints goes to a file.
type child struct {
	cmd     *exec.Cmd
	log     string
	done    chan struct{} // closed when the process has ended
	started time.Time
}

// startChild starts a program. Its goroutine ends with the process.
func startChild(path string, args []string, log string) (*child, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c := &child{cmd: exec.Command(path, args...), log: log, done: make(chan struct{}), started: time.Now()}
	c.cmd.Stdout, c.cmd.Stderr = out, out
	c.cmd.SysProcAttr = endWithParent()
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() {
		defer close(c.done)
		// What it returns is in cmd.ProcessState as well.
		_ = c.cmd.Wait()
	}()
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) name() string { return filepath.Base(c.cmd.Path) }

// check returns an error if the process has ended, with the last it printed.
func (c *child) check() error {
	select {
	case <-c.done:
		return fmt.Errorf("%s has ended (%s); it printed last:\n%s", c.name(), c.cmd.ProcessState, tail(c.log))
	default:
		return nil
	}
}

// kill sends SIGKILL and waits for the end.
func (c *child) kill() {
	// It may have ended by itself.
	_ = c.cmd.Process.Kill()
	<-c.done
}

// stop asks a process to end, so that it can deliver what it has, and kills it
// after grace, which is an error.
func (c *child) stop(grace time.Duration) error {
	err := c.cmd.Process.Signal(syscall.SIGTERM)
	if err == nil || errors.Is(err, os.ErrProcessDone) {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-c.done:
			return nil
		case <-timer.C:
			err = fmt.Errorf("%s has not ended within %s of SIGTERM", c.name(), grace)
		}
	}
	c.kill()
	return err
}

// tail is the end of a file.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	lines = lines[max(0, len(lines)-8):]
	return strings.TrimSpace(string(bytes.Join(lines, []byte("\n"))))
}
