package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// The program's own pages are most of what the process would otherwise hold: it
// needs about 4 MiB of the 22 once it has started. dropProgram lets go of all of
// them, and those that are needed come back from the system's cache.
//
// For each page that comes back the kernel maps its neighbours, too, 64 KiB in
// all, which on the average nobody needs, and which it then takes for used. It
// stops at the borders of a mapping. So the program is cut into mappings of
// pieceSize by giving every other one a flag of its own, one that has no other
// effect: the program's pages are never in a core dump. A mapping takes the
// kernel some 200 bytes.

// pieceSize is the size in bytes of the mappings that the program is cut into: a
// multiple of the size of a page on most machines.
const pieceSize = 16 << 10

// dropProgram lets go of the program's own pages.
func dropProgram() {
	maps, err := programMappings()
	if err != nil {
		return
	}
	for _, m := range maps {
		// What it does not hold is what the file holds, unless a debugger has
		// changed it.
		if !m.changed {
			m.advise(unix.MADV_DONTNEED)
		}
		for from := m.from; from+pieceSize < m.to; from += 2 * pieceSize {
			mapping{from: from, to: from + pieceSize}.advise(unix.MADV_DONTDUMP)
		}
	}
}

// mapping is one of the process's mappings of memory.
type mapping struct {
	from, to uintptr
	changed  bool // it holds pages that differ from the file's
}

// advise tells the kernel something about a mapping. What it does not know it
// does not follow, and nothing is lost.
func (m mapping) advise(advice int) {
	unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, uintptr(advice))
}

// programMappings are the read-only mappings of the program's file.
func programMappings() (list []mapping, err error) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ours := false
	s := bufio.NewScanner(f)
	for s.Scan() {
		line := s.Text()
		if m, perm, path, ok := parseMapping(line); ok {
			if ours = path == exe && !strings.Contains(perm, "w"); ours {
				list = append(list, m)
			}
		} else if size, ok := strings.CutPrefix(line, "Anonymous:"); ours && ok {
			list[len(list)-1].changed = strings.TrimSpace(size) != "0 kB"
		}
	}
	return list, s.Err()
}

// parseMapping reads the first line of a mapping in /proc/PID/smaps.
func parseMapping(line string) (m mapping, perm, path string, ok bool) {
	var device string
	var offset, inode uint64
	n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d %s", &m.from, &m.to, &perm, &offset, &device, &inode, &path)
	return m, perm, path, n == 7
}
