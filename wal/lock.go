package wal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// takeLock locks the log in dir for this process. The kernel frees the lock
// when the process ends, however it ends, so the file itself means nothing.
func takeLock(fsys FS, dir string) (File, error) {
	name := filepath.Join(dir, lockName)
	f, err := fsys.Lock(name)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		if pid := readPID(fsys, name); pid > 0 {
			return nil, fmt.Errorf("%w: %s, by process %d", ErrLocked, dir, pid)
		}
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	// The process id is only for people: failing to note it does no harm.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, nil
}

// readPID returns the process id in a lock file, or 0.
func readPID(fsys FS, name string) int {
	f, err := fsys.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return 0
	}
	defer f.Close()
	var b [20]byte
	n, _ := f.ReadAt(b[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil {
		return 0
	}
	return pid
}
