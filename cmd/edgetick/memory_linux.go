package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// The program's own pages are most of what the process would otherwise hold: it
// needs about 4 MiB of the 22 once it has started. So it lets go of all of them,
// and those that are needed come back from the system's cache.
//
// For each page that comes back the kernel maps its neighbours, too, 64 KiB in
// all, which on the average nobody needs, and which it then takes for used. It
// stops at the borders of a mapping. So the program is cut into mappings of
// pieceSize by giving every other one a flag of its own, one that has no other
// effect: the program's pages are never in a core dump. A mapping takes the
// kernel some 200 bytes.

// pieceSize is the size in bytes of the mappings that the program is cut into: as
// small as their cost for the kernel allows.
func pieceSize() uintptr { return uintptr(max(8<<10, os.Getpagesize())) }

// program is those mappings of the program's file that are as they are in it.
type program []mapping

// mapping is one of the process's mappings of memory.
type mapping struct{ from, to uintptr }

// drop lets go of the program's own pages, unless a debugger is attached, which
// may have changed some.
func (p program) drop() {
	if traced() {
		return
	}
	for _, m := range p {
		m.advise(unix.MADV_DONTNEED)
	}
}

// cut cuts the program into pieces.
func (p program) cut() {
	size := pieceSize()
	for _, m := range p {
		for from := m.from; from+size < m.to; from += 2 * size {
			mapping{from, from + size}.advise(unix.MADV_DONTDUMP)
		}
	}
}

// advise tells the kernel something about a mapping. What it does not know it
// does not follow, and nothing is lost.
func (m mapping) advise(advice int) {
	unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, uintptr(advice))
}

// findProgram finds the program, or nothing where that cannot be told.
func findProgram() program {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	raw, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return nil
	}
	return programIn(string(raw), exe)
}

// programIn finds the program in /proc/PID/smaps. What cannot be written to may have
// been before: a program that can stand anywhere has its addresses set where it does,
// and these are in no file. Such pages count as anonymous.
func programIn(smaps, exe string) (p program) {
	var m mapping
	own := false // m is of the program's file
	for line := range strings.Lines(smaps) {
		if next, perm, path, ok := parseMapping(line); ok {
			m, own = next, path == exe && !strings.Contains(perm, "w")
		} else if size, ok := strings.CutPrefix(line, "Anonymous:"); ok && own && strings.TrimSpace(size) == "0 kB" {
			p = append(p, m)
		}
	}
	return p
}

// parseMapping reads a line of /proc/PID/smaps that begins a mapping. The path is
// empty if it is of no file.
func parseMapping(line string) (m mapping, perm, path string, ok bool) {
	var device string
	var offset, inode uint64
	n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d", &m.from, &m.to, &perm, &offset, &device, &inode)
	if i := strings.IndexByte(line, '/'); i >= 0 {
		path = strings.TrimSuffix(line[i:], "\n")
	}
	return m, perm, path, n == 6
}

// traced tells whether a debugger is attached to the process, or may be.
func traced() bool {
	raw, err := os.ReadFile("/proc/self/status")
	return err != nil || !bytes.Contains(raw, []byte("\nTracerPid:\t0\n"))
}
