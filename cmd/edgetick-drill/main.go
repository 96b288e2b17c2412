// Command edgetick-drill puts agents through what happens on an edge node, and
// counts what it cost: edgetick, and beside it prometheus in agent mode and
// vmagent where they are installed, all in one run on the same machine.
//
//   - outage: the receiver goes away, the agents are killed and started again,
//     the receiver comes back. Which samples are missing, twice, out of order?
//   - disk: how much each agent writes to disk.
//   - drain: how fast edgetick delivers a backlog, and in how much memory.
//   - wire: how many bytes a sample takes on the wire, by protocol and window.
//   - peers: CPU, memory, disk and wire of each agent while all is well.
//   - scale: what a sample costs edgetick, and how late it ticks, with a thousand
//     series and with a million.
//   - churn: whether edgetick stays as it is while series come and go.
//
// The parts, file by file:
//
//   - page.go, captured.go: pages, simulated from their number or captured from
//     real exporters. book.go: all pages of an exporter, and what stands on each.
//   - plate.go: a simulated page that is changed in place. turnover.go: one on
//     which series come and go, and whether they were ended as they should.
//   - exporter.go: hands out a book. mirror.go serves a real node_exporter's
//     page, node.go starts one. server.go: what all of them listen with.
//   - sink.go: a receiver that can be taken away. message.go decodes what comes,
//     recorder.go remembers it, account.go compares it with what the exporters
//     handed out. scan.go and tally.go do the same without remembering, where
//     there is too much to remember.
//   - agents.go: how each agent is configured and started; variants.go: with what
//     settings it is weighed. child.go, procfs.go, cpu_linux.go, selfmetrics.go:
//     its process, what that takes, what it says of itself. pulse.go: a bare
//     ticker in a process of its own; floor.go: one that reads pages and makes
//     nothing of them.
//   - stand.go: an agent with exporters, receiver and directory of its own.
//   - outage.go with verdict.go, disk.go, drain.go, wire.go, peers.go with
//     peerstable.go and calibrate.go, scale.go with scaletable.go, churn.go with
//     churntable.go: the drills. table.go prints.
//
// All addresses are on loopback. Processes end and directories go with the
// drill, however it ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const programName = "edgetick-drill"

// Exit codes.
const (
	exitOK     = 0
	exitError  = 1
	exitUsage  = 2
	exitBroken = 3 // edgetick did not keep a promise
)

// errBroken is returned when a drill has shown that edgetick breaks a promise.
var errBroken = errors.New("edgetick has not kept its promise")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	drill, err := parseFlags(args, stdout, stderr)
	code := exitUsage
	if err == nil {
		if err = drill(ctx); err == nil {
			return exitOK
		}
		code = exitError
		if errors.Is(err, errBroken) {
			code = exitBroken
		}
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "%s: %s\n", programName, strings.TrimRight(line, "\n"))
	}
	return code
}
