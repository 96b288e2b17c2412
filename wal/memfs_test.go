package wal

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// memFS is a file system in memory that knows which bytes and which names have
// been synced, and can be made to crash or to fail at any operation.
type memFS struct {
	mu      sync.Mutex
	dirs    map[string]bool
	names   map[string]*inode
	durable map[string]*inode // names as of the last SyncDir
	locks   map[string]bool

	ops int // operations so far that change something

	// before is asked before every operation; an error makes it fail. A write
	// that fails has written half.
	before func(o memOp) error
	// after is called after every operation that changes something.
	after func(m *memFS)
}

// memOp is an operation that is about to be done.
type memOp struct {
	kind    string
	name    string
	changes bool
	n       int // count of changing operations before it
}

type inode struct {
	data    []byte
	durable []byte
	pending []change // since the last Sync
	links   int
}

// change is a write, or a truncation if data is nil.
type change struct {
	off  int64
	data []byte
}

var errCrashed = errors.New("crashed")

func newMemFS() *memFS {
	return &memFS{dirs: map[string]bool{}, names: map[string]*inode{}, durable: map[string]*inode{}, locks: map[string]bool{}}
}

// op accounts for an operation. m.mu is held.
func (m *memFS) op(kind, name string, changes bool) error {
	o := memOp{kind, filepath.Base(name), changes, m.ops}
	if changes {
		m.ops++
	}
	if m.before != nil {
		if err := m.before(o); err != nil {
			return &fs.PathError{Op: kind, Path: name, Err: err}
		}
	}
	return nil
}

func (m *memFS) done() {
	if m.after != nil {
		m.after(m)
	}
}

func (m *memFS) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirs[dir] {
		return m.op("mkdir", dir, false)
	}
	if err := m.op("mkdir", dir, true); err != nil {
		return err
	}
	m.dirs[dir] = true
	return nil
}

func (m *memFS) ReadDir(dir string) ([]FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.op("readdir", dir, false); err != nil {
		return nil, err
	}
	if !m.dirs[dir] {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: syscall.ENOENT}
	}
	var files []FileInfo
	for name, n := range m.names {
		if filepath.Dir(name) == dir {
			files = append(files, FileInfo{filepath.Base(name), int64(len(n.data))})
		}
	}
	return files, nil
}

func (m *memFS) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.op("syncdir", dir, true); err != nil {
		return err
	}
	if !m.dirs[dir] {
		return &fs.PathError{Op: "syncdir", Path: dir, Err: syscall.ENOENT}
	}
	m.durable = maps.Clone(m.names)
	return nil
}

func (m *memFS) OpenFile(name string, flag int) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[name]
	makes := n == nil && flag&os.O_CREATE != 0
	if err := m.op("open", name, makes); err != nil {
		return nil, err
	}
	switch {
	case !m.dirs[filepath.Dir(name)], n == nil && !makes:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EEXIST}
	case makes:
		n = &inode{links: 1}
		m.names[name] = n
		m.done()
	}
	return &memFile{fs: m, name: name, inode: n}, nil
}

func (m *memFS) Lock(name string) (File, error) {
	f, err := m.OpenFile(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] && m.names[name].links > 0 {
		return nil, syscall.EWOULDBLOCK
	}
	m.locks[name] = true
	f.(*memFile).locked = true
	return f, nil
}

func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.op("rename", from, true); err != nil {
		return err
	}
	n := m.names[from]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: syscall.ENOENT}
	}
	delete(m.names, from)
	m.names[to] = n
	m.done()
	return nil
}

func (m *memFS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.op("remove", name, true); err != nil {
		return err
	}
	n := m.names[name]
	if n == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOENT}
	}
	n.links = 0
	delete(m.names, name)
	m.done()
	return nil
}

// removeAll is rm -rf behind the log's back, lock and all.
func (m *memFS) removeAll(dir string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, n := range m.names {
		if filepath.Dir(name) == dir {
			n.links = 0
			delete(m.names, name)
		}
	}
	delete(m.dirs, dir)
	clear(m.locks)
}

// total returns the sizes of all files, in blocks. m.mu is held.
func (m *memFS) total() (n int64) {
	for _, i := range m.names {
		n += footprint(int64(len(i.data)))
	}
	return n
}

type memFile struct {
	fs     *memFS
	name   string
	inode  *inode
	locked bool
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.op("read", f.name, false); err != nil {
		return 0, err
	}
	if off >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.inode.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.fs.op("write", f.name, true)
	if errors.Is(err, errCrashed) {
		return 0, err
	}
	if err != nil {
		p = p[:len(p)/2]
	}
	c := change{off, append([]byte{}, p...)}
	f.inode.data = c.apply(f.inode.data)
	f.inode.pending = append(f.inode.pending, c)
	f.fs.done()
	return len(p), err
}

func (f *memFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.op("truncate", f.name, true); err != nil {
		return err
	}
	c := change{off: size}
	f.inode.data = c.apply(f.inode.data)
	f.inode.pending = append(f.inode.pending, c)
	f.fs.done()
	return nil
}

func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.op("sync", f.name, true); err != nil {
		// The kernel marks the pages clean: another Sync would not write them.
		if !errors.Is(err, errCrashed) {
			f.inode.pending = nil
		}
		return err
	}
	for _, c := range f.inode.pending {
		f.inode.durable = c.apply(f.inode.durable)
	}
	f.inode.pending = nil
	return nil
}

func (f *memFile) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.locked {
		delete(f.fs.locks, f.name)
	}
	return nil
}

func (f *memFile) Named() bool { return f.Linked() }

func (f *memFile) Linked() bool {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.inode.links > 0
}

// apply returns b, which it may change, after the change.
func (c change) apply(b []byte) []byte {
	if c.data == nil {
		if c.off <= int64(len(b)) {
			return b[:c.off]
		}
		return append(b, make([]byte, c.off-int64(len(b)))...)
	}
	if end := c.off + int64(len(c.data)); end > int64(len(b)) {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[c.off:], c.data)
	return b
}

// crashKinds says what may be left of what was not synced.
var crashKinds = []string{"lost", "kept", "torn", "names", "data", "mixed"}

// kill returns the file system as it is found after kill -9: all is there, but
// no more of it is synced than was.
func (m *memFS) kill() *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := newMemFS()
	maps.Copy(after.dirs, m.dirs)
	copies := map[*inode]*inode{}
	for _, names := range []map[string]*inode{m.names, m.durable} {
		for _, n := range names {
			if copies[n] != nil {
				continue
			}
			copies[n] = &inode{slices.Clone(n.data), slices.Clone(n.durable), slices.Clone(n.pending), n.links}
		}
	}
	for name, n := range m.names {
		after.names[name] = copies[n]
	}
	for name, n := range m.durable {
		after.durable[name] = copies[n]
	}
	return after
}

// crash returns the file system as it is found after a loss of power.
func (m *memFS) crash(kind string, seed uint64) *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	rnd := rand.New(rand.NewPCG(seed, 1))
	after := newMemFS()
	maps.Copy(after.dirs, m.dirs)
	names := m.durable
	switch kind {
	case "kept", "torn", "names":
		names = m.names
	case "mixed":
		names = mixNames(m.durable, m.names, rnd)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		data := names[name].after(kind, rnd)
		after.names[name] = &inode{data: data, durable: slices.Clone(data), links: 1}
	}
	after.durable = maps.Clone(after.names)
	return after
}

func mixNames(was, is map[string]*inode, rnd *rand.Rand) map[string]*inode {
	mixed := map[string]*inode{}
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		pick := was
		if rnd.IntN(2) == 0 {
			pick = is
		}
		if n := pick[name]; n != nil {
			mixed[name] = n
		}
	}
	return mixed
}

func (n *inode) after(kind string, rnd *rand.Rand) []byte {
	switch kind {
	case "lost", "names":
		return slices.Clone(n.durable)
	case "kept", "data":
		return slices.Clone(n.data)
	}
	keep := len(n.pending)
	if kind == "mixed" {
		keep = rnd.IntN(len(n.pending) + 1)
	}
	b := slices.Clone(n.durable)
	for i, c := range n.pending[:keep] {
		if i == keep-1 && len(c.data) > 0 {
			c.data = c.data[:rnd.IntN(len(c.data))]
		}
		b = c.apply(b)
	}
	return b
}
