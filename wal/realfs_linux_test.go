package wal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// tmpfs mounts a file system of size bytes, or skips the test.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestLog_RealDiskFull(t *testing.T) {
	disk := tmpfs(t, "2m")
	l, _, err := Open(filepath.Join(disk, "log"), Options{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	appendSeqs(t, l, 1, 100)
	hog := filepath.Join(disk, "hog")
	if err := os.WriteFile(hog, make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	var acked []uint64
	seq := uint64(100)
	for l.Stats().Failures < 10 {
		seq++
		if _, err := l.Append(header(seq), encodeOf(seq)); err == nil {
			acked = append(acked, seq) // what fits into the last block
		} else if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, seq+1, seq+50)
	want := slices.Concat(seqRange(1, 100), acked, seqRange(seq+1, seq+50))
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, want) || got.lost != 0 {
		t.Errorf("read %v, want %v", got.seqs, want)
	}
}

func TestLog_RealReadOnlyRemount(t *testing.T) {
	disk := tmpfs(t, "2m")
	dir := filepath.Join(disk, "log")
	l, _, err := Open(dir, Options{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 1, 20)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	remount := func(flags uintptr) {
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|flags, "size=2m"); err != nil {
			t.Skipf("cannot remount: %v", err)
		}
	}
	remount(syscall.MS_RDONLY)
	l, rep, err := Open(dir, Options{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep)
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, seqRange(1, 20)) {
		t.Errorf("read only: %v", got.seqs)
	}
	for seq := uint64(21); seq < 25; seq++ {
		if _, err := l.Append(header(seq), encodeOf(seq)); !errors.Is(err, syscall.EROFS) {
			t.Fatal(err)
		}
	}
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	remount(0)
	appendSeqs(t, l, 25, 30)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	l, _, err = Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := readAll(t, l.NewReader(Position{})); !slices.Equal(got.seqs, append(seqRange(1, 20), seqRange(25, 30)...)) || got.lost != 0 {
		t.Errorf("afterwards: %+v", got)
	}
}
