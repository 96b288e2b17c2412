package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	promvalue "github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
	"github.com/edgetick/edgetick/wal"
)

// The real program is killed a few times, and nothing that it had committed is
// missing, doubled differently, out of order or unaccounted for.
func TestCrash_Short(t *testing.T) {
	newCampaign(t, 1, 60).run(9)
}

// The same, for as long as one likes.
func TestCrash_Campaign(t *testing.T) {
	kills, seed := campaignSize(t)
	newCampaign(t, seed, 150).run(kills)
}

// The same with a log that is too small for the absences of one remote: what it
// cost is known exactly, and the rest arrives.
func TestCrash_Capped(t *testing.T) {
	kills, seed := campaignSize(t)
	c := newCampaign(t, seed, 600)
	c.source.noise.Store(true)
	c.flags = []string{"--wal.max-bytes=1MiB"}
	c.log.caps = true
	c.absence = 6 * time.Second
	watch := watchSize(t, c.dir, 1<<20)
	c.run(max(kills/6, 10))
	t.Log(watch.stop())
}

// campaignSize says how many kills `make crash` asks for, and the seed. It skips
// the test if it was not asked for.
func campaignSize(t *testing.T) (kills int, seed uint64) {
	t.Helper()
	return sizeAsked(t, "EDGETICK_TEST_CRASHES", "make crash CRASHES")
}

// sizeAsked reads the number of kills from an environment variable, and the seed,
// and says how to repeat the run.
func sizeAsked(t *testing.T, variable, command string) (kills int, seed uint64) {
	t.Helper()
	asked := os.Getenv(variable)
	if asked == "" {
		t.Skipf("`%s=N` runs this", command)
	}
	kills, err := strconv.Atoi(asked)
	if err != nil {
		t.Fatal(err)
	}
	if seed, err = strconv.ParseUint(os.Getenv("EDGETICK_TEST_SEED"), 10, 64); err != nil {
		seed = rand.Uint64N(1e9)
	}
	t.Logf("to repeat: %s=%d SEED=%d", command, kills, seed)
	return kills, seed
}

// campaign is a sequence of lives of one agent, each ended by SIGKILL.
type campaign struct {
	*testing.T
	random   *rand.Rand
	seed     uint64
	dir      string
	source   *numbered
	other    *numbered // is there in some lives, before or after source
	recorder *recorder
	record   *flaky // in front of the recorder
	database *flaky // in front of a real Prometheus database
	tsdb     *receiver.Receiver
	flags    []string      // of every life
	absence  time.Duration // of the database, about

	log      *logbook
	life     int
	current  *exec.Cmd
	due      []committed // found in the log, not yet known to have arrived
	deaths   map[string]int
	deck     []int // of ways to die, shuffled, so that all of them come up
	torn     int
	outputs  []string // of each life
	suspects []int    // lives whose output is of interest
}

func newCampaign(t *testing.T, seed uint64, series int) *campaign {
	t.Helper()
	c := &campaign{
		T:        t,
		random:   rand.New(rand.NewPCG(seed, 0)),
		seed:     seed,
		dir:      filepath.Join(t.TempDir(), "wal"),
		source:   startNumbered(t, series),
		other:    startNumbered(t, series/10),
		recorder: newRecorder(),
		deaths:   make(map[string]int),
		flags:    []string{"--wal.max-bytes=256MiB"},
		absence:  400 * time.Millisecond,
	}
	c.log = newLogbook(t, c.dir)
	var err error
	if c.tsdb, err = receiver.Open(receiver.Config{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.tsdb.Close() })
	c.record = startFlaky(t, c.recorder, c.stream(1))
	c.database = startFlaky(t, c.tsdb.Handler(), c.stream(2))
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			for _, life := range append(c.suspects, c.life) {
				t.Logf("life %d: %s", life, c.outputs[life-1])
			}
		}
	})
	return c
}

// stream is a source of random numbers of its own.
func (c *campaign) stream(n uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, n)) }

// run is the whole story.
func (c *campaign) run(kills int) {
	c.record.mishaps(10)
	c.database.mishaps(25)
	roaming, home := context.WithCancel(c.Context())
	var roamers sync.WaitGroup
	roamers.Go(func() { c.record.wander(roaming, c.stream(3), 3*time.Second, 200*time.Millisecond) })
	roamers.Go(func() { c.database.wander(roaming, c.stream(4), 800*time.Millisecond, c.absence) })
	for range kills {
		c.live()
		c.inspect()
		if c.Failed() {
			break
		}
	}
	home()
	roamers.Wait()
	c.deliver()
	c.inspect()
	c.check()
	c.report()
}

// args are the flags of the next life.
func (c *campaign) args() []string {
	pick := func(all ...string) string { return all[c.random.IntN(len(all))] }
	args := append([]string{
		"--web.listen-address=127.0.0.1:0", "--wal.dir=" + c.dir, "--wal.segment-bytes=64KiB",
		"--remote-write.url=name=record,url=" + c.record.url(),
		"--remote-write.url=name=database,url=" + c.database.url(),
		"--remote-write.min-backoff=5ms", "--remote-write.max-backoff=60ms", "--remote-write.timeout=250ms", "--remote-write.flush-deadline=1m",
		"--remote-write.max-samples-per-send=" + pick("200", "500"),
		"--remote-write.pack-ticks=" + pick("1", "4", "4", "10"),
		"--tick.interval=" + pick("20ms", "25ms", "40ms", "50ms"),
		"--buffer.max-bytes=" + pick("64KiB", "64KiB", "4MiB"),
		"--wal.sync-interval=" + pick("0s", "0s", "0s", "100ms"),
	}, quiet...)
	targets := [][]string{
		{c.source.target("numbered", c.life)},
		{c.source.target("numbered", c.life), c.other.target("other", c.life)},
		{c.other.target("other", c.life), c.source.target("numbered", c.life)},
	}
	args = append(args, targets[c.random.IntN(len(targets))]...)
	return append(args, c.flags...)
}

// born starts a life.
func (c *campaign) born() *output {
	c.Helper()
	c.life++
	out := &output{changed: make(chan struct{})}
	c.current = exec.Command(os.Args[0], c.args()...)
	c.current.Env = append(os.Environ(), reexec+"=1")
	c.current.Stdout, c.current.Stderr = out, out
	if err := c.current.Start(); err != nil {
		c.Fatal(err)
	}
	return out
}

// kill ends the life, if there is one, and waits for its end.
func (c *campaign) kill() {
	if c.current != nil {
		c.current.Process.Kill()
		c.current.Wait()
		c.current = nil
	}
}

// live is one life: it is killed at a random time, or when something that was
// drawn by lot happens after a random time.
func (c *campaign) live() {
	c.Helper()
	now := make(chan string, 1)
	happens := func(what string) {
		select {
		case now <- what:
			time.Sleep(20 * time.Millisecond) // it must not get further than this
		default:
		}
	}
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	out := c.born()
	args := c.current.Args
	defer func() { c.buried(args, out.String()) }()

	delay := 50*time.Millisecond + c.upTo(900*time.Millisecond)
	remote := []*flaky{c.record, c.database}[c.random.IntN(2)]
	arm := func(f func()) {
		time.AfterFunc(delay, func() {
			if ctx.Err() == nil {
				f()
			}
		})
	}
	if len(c.deck) == 0 {
		c.deck = c.random.Perm(8)
	}
	kind := c.deck[0]
	c.deck = c.deck[1:]
	switch kind {
	case 0:
		delay = c.upTo(250 * time.Millisecond)
		arm(func() { happens("starting") })
	case 1, 2:
		arm(func() { happens("any time") })
	case 3:
		arm(func() { c.source.atHalf(func(int) { happens("gathering") }) })
	case 4:
		arm(func() {
			remote.when(func(m moment) {
				if m == asked {
					happens(string(m))
				}
			})
		})
	case 5:
		arm(func() {
			remote.when(func(m moment) {
				if m == stored {
					happens(string(m))
				}
			})
		})
	case 6:
		after := c.upTo(2 * time.Millisecond)
		arm(func() {
			remote.when(func(m moment) {
				if m == answered {
					time.Sleep(after)
					happens(string(m))
				}
			})
		})
	case 7:
		arm(func() { go c.segments(ctx, happens) })
	}
	select {
	case what := <-now:
		c.kill()
		c.deaths[what]++
	case <-time.After(3 * time.Second):
		c.kill()
		c.deaths["any time"]++
	}
	cancel()
	c.source.atHalf(nil)
	c.record.when(nil)
	c.database.when(nil)
}

// upTo is a random time.
func (c *campaign) upTo(d time.Duration) time.Duration {
	return time.Duration(c.random.Int64N(int64(d)))
}

// segments says when a segment is created or deleted.
func (c *campaign) segments(ctx context.Context, happens func(string)) {
	list := func() []string {
		names, _ := filepath.Glob(filepath.Join(c.dir, "*.seg"))
		return names
	}
	for before := list(); ctx.Err() == nil; pause(ctx, 200*time.Microsecond) {
		if now := list(); !slices.Equal(now, before) {
			happens("a segment came or went")
			return
		}
	}
}

// buried looks at what a life has printed.
func (c *campaign) buried(args []string, printed string) {
	c.outputs = append(c.outputs, fmt.Sprintf("%s\n%s", args, printed))
	for _, word := range []string{"panic", "DATA RACE", "level=ERROR", "set aside"} {
		if strings.Contains(printed, word) && !(c.log.caps && word == "level=ERROR") {
			c.Errorf("life %d printed %q", c.life, word)
		}
	}
	if strings.Contains(printed, "torn bytes") {
		c.torn++
	}
}

// inspect reads what a life has left, and checks that no cursor is ahead of the
// truth: what it says is settled has arrived.
func (c *campaign) inspect() {
	c.Helper()
	if _, err := os.Stat(c.dir); err != nil {
		return // killed before there was one
	}
	c.due = append(c.due, c.log.read()...)
	if c.log.caps {
		return // what is settled may have been dropped
	}
	settled := c.log.at["record"].Seq
	for len(c.due) > 0 && c.due[0].seq <= settled {
		for _, s := range c.due[0].samples {
			if !c.recorder.has(s.key, s.t, s.bits) {
				c.Fatalf("life %d: %s at %d of tick %d has not arrived, and the cursor is at %d", c.life, s.key, s.t, c.due[0].seq, settled)
			}
		}
		c.due = c.due[1:]
	}
}

// deliver is the last life: nothing is in its way, and it ends in good order.
func (c *campaign) deliver() {
	c.Helper()
	c.record.mishaps(0)
	c.database.mishaps(0)
	left := c.log.end.Base - c.log.state["database"].Settled
	out := c.born()
	args := c.current.Args
	if _, err := out.await("Listening on", nil); err != nil { // before, an interrupt just ends it
		c.Errorf("the last life: %s", err)
	}
	time.Sleep(500 * time.Millisecond) // for samples of its own
	c.current.Process.Signal(os.Interrupt)
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- c.current.Wait() }()
	select {
	case err := <-done:
		c.current = nil
		if err != nil {
			c.Errorf("the last life: %s", err)
		}
		c.Logf("the last life delivered the %d samples that the database had not got in %s", left, time.Since(began).Round(time.Millisecond))
	case <-time.After(2 * time.Minute):
		c.Error("the last life does not end")
	}
	c.buried(args, out.String())
}

// check compares what was sent with what was received.
func (c *campaign) check() {
	c.Helper()
	gathered := c.log.end.Base
	for _, name := range []string{"record", "database"} {
		if s := c.log.final(name); s.Acknowledged != gathered && !c.log.caps {
			c.Errorf("%s acknowledged %d of %d samples", name, s.Acknowledged, gathered)
		}
	}
	for _, p := range c.recorder.problems {
		c.Error(p)
	}
	if c.log.caps {
		c.cost("record", c.recorder.first)
		c.cost("database", c.inDatabase())
	} else {
		c.log.compare("record", c.recorder.first, gathered)
		c.log.compare("database", c.inDatabase(), gathered)
		c.pages()
	}
	if c.recorder.duplicates == 0 {
		c.Error("nothing was sent twice: no kill hit a request")
	}
	for _, f := range faults {
		if c.record.hits[f.name]+c.database.hits[f.name] == 0 {
			c.Errorf("no request met with %q", f.name)
		}
	}
	if c.record.hits["away"] < 1 || c.database.hits["away"] < 1 || len(c.deaths) < min(4, c.life/2) {
		c.Errorf("the faults did not all happen: %v, %v, %v", c.record.hits, c.database.hits, c.deaths)
	}
}

// cost checks what the cap has cost: what is missing was counted. Samples that
// were stored just before a kill, and had to go before it was known that they
// were, are in the database and yet counted as dropped.
func (c *campaign) cost(remote string, got samples) {
	c.Helper()
	s := c.log.state[remote]
	if s.Dropped[string(wal.Full)] == 0 && remote == "database" || dropped(s) != s.Dropped[string(wal.Full)] {
		c.Errorf("books of %s: %+v", remote, s)
	}
	stored := uint64(got.count())
	const inFlight = 240 * 700 // samples of the largest window
	if stored < s.Acknowledged || stored > s.Acknowledged+uint64(c.life)*inFlight {
		c.Errorf("%d samples are in %s, %d were acknowledged", stored, remote, s.Acknowledged)
	}
	c.Logf("%d samples more are in %s than the books say: stored before a kill, dropped after it", stored-s.Acknowledged, remote)
}

// inDatabase is all that the database has stored.
func (c *campaign) inDatabase() samples {
	c.Helper()
	all, err := c.tsdb.Samples(context.Background())
	if err != nil {
		c.Fatal(err)
	}
	got := make(samples)
	for _, s := range all {
		for _, p := range s.Points {
			got.put(seriesKey(s.Labels.Get("__name__"), s.Labels.Get("i"), s.Labels.Get("job")), p.T, p.Bits)
		}
	}
	return got
}

// pages checks arrivals against what the source has served, and which scrapes
// are missing: only those that failed, and the last of a life.
func (c *campaign) pages() {
	c.Helper()
	got := c.recorder.first
	at := make(map[int64]map[string]uint64)
	for key, points := range got {
		for t, bits := range points {
			if at[t] == nil {
				at[t] = make(map[string]uint64)
			}
			at[t][key] = bits
		}
	}
	arrived := make(map[int]bool)
	failed := make(map[int]int) // scrapes that failed before a number, since the one before
	last, down := 0, 0
	for _, t := range got.times("up") {
		bits, ok := got[numberSeries][t]
		if !ok || bits == promvalue.StaleNaN {
			down++
			c.onlyStale(at[t], nil)
			continue
		}
		number := int(asNumber(bits))
		if number <= last || number > len(c.source.scraped()) {
			c.Fatalf("scrape %d at %d follows %d", number, t, last)
		}
		page := c.source.page(number)
		for _, e := range page {
			if was, ok := at[t][e.name]; !ok || was != e.bits {
				c.Fatalf("%s of scrape %d arrived as %x, want %x", e.name, number, was, e.bits)
			}
		}
		c.onlyStale(at[t], page)
		arrived[number], failed[number] = true, down
		last, down = number, 0
	}
	c.gaps(arrived, failed)
}

// onlyStale fails the test if there is more than a page and what the agent says
// about it, but for stale markers.
func (c *campaign) onlyStale(got map[string]uint64, page []entry) {
	c.Helper()
	known := map[string]bool{"up": true, "scrape_duration_seconds": true, "scrape_samples_scraped": true,
		"scrape_samples_post_metric_relabeling": true, "scrape_series_added": true}
	for _, e := range page {
		known[e.name] = true
	}
	for key, bits := range got {
		if !known[key] && !strings.HasSuffix(key, " of other") && bits != promvalue.StaleNaN {
			c.Fatalf("%s arrived as %x, and was not scraped then", key, bits)
		}
	}
}

// gaps checks which scrapes are missing: those at the end of a life, and as many
// as failed. One that failed may have its number only after a later one.
func (c *campaign) gaps(arrived map[int]bool, failed map[int]int) {
	c.Helper()
	lives := c.source.scraped()
	lost, excuses, excused := make(map[int]int), 0, 0
	for number := 1; number <= len(lives); number++ {
		if arrived[number] {
			excuses += failed[number]
			continue
		}
		end := number // of a row of missing scrapes
		for end < len(lives) && !arrived[end+1] {
			end++
		}
		excuses += failed[end+1]
		failed[end+1] = 0
		for ; number <= end; number++ {
			life := lives[number-1]
			switch {
			case end == len(lives) || lives[end] != life:
				lost[life]++ // at the end of its life
			case excuses > excused:
				excused++
			default:
				c.Errorf("scrape %d of life %d did not arrive, and did not fail", number, life)
				c.suspects = append(c.suspects, life)
			}
		}
		number = end
	}
	most, sum := 0, 0
	for _, n := range lost {
		most, sum = max(most, n), sum+n
	}
	c.Logf("%d scrapes served, %d arrived, %d failed; lost at the ends of lives: %d in all, %d of one life", len(lives), len(arrived), excused, sum, most)
	if sum > 2*c.life {
		c.Errorf("%d scrapes were lost in %d lives: more than those in progress", sum, c.life)
	}
}

// report prints the campaign's figures.
func (c *campaign) report() {
	c.Helper()
	c.Logf("%d lives, deaths: %v; %d found a torn tail", c.life, c.deaths, c.torn)
	c.Logf("%d ticks, %d samples committed; %d ticks read back from the logs of the dead, %d gaps released before that", c.log.end.Seq, c.log.end.Base, c.log.ticks, c.log.gone)
	c.Logf("record: %d requests stored, %d different samples, %d identical duplicates; %v", c.recorder.bodies, c.recorder.first.count(), c.recorder.duplicates, c.record.hits)
	c.Logf("database: %d different samples; %v", c.inDatabase().count(), c.database.hits)
	for _, name := range []string{"record", "database"} {
		s := c.log.state[name]
		c.Logf("books of %s: %d gathered = %d acknowledged + %d rejected + %d dropped %v", name, c.log.end.Base, s.Acknowledged, s.Rejected.Total(), dropped(s), s.Dropped)
	}
}
