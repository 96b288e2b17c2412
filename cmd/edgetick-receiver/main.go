// Command edgetick-receiver is a Prometheus database to push to: Prometheus's
// own remote-write handler, storage and query engine behind one loopback
// address, with nothing to configure. It shows every few seconds what arrived,
// answers PromQL as Prometheus does, and can run an agent as its child, so that
// one command and one Ctrl-C start and stop both.
//
// It is made for trying edgetick out and for tests, not to keep data: by
// default the database is temporary.
package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"
)

const programName = "edgetick-receiver"

// environment is what the program has from the operating system.
type environment struct {
	stdout, stderr io.Writer
	signals        <-chan os.Signal
}

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(os.Args[1:], environment{os.Stdout, os.Stderr, signals}))
}
