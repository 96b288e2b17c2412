package main

import (
	"context"
	"os"
	"runtime"
	"time"
)

// What is done in a tick is little, and done by goroutines that wake each other.
// As soon as two may run at once, Go wakes threads for them that look for work and
// find it done. So one may run at a time for as long as there is little to do; at
// the start, with a backlog and with very many series it is as many as there are
// processors. GOMAXPROCS overrides that.

// pacer chooses how many goroutines may run at once.
type pacer struct {
	narrow bool          // it is one
	enough int           // looks in a row that show little load until it is
	calm   int           // so many have
	used   time.Duration // CPU time at the last look
	at     time.Time     // of the last look
}

const (
	// highLoad is the load, in processors, above which there are as many as there
	// are, and lowLoad that under which there is one after a while.
	highLoad = 0.1
	lowLoad  = 0.05
)

// look takes a look at the time now, at which the process has used so much CPU
// time. It returns whether one goroutine is to run at a time.
func (p *pacer) look(now time.Time, used time.Duration) bool {
	load := float64(used-p.used) / float64(now.Sub(p.at))
	p.used, p.at = used, now
	if load > lowLoad {
		p.calm = 0
	} else {
		p.calm++
	}
	switch {
	case load > highLoad:
		p.narrow = false
	case p.calm >= p.enough:
		p.narrow = true
	}
	return p.narrow
}

// Looks are as far apart as beats of the ticker, within these bounds, and come with
// beats: a wake-up of its own would cost more than a look does.
const (
	minLook = time.Second
	maxLook = 15 * time.Second
)

// lookInterval is how far apart looks are: so many beats, or a part of one.
func lookInterval(tick time.Duration) time.Duration {
	if tick < minLook {
		return tick * ((minLook + tick - 1) / tick)
	}
	return tick / ((tick + maxLook - 1) / maxLook)
}

// untilLook is how long it is from now to the next look. Like beats, looks are
// aligned to multiples of the interval on the wall clock. One that is nearer than
// half of that is the one that has just been taken, a little early.
func untilLook(now time.Time, interval time.Duration) time.Duration {
	past := time.Duration(now.UnixNano()) % interval
	if past < interval/2 {
		return interval - past
	}
	return 2*interval - past
}

// calmLooks are enough, and as many as two beats take: work comes in bursts.
const calmLooks = 5

// pace keeps the number of goroutines that may run at once to what is needed until
// ctx is done.
func pace(ctx context.Context, tick time.Duration) {
	used, ok := cpuTime()
	if !ok || os.Getenv("GOMAXPROCS") != "" || runtime.GOMAXPROCS(0) == 1 {
		return
	}
	interval := lookInterval(tick)
	p := pacer{used: used, at: time.Now(), enough: max(calmLooks, int(2*tick/interval))}
	for {
		select {
		case <-time.After(untilLook(time.Now(), interval)):
		case <-ctx.Done():
			return
		}
		if used, ok = cpuTime(); !ok {
			continue
		}
		before := p.narrow
		switch narrow := p.look(time.Now(), used); {
		case narrow == before:
		case narrow:
			runtime.GOMAXPROCS(1)
		default:
			runtime.SetDefaultGOMAXPROCS()
		}
	}
}
