package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// dropProgram lets go of the program's own pages. Those that are needed come back
// from the system's cache when they are; most were needed only by the start.
func dropProgram() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	var m mapping
	for s := bufio.NewScanner(f); s.Scan(); {
		if next, ok := parseMapping(s.Text()); ok {
			m = next
		} else if strings.HasPrefix(s.Text(), "Anonymous:") && strings.HasSuffix(s.Text(), " 0 kB") && m.path == exe && !m.writable {
			// It holds nothing but what is in the file.
			unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
		}
	}
}

// mapping is one of a process's, as /proc/PID/smaps lists them.
type mapping struct {
	from, to uintptr
	writable bool
	path     string
}

func parseMapping(line string) (mapping, bool) {
	var m mapping
	var perm, device string
	var offset, inode uint64
	n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d %s", &m.from, &m.to, &perm, &offset, &device, &inode, &m.path)
	m.writable = strings.Contains(perm, "w")
	return m, n == 7
}
