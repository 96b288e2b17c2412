package wal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// An FS is the part of a file system that a log needs. Names are paths.
// Its methods may be called from several goroutines.
type FS interface {
	// MkdirAll makes dir and its parents, durably. An existing one is no error.
	MkdirAll(dir string) error
	// ReadDir lists the regular files of dir in any order.
	ReadDir(dir string) ([]FileInfo, error)
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
	// OpenFile opens a file with the flags of package os.
	OpenFile(name string, flag int) (File, error)
	// Lock opens name, making it if needed, and locks it until it is closed.
	// It returns an error that is syscall.EWOULDBLOCK if another has the lock.
	Lock(name string) (File, error)
	// Rename renames a file.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(name string) error
}

// A File is an open file of an FS.
type File interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
	// Linked tells whether the file still has a name.
	Linked() bool
	// Named tells whether the name that the file was opened by leads to it. If
	// that cannot be known it does. It costs more than Linked.
	Named() bool
}

// A FileInfo describes a file of a directory.
type FileInfo struct {
	Name string // without the directory
	Size int64  // bytes
}

const (
	fileMode = 0o640
	dirMode  = 0o750
)

// osFS is the real file system.
type osFS struct{}

type osFile struct{ *os.File }

// RealFS returns the real file system, for tests that break it.
func RealFS() FS { return osFS{} }

func (osFS) MkdirAll(dir string) error {
	var missing []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, d)
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	for _, d := range missing {
		if err := (osFS{}).SyncDir(filepath.Dir(d)); err != nil {
			return err
		}
	}
	return nil
}

func (osFS) ReadDir(dir string) ([]FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make([]FileInfo, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since it was listed
		}
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			files = append(files, FileInfo{Name: e.Name(), Size: info.Size()})
		}
	}
	return files, nil
}

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (osFS) OpenFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Lock(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if errors.Is(err, syscall.EROFS) {
		// The backlog can still be sent from a read-only file system.
		f, err = os.OpenFile(name, os.O_RDONLY, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "flock", Path: name, Err: err}
	}
	return osFile{f}, nil
}

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(name string) error     { return os.Remove(name) }

func (f osFile) Linked() bool {
	var st syscall.Stat_t
	return syscall.Fstat(int(f.Fd()), &st) == nil && st.Nlink > 0
}

func (f osFile) Named() bool {
	there, err := os.Stat(f.Name())
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false
	}
	open, openErr := f.Stat()
	return err != nil || openErr == nil && os.SameFile(there, open)
}

// meteredFS counts what is asked of a file system.
type meteredFS struct {
	FS
	meter *meter
}

type meter struct {
	writes, bytes, syncs, dirSyncs atomic.Uint64
}

type meteredFile struct {
	File
	meter *meter
}

func (m meteredFS) OpenFile(name string, flag int) (File, error) {
	f, err := m.FS.OpenFile(name, flag)
	if err != nil || flag&(os.O_RDWR|os.O_WRONLY) == 0 {
		return f, err
	}
	return &meteredFile{f, m.meter}, nil
}

func (m meteredFS) SyncDir(dir string) error {
	m.meter.dirSyncs.Add(1)
	return m.FS.SyncDir(dir)
}

func (f *meteredFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	f.meter.writes.Add(1)
	f.meter.bytes.Add(uint64(n))
	return n, err
}

func (f *meteredFile) Sync() error {
	f.meter.syncs.Add(1)
	return f.File.Sync()
}
