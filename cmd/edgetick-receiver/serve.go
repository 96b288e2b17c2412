package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

const (
	// childGrace is for an agent's last flush.
	childGrace = 15 * time.Second
	// serverGrace is for requests still being answered at the end.
	serverGrace   = 5 * time.Second
	headerTimeout = 10 * time.Second
)

// run is the program. It returns the exit code.
func run(args []string, env environment) int {
	o, err := parseOptions(args, env)
	if errors.Is(err, errDone) {
		return 0
	}
	if err != nil {
		complain(env, err)
		return 2
	}
	p := &program{options: o, env: env, grace: childGrace}
	code, err := p.run()
	if err != nil {
		complain(env, err)
		return 1
	}
	return code
}

func complain(env environment, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(env.stderr, "%s: %s\n", programName, strings.TrimSpace(line))
	}
}

// program is one run. It listens first, because a port in use is the likeliest
// failure, and closes in the opposite order of opening.
type program struct {
	*options
	env   environment
	grace time.Duration

	recv   *receiver.Receiver
	report *reporter
}

func (p *program) run() (code int, err error) {
	l, err := net.Listen("tcp", p.listen)
	if err != nil {
		return 1, fmt.Errorf("--web.listen-address: cannot listen on %q: %w; is another receiver running? Choose another port, or 127.0.0.1:0 for any free one", p.listen, err)
	}
	defer l.Close()
	if err := p.open(); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, p.recv.Close()) }()

	links := newLinks(l.Addr())
	server := &http.Server{Handler: links.handler(p.recv.Handler()), ReadHeaderTimeout: headerTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	links.print(p.env.stdout)

	code, err = p.runChild(links.write(), served)
	p.report.summary(context.Background(), time.Now())
	return code, errors.Join(err, shutdown(server))
}

func (p *program) open() error {
	cfg := receiver.Config{Dir: p.storageDir, Logger: p.logger}
	if p.captureDir != "" {
		c, err := newCaptureDir(p.captureDir, p.logger)
		if err != nil {
			return err
		}
		cfg.Capture = c.save
	}
	recv, err := receiver.Open(cfg)
	if err != nil {
		return err
	}
	p.recv = recv
	p.report = &reporter{out: p.env.stdout, recv: recv, queries: p.queries, logger: p.logger}
	return nil
}

// runChild starts the agent, if there is one, and returns when it has ended.
func (p *program) runChild(writeURL string, served <-chan error) (int, error) {
	var c *child
	if p.command != nil {
		var err error
		if c, err = startChild(p.command, writeURL, p.env.stdout, p.env.stderr); err != nil {
			return 1, err
		}
	}
	return p.wait(c, served)
}

// wait reports until the agent ends, a signal comes, or the server fails.
func (p *program) wait(c *child, served <-chan error) (int, error) {
	var tick <-chan time.Time
	if p.interval > 0 {
		t := time.NewTicker(p.interval)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-tick:
			// Not the tick's own time: after a blocked write that is long ago.
			p.report.line(context.Background(), time.Now())
		case <-c.ended():
			return c.exitCode(), nil
		case <-p.env.signals:
			p.stopChild(c)
			return 0, nil
		case err := <-served:
			p.stopChild(c)
			return 1, fmt.Errorf("serve: %w", err)
		}
	}
}

// stopChild does not change the receiver's own exit code: it was asked to stop,
// and stops. What the agent had to say about it is in its own output.
func (p *program) stopChild(c *child) {
	if c == nil {
		return
	}
	if err := c.stop(p.grace); err != nil {
		p.logger.Warn("killed the agent", "err", err)
		return
	}
	if code := c.exitCode(); code != 0 {
		p.logger.Warn("the agent failed at its end", "exit_code", code)
	}
}

// shutdown ends the server's goroutines, if need be by closing connections.
func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop serving: %w", err), server.Close())
	}
	return nil
}
