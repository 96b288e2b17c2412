package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/buffer"
)

// looping is an agent whose remotes do not run, in a bubble of time. No goroutine
// may be left when the bubble ends. A beat comes each second.
type looping struct {
	*testing.T
	*Agent
	began time.Time // a second before the first beat
}

func newLooping(t *testing.T, cfg Config) *looping {
	t.Helper()
	cfg.TickInterval = time.Second
	cfg.Instance = "node"
	cfg.NoSelf = true
	cfg.Remotes = []remote.Config{{URL: "http://db.test/api/v1/write"}}
	a := New(cfg)
	if a.err != nil {
		t.Fatal(a.err)
	}
	return &looping{t, a, time.Now()}
}

// run runs the loop until a moment, and returns the ticks.
func (l *looping) run(end time.Duration) []*buffer.Tick {
	ctx, cancel := context.WithDeadline(l.Context(), l.began.Add(end))
	defer cancel()
	return l.runIn(ctx)
}

func (l *looping) runIn(ctx context.Context) []*buffer.Tick {
	var writing sync.WaitGroup
	writing.Go(l.journal.Run)
	l.loop.run(ctx)
	l.journal.Close()
	writing.Wait()
	return l.ring.After(0, 1000, nil)
}

// holds fails the test unless the ticks hold these blocks: in a line for each the
// tick's second and, in the order of the targets, their jobs and the second of the
// block, with a question mark if the target was down.
func (l *looping) holds(ticks []*buffer.Tick, want ...string) {
	l.Helper()
	var got []string
	for _, t := range ticks {
		line := fmt.Sprintf("%v:", l.since(t.Time))
		for _, b := range slices.SortedFunc(slices.Values(t.Blocks), func(a, b buffer.Block) int { return a.Source - b.Source }) {
			line += fmt.Sprintf(" %s@%v", l.cfg.Targets[b.Source].Job, l.since(b.Time))
			if valueOf(b, "up") == 0 {
				line += "?"
			}
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		l.Errorf("ticks\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// since is a timestamp in seconds since the bubble began.
func (l *looping) since(at int64) float64 { return time.UnixMilli(at).Sub(l.began).Seconds() }

// valueOf is the value of the series of a name in a block, -1 if there is none.
func valueOf(b buffer.Block, name string) float64 {
	for i, s := range b.Layout.Series {
		if s.Family.Name == name {
			return b.Values[i]
		}
	}
	return -1
}

// numbered is a target whose pages tell their number, from 1 on, in the series page.
// Before it has one, it does what collect does.
func numbered(job string, collect func(ctx context.Context, number int) error) Target {
	made := 0
	return Target{Job: job, Gather: func(ctx context.Context) ([]*dto.MetricFamily, error) {
		made++
		name, v := "page", float64(made)
		if err := collect(ctx, made); err != nil {
			return nil, err
		}
		m := &dto.Metric{Gauge: &dto.Gauge{Value: &v}}
		return []*dto.MetricFamily{{Name: &name, Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{m}}}, nil
	}}
}

// prompt is a target that answers at once.
func prompt(job string) Target { return numbered(job, func(context.Context, int) error { return nil }) }

// lasting is a target whose pages take these times, one after the other again and
// again.
func lasting(job string, interval time.Duration, times ...time.Duration) Target {
	t := numbered(job, func(ctx context.Context, number int) error {
		select {
		case <-time.After(times[(number-1)%len(times)]):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	t.Interval = interval
	return t
}

// A target that takes longer than a tick holds up no other. It is not asked again
// meanwhile, and its page is in the tick that is open when it comes, with the time
// at which it was asked for.
func TestLoop_SlowTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLooping(t, Config{Targets: []Target{prompt("fast"), lasting("slow", 3*time.Second, 2500*time.Millisecond)}})
		l.holds(l.run(8500*time.Millisecond),
			"1: fast@1",
			"2: fast@2",
			"3: fast@3 slow@1",
			"4: fast@4",
			"5: fast@5",
			"6: fast@6 slow@4",
			"7: fast@7",
			"8: fast@8")
	})
}

// A tick is committed when the last page has come, and otherwise at the next beat.
func TestLoop_Commits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLooping(t, Config{Targets: []Target{
			prompt("fast"),
			lasting("slow", 2*time.Second, 300*time.Millisecond, 1300*time.Millisecond),
		}})
		var looks []uint64
		go func() {
			for _, at := range []time.Duration{1200, 1400, 2900, 3200, 3400} {
				time.Sleep(time.Until(l.began.Add(at * time.Millisecond)))
				looks = append(looks, l.Status().Ticks)
			}
		}()
		l.holds(l.run(3500*time.Millisecond), "1: fast@1 slow@1", "2: fast@2", "3: fast@3 slow@2")
		synctest.Wait()
		if want := []uint64{0, 1, 1, 2, 3}; !slices.Equal(looks, want) {
			t.Errorf("ticks committed %v, want %v", looks, want)
		}
	})
}

// Each page is in one tick, in the order in which they were made, also of targets
// that answer at the very moment of a beat.
func TestLoop_EachPageOnce(t *testing.T) {
	const ms = time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		l := newLooping(t, Config{Targets: []Target{
			prompt("fast"),
			lasting("even", 4*time.Second, time.Second, 2*time.Second, 3*time.Second),
			lasting("odd", 3*time.Second, 999*ms, time.Second, 1001*ms, 2*time.Second, 0),
			lasting("most", time.Second, 999*ms),
			lasting("some", 2*time.Second, 0, time.Second, 1999*ms),
		}})
		pages, newest := make([]float64, len(l.cfg.Targets)), make([]int64, len(l.cfg.Targets))
		for i, tick := range l.run(120*time.Second + 500*ms) {
			if tick.Seq != uint64(i+1) {
				t.Fatalf("tick %d has number %d", i+1, tick.Seq)
			}
			for _, b := range tick.Blocks {
				if n := valueOf(b, "page"); n != pages[b.Source]+1 || b.Time <= newest[b.Source] || b.Time > tick.Time {
					t.Errorf("%s: page %v of %v s after page %v, in the tick of %v s", l.cfg.Targets[b.Source].Job, n, l.since(b.Time), pages[b.Source], l.since(tick.Time))
				}
				pages[b.Source], newest[b.Source] = valueOf(b, "page"), b.Time
			}
		}
		if want := []float64{120, 30, 40, 119, 61}; !slices.Equal(pages, want) {
			t.Errorf("%v pages, want %v", pages, want)
		}
	})
}

// Whatever becomes of a scrape, the next one is made, and other targets do not
// notice.
func TestLoop_TargetFails(t *testing.T) {
	for name, fail := range map[string]func(context.Context) error{
		"panic":    func(context.Context) error { panic("oh no") },
		"error":    func(context.Context) error { return errors.New("no page") },
		"deadline": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bad := numbered("bad", func(ctx context.Context, number int) error {
					if number == 2 {
						return fail(ctx)
					}
					return nil
				})
				bad.Timeout = time.Second / 2
				l := newLooping(t, Config{Targets: []Target{prompt("good"), bad}})
				l.holds(l.run(3500*time.Millisecond),
					"1: good@1 bad@1",
					"2: good@2 bad@2?",
					"3: good@3 bad@3")
			})
		})
	}
}

// The end waits for no target, not even for one that is deaf. What has come by then
// is committed; scrapes that were cut short say nothing about their targets.
func TestLoop_EndsWhileTargetsHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hangs := func(job string, until func(context.Context)) Target {
			t := numbered(job, func(ctx context.Context, number int) error {
				if number == 2 {
					until(ctx)
				}
				return ctx.Err()
			})
			t.Timeout = time.Second
			return t
		}
		l := newLooping(t, Config{Targets: []Target{
			prompt("good"),
			hangs("heeds", func(ctx context.Context) { <-ctx.Done() }),
			hangs("deaf", func(context.Context) { <-release }),
		}})
		ticks := l.run(2500 * time.Millisecond)
		if took := time.Since(l.began); took != 2500*time.Millisecond {
			t.Errorf("the loop ended after %s, want 2.5s", took)
		}
		l.holds(ticks, "1: good@1 heeds@1 deaf@1", "2: good@2")
		close(release) // of all goroutines this one's alone was left
	})
}

// A page that came whole is committed, although the end came right after it.
func TestLoop_EndsAfterAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := newLooping(t, Config{
			Targets: []Target{numbered("late", func(_ context.Context, number int) error {
				if number == 1 {
					return errors.New("no page yet")
				}
				return nil
			})},
			// It is said when the page is there, and before the loop has it.
			Logger: slog.New(onMessage{"target recovered", func() {
				cancel()
				time.Sleep(time.Millisecond)
			}}),
		})
		l.holds(l.runIn(ctx), "1: late@1?", "2: late@2")
	})
}

// onMessage is a log that does something when it gets a message.
type onMessage struct {
	message string
	do      func()
}

func (o onMessage) Enabled(context.Context, slog.Level) bool { return true }
func (o onMessage) WithAttrs([]slog.Attr) slog.Handler       { return o }
func (o onMessage) WithGroup(string) slog.Handler            { return o }

func (o onMessage) Handle(_ context.Context, r slog.Record) error {
	if r.Message == o.message {
		o.do()
	}
	return nil
}
