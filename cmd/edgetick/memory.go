package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The process is small, and so is its heap: what Go keeps by default for the sake
// of speed would be most of it. These settings keep it small; GOGC and GOMEMLIMIT
// override them.

const (
	// gcPercent is how far the heap may grow, in per cent of what is alive, before
	// it is collected. Little garbage is made between two ticks.
	gcPercent = 25
	// maxGrowth is by how many bytes a large heap may, and minGCPercent how far any
	// may: to collect takes longer the more is alive.
	maxGrowth    = 32 << 20
	minGCPercent = 5
)

// limitPart is the part of the control group's memory that the process may take
// before it collects garbage more often than that. The rest is for the program's
// own pages, and for what the kernel charges to it.
const limitPart = 0.8

// tuneMemory sets the pace of garbage collection. buffer is the size of the ring,
// which is never less than the limit leaves room for.
func tuneMemory(buffer int) {
	paceGC(0)
	if limit := groupLimit(); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(max(int64(float64(limit)*limitPart), 2*int64(buffer)))
	}
}

// paceGC sets how far the heap may grow, of which so many bytes are in use.
func paceGC(used uint64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth(used))
	}
}

// growth is how far a heap may grow, of which so many bytes are in use, in per cent.
func growth(used uint64) int {
	return int(min(gcPercent, max(minGCPercent, 100*maxGrowth/max(used, 1))))
}

// groupLimit is the memory limit of the process's control group in bytes; 0 if there
// is none.
func groupLimit() int64 {
	raw, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	return leastLimit(string(raw), "/sys/fs/cgroup")
}

// leastLimit is the least of the limits of the groups in /proc/PID/cgroup and of the
// groups that these are in. Seen from inside a container only the last of those may
// be there.
func leastLimit(groups, root string) (least int64) {
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		dir, file := root, "memory.max"
		if controllers := fields[1]; slices.Contains(strings.Split(controllers, ","), "memory") { // of version 1
			dir, file = filepath.Join(root, "memory"), "memory.limit_in_bytes"
		} else if controllers != "" {
			continue
		}
		for path, above := fields[2], ""; path != above; path, above = filepath.Dir(path), path {
			if n := limitIn(filepath.Join(dir, path, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
		}
	}
	return least
}

// limitIn reads a limit. One that no machine can reach means none.
func limitIn(file string) int64 {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	if err != nil || n <= 0 || n > 1<<50 {
		return 0
	}
	return n
}

const (
	// giveBackEvery is how often memory that is not needed is looked for.
	giveBackEvery = time.Minute
	// giveBackFirst is when the start is over.
	giveBackFirst = 5 * time.Second
	// starting is how often it is taken for granted that there is some.
	starting = 2
	// idlePart is the part of the heap that may be free, and idleHeap what may be
	// free of any.
	idlePart = 0.25
	idleHeap = 2 << 20
)

// giveBack gives memory back to the system that is not needed any more, until ctx
// is done: after the start, and after a backlog. It keeps the pace of garbage
// collection to the size of the heap.
func giveBack(ctx context.Context) {
	var own program
	for n, wait := 0, giveBackFirst; ; n, wait = n+1, giveBackEvery {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if n == 0 { // a start in pieces takes longer
			own = findProgram()
			own.cut()
		}
		used, free := readHeap()
		if n < starting || wasteful(used, free) {
			debug.FreeOSMemory()
			own.drop()
			used, _ = readHeap()
		}
		paceGC(used)
	}
}

// wasteful tells whether the heap holds much that it does not use.
func wasteful(used, free uint64) bool {
	return free > max(idleHeap, uint64(idlePart*float64(used)))
}

// readHeap returns how much of its memory the heap uses and how much not, in
// bytes.
func readHeap() (used, free uint64) {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
