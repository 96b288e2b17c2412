package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// One goroutine runs at a time when the load has been low for a while, and all may
// as soon as it is high; in between it stays as it is.
func TestPacer(t *testing.T) {
	now := time.Unix(1, 0)
	used := 3 * time.Second // of the start
	p := pacer{used: used, at: now, enough: calmLooks}
	for i, c := range []struct {
		load float64
		want bool
	}{
		{0.01, false}, {0.01, false}, {0.01, false}, {0.01, false}, {0.01, true},
		{0.02, true}, {0.09, true}, {0.01, true}, // not worth it
		{0.11, false},                                                             // a backlog
		{0.04, false}, {0.04, false}, {0.04, false}, {0.04, false}, {0.06, false}, // not calm
		{0.04, false}, {0.04, false}, {0.04, false}, {0.04, false}, {0.04, true},
		{2, false},
	} {
		now = now.Add(2 * time.Second)
		used += time.Duration(c.load * float64(2*time.Second))
		if got := p.look(now, used); got != c.want {
			t.Errorf("look %d at a load of %v: %v, want %v", i, c.load, got, c.want)
		}
	}
}

func TestLookInterval(t *testing.T) {
	for tick, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond: time.Second,
		700 * time.Millisecond: 1400 * time.Millisecond,
		time.Second:            time.Second,
		15 * time.Second:       15 * time.Second,
		20 * time.Second:       10 * time.Second,
		time.Minute:            15 * time.Second,
	} {
		if got := lookInterval(tick); got != want {
			t.Errorf("beats every %v: looks every %v, want %v", tick, got, want)
		}
	}
}

// Looks are taken with beats, each once.
func TestUntilLook(t *testing.T) {
	const interval = 1500 * time.Millisecond
	beat := time.UnixMilli(1_800_000_000_000) // a multiple of the interval
	for _, c := range []struct{ after, want time.Duration }{
		{0, interval},
		{time.Millisecond, interval - time.Millisecond},
		{700 * time.Millisecond, 800 * time.Millisecond},
		{800 * time.Millisecond, 2200 * time.Millisecond},
		{-time.Millisecond, interval + time.Millisecond},
	} {
		if got := untilLook(beat.Add(c.after), interval); got != c.want {
			t.Errorf("%v after a beat: %v, want %v", c.after, got, c.want)
		}
	}
}

// In a process that has little to do one goroutine runs at a time, and in one that
// has much as many as there are processors.
func TestBinary_Paces(t *testing.T) {
	if _, ok := cpuTime(); !ok || runtime.NumCPU() == 1 || os.Getenv("GOMAXPROCS") != "" {
		t.Skip("there is nothing to choose")
	}
	p := edgetick(t, append(quiet, "--tick.interval=1s", "--remote-write.url=http://127.0.0.1:1/",
		"--scrape.target="+startCounting(t).URL)...)
	running := func(b books) int { return int(b.value("go_sched_gomaxprocs_threads")) }
	p.booksUntil("one goroutine runs at a time", func(b books) bool {
		time.Sleep(2 * time.Second) // to be asked is work
		return running(b) == 1
	})
	var asking sync.WaitGroup
	defer asking.Wait()
	enough, stop := context.WithCancel(t.Context())
	defer stop()
	for range 2 {
		asking.Go(func() {
			for enough.Err() == nil {
				if resp, err := http.Get(p.own() + "/metrics"); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}
		})
	}
	p.booksUntil("all goroutines may run", func(b books) bool { return running(b) > 1 })
}

func TestCPUTime(t *testing.T) {
	before, ok := cpuTime()
	if !ok {
		t.Skip("unknown on " + runtime.GOOS)
	}
	for range 1000 {
		if after, _ := cpuTime(); after > before {
			return
		}
		for range 1000 {
			runtime.Gosched()
		}
	}
	t.Error("a busy process has used no CPU time")
}
