package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A receiver that answers anything, and a program that is killed in between:
// what was acceptable arrives, in order, and the books are right to the sample.
func TestChaos_Short(t *testing.T) {
	t.Parallel()
	for _, s := range []style{rollsBack, conflicts, identifies} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			newChaos(t, s, 1).run(4)
		})
	}
}

// The same, for as long as one likes.
func TestChaos_Campaign(t *testing.T) {
	kills, seed := sizeAsked(t, "EDGETICK_TEST_CHAOS", "make chaos KILLS")
	for _, s := range []style{rollsBack, conflicts, identifies} {
		t.Run(string(s), func(t *testing.T) {
			c := newChaos(t, s, seed)
			c.run(kills / 3)
			c.everyMood()
		})
	}
}

// chaos is a sequence of lives of one program in front of a [moody] receiver.
type chaos struct {
	*testing.T
	random   *rand.Rand
	dir      string
	source   *numbered
	receiver *moody
	log      *logbook
	due      []committed // found in the log, and not known to be decided
	life     int
	current  *exec.Cmd
	out      *output
	deaths   map[string]int
	left     uint64 // samples for the last life to deliver, beside its own
}

func newChaos(t *testing.T, s style, seed uint64) *chaos {
	t.Helper()
	c := &chaos{
		T:        t,
		random:   rand.New(rand.NewPCG(seed, 1)),
		dir:      filepath.Join(t.TempDir(), "wal"),
		source:   startNumbered(t, 40),
		receiver: startMoody(t, s, rand.New(rand.NewPCG(seed, 2))),
		deaths:   make(map[string]int),
	}
	c.log = newLogbook(t, c.dir)
	c.log.refuses = true
	t.Cleanup(func() {
		c.kill("the end")
		if t.Failed() {
			t.Logf("life %d: %s", c.life, c.out)
		}
	})
	return c
}

// run is the whole story.
func (c *chaos) run(kills int) {
	for range kills {
		c.live()
		c.inspect()
		if c.Failed() {
			return
		}
	}
	c.deliver()
	c.inspect()
	c.check()
}

// args are the flags of the next life.
func (c *chaos) args() []string {
	pick := func(all ...string) string { return all[c.random.IntN(len(all))] }
	return append([]string{
		"--web.listen-address=127.0.0.1:0", "--wal.dir=" + c.dir, "--wal.segment-bytes=64KiB",
		"--remote-write.url=" + c.receiver.URL, "--remote-write.protocol=" + pick("auto", "auto", "1.0"), // 2.0 alone would often be held
		"--remote-write.min-backoff=5ms", "--remote-write.max-backoff=40ms", "--remote-write.timeout=150ms",
		"--remote-write.max-retry-after=100ms", "--remote-write.flush-deadline=1m",
		"--remote-write.max-samples-per-send=" + pick("40", "200", "500"),
		"--remote-write.pack-ticks=" + pick("1", "4", "10"),
		"--tick.interval=" + pick("40ms", "100ms"),
		c.source.target("numbered", c.life),
	}, quiet...)
}

// born starts a life.
func (c *chaos) born() {
	c.Helper()
	c.life++
	c.out = &output{changed: make(chan struct{})}
	c.current = exec.Command(os.Args[0], c.args()...)
	c.current.Env = append(os.Environ(), reexec+"=1")
	c.current.Stdout, c.current.Stderr = c.out, c.out
	if err := c.current.Start(); err != nil {
		c.Fatal(err)
	}
}

// kill ends the life, if there is one. When it returns, no request of it is
// being answered any more.
func (c *chaos) kill(how string) {
	if c.current == nil {
		return
	}
	c.current.Process.Kill()
	c.current.Wait()
	c.current = nil
	c.deaths[how]++
	time.Sleep(10 * time.Millisecond) // for what the kernel still holds
	c.receiver.bury()
}

// live is one life, killed at a random time or between the thought and the
// answer of a random request.
func (c *chaos) live() {
	c.Helper()
	c.born()
	struck := make(chan struct{})
	if c.random.IntN(2) == 0 {
		c.receiver.strikeAfter(c.random.IntN(60), func() { close(struck) })
	}
	select {
	case <-struck:
		c.kill("before an answer")
	case <-time.After(300*time.Millisecond + time.Duration(c.random.Int64N(int64(2*time.Second)))):
		c.kill("any time")
	}
	c.receiver.strikeAfter(0, nil)
	c.listen()
}

// listen looks at what a life has printed.
func (c *chaos) listen() {
	c.Helper()
	for _, word := range []string{"panic", "DATA RACE", "set aside"} {
		if strings.Contains(c.out.String(), word) {
			c.Errorf("life %d printed %q", c.life, word)
		}
	}
}

// inspect reads what a life has left, and checks that no sample was settled of
// which nothing was told.
func (c *chaos) inspect() {
	c.Helper()
	if _, err := os.Stat(c.dir); err != nil {
		return // killed before there was one
	}
	c.due = append(c.due, c.log.read()...)
	settled := c.log.at["default"].Seq
	for len(c.due) > 0 && c.due[0].seq <= settled {
		for _, s := range c.due[0].samples {
			if !c.receiver.decided(s) {
				c.Fatalf("life %d: nothing was told about %s at %d of tick %d, and the cursor is at %d", c.life, s.key, s.t, c.due[0].seq, settled)
			}
		}
		c.due = c.due[1:]
	}
}

// deliver is the last life: the receiver is in a good mood, and it ends in good
// order.
func (c *chaos) deliver() {
	c.Helper()
	c.receiver.calm()
	c.left = c.log.end.Base - c.log.state["default"].Settled
	c.born()
	if _, err := c.out.await("Listening on", nil); err != nil { // before, SIGTERM just ends it
		c.Errorf("the last life: %s", err)
	}
	time.Sleep(300 * time.Millisecond) // for samples of its own
	c.current.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- c.current.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			c.Errorf("the last life: %s", err)
		}
		c.current = nil
	case <-time.After(time.Minute):
		c.Error("the last life does not end")
	}
	c.listen()
}

// check compares what was gathered with what was told about it, and that with
// the books.
func (c *chaos) check() {
	c.Helper()
	r, gathered, books := c.receiver, c.log.end.Base, c.log.final("default")
	told := make(samples)
	for _, set := range []samples{r.accepted, r.refused} {
		for key, points := range set {
			if told[key] == nil {
				told[key] = make(map[int64]uint64)
			}
			maps.Copy(told[key], points)
		}
	}
	c.log.compare("default", told, gathered)
	if books.Acknowledged != uint64(r.accepted.count()) || books.Rejected.Total() != uint64(r.refused.count()) {
		c.Errorf("%d samples were accepted and %d refused, the books say %+v", r.accepted.count(), r.refused.count(), books)
	}
	for key, points := range r.accepted {
		for t, bits := range points {
			if was, ok := r.stored.first[key][t]; !ok || was != bits {
				c.Fatalf("%s at %d was accepted and not stored", key, t)
			}
		}
	}
	for _, problem := range r.stored.problems {
		c.Error(problem)
	}
	if r.refused.count() == 0 || r.hits["refusal"] == 0 || r.hits["413"] == 0 {
		c.Errorf("nothing was refused: %s", r)
	}
	c.Logf("%d lives, deaths: %v; %d ticks, %d samples committed, %d of them left to the last life", c.life, c.deaths, c.log.end.Seq, gathered, c.left)
	c.Log(r)
	c.Logf("books: %d gathered = %d acknowledged + %d rejected %v", gathered, books.Acknowledged, books.Rejected.Total(), books.Rejected)
}

// everyMood fails the test unless the receiver has been in all moods.
func (c *chaos) everyMood() {
	c.Helper()
	for _, m := range c.receiver.moods {
		if c.receiver.hits[m.name] == 0 {
			c.Errorf("no request met with %q", m.name)
		}
	}
	if len(c.deaths) < 2 {
		c.Errorf("deaths: %s", fmt.Sprint(c.deaths))
	}
}
