package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// image is a directory's files.
type image map[string][]byte

// place is where a record was written.
type place struct {
	file string
	seq  uint64
	from int
	to   int
	key  bool
}

// smallWAL is a log of a few segments, closed in good order.
func smallWAL(t testing.TB) image {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 900})
	c, err := l.OpenCursor("remote", Oldest)
	if err != nil {
		t.Fatal(err)
	}
	appendSeqs(t, l, 1, 6)
	for _, seq := range []uint64{1, 2} {
		pos := Position{seq, sumItems(0, seq)}
		if err := c.Set(pos, blobOf(pos)); err != nil {
			t.Fatal(err)
		}
	}
	appendSeqs(t, l, 7, 18)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return imageOf(m)
}

func imageOf(m *memFS) image {
	img := image{}
	for name, n := range m.names {
		img[filepath.Base(name)] = slices.Clone(n.data)
	}
	return img
}

func (img image) fs() *memFS {
	m := newMemFS()
	m.dirs[testDir] = true
	for name, data := range img {
		m.names[filepath.Join(testDir, name)] = &inode{data: slices.Clone(data), durable: slices.Clone(data), links: 1}
	}
	m.durable = maps.Clone(m.names)
	return m
}

// places finds the records of an undamaged image.
func (img image) places(t testing.TB) (all []place) {
	fsys := img.fs()
	for _, name := range slices.Sorted(maps.Keys(img)) {
		first, ok := parseSegmentName(name)
		if !ok {
			continue
		}
		sc := scanner{fs: fsys, tries: 1}
		sc.open(filepath.Join(testDir, name), segment{first: first, size: int64(len(img[name]))})
		for {
			h, err := sc.next()
			if err != nil {
				break
			}
			all = append(all, place{name, h.seq, int(h.off), int(h.next()), h.key})
			sc.pass(h)
		}
	}
	if len(all) == 0 {
		t.Fatal("no records")
	}
	return all
}

// survivors returns the Seqs that damage to the bytes from to to of file
// leaves: a record is lost with the records that build on it.
func survivors(all []place, file string, from, to int) (seqs []uint64) {
	chain, in := true, ""
	for _, p := range all {
		if p.file != in || p.key {
			chain, in = true, p.file
		}
		if p.file == file && p.from < to && p.to > from {
			chain = false
		}
		if chain {
			seqs = append(seqs, p.seq)
		}
	}
	return seqs
}

// checkDamaged opens a damaged image and asserts what is left, and that the
// rest is counted.
func checkDamaged(t *testing.T, img image, want []uint64, total uint64, where string) {
	t.Helper()
	_, complete := img[stateName]
	fsys := img.fs()
	in, err := Inspect(testDir, fsys)
	if err != nil {
		t.Fatal(err)
	}
	for range in.Segments() {
	}
	if got := readAll(t, in.NewReader(Position{})); !slices.Equal(got.seqs, want) {
		t.Fatalf("%s: inspected %v, want %v", where, got.seqs, want)
	}
	l, rep := open(t, fsys, Options{SegmentBytes: 900})
	got := readAll(t, l.NewReader(Position{}))
	if !slices.Equal(got.seqs, want) {
		t.Fatalf("%s: read %v, want %v; %v", where, got.seqs, want, rep)
	}
	if got.by[Full] != 0 || got.items+got.lost != l.End().Base {
		t.Fatalf("%s: read %d, lost %d of %d", where, got.items, got.lost, l.End().Base)
	}
	if complete && l.End().Base != total {
		t.Fatalf("%s: the log ends at %d items, appended were %d", where, l.End().Base, total)
	}
	// It goes on.
	next := l.LastSeq() + 1
	appendSeqs(t, l, next, next+2)
	again := readAll(t, l.NewReader(Position{}))
	if !slices.Equal(again.seqs, append(slices.Clone(want), seqRange(next, next+2)...)) || again.items+again.lost != l.End().Base {
		t.Fatalf("%s: after appending: %+v", where, again)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLog_EveryByteDamaged(t *testing.T) {
	whole := smallWAL(t)
	all := whole.places(t)
	total := sumItems(0, 18)
	if n := len(slices.CompactFunc(slices.Clone(all), func(a, b place) bool { return a.file == b.file })); n < 3 {
		t.Fatalf("%d segments", n)
	}
	flips := map[bool][]byte{true: {0x01, 0x80, 0xFF}, false: {0x10}}
	for _, state := range []bool{true, false} {
		for name, data := range whole {
			t.Run(fmt.Sprintf("state=%v/%s", state, name), func(t *testing.T) {
				for i := 0; i < len(data); i += stride {
					for _, flip := range flips[state] {
						img := maps.Clone(whole)
						img[name] = slices.Clone(data)
						img[name][i] ^= flip
						if !state {
							delete(img, stateName)
						}
						want := survivors(all, name, i, i+1)
						checkDamaged(t, img, want, total, fmt.Sprintf("byte %d ^ %#x", i, flip))
					}
					img := maps.Clone(whole)
					img[name] = data[:i]
					if !state || name == stateName {
						delete(img, stateName)
					}
					want := survivors(all, name, i, len(data))
					if i < segmentHeaderSize {
						want = survivors(all, name, 0, len(data))
					}
					checkDamaged(t, img, want, total, fmt.Sprintf("cut to %d of %d", i, len(data)))
				}
			})
		}
	}
}

func TestLog_StretchesOfGarbage(t *testing.T) {
	whole := smallWAL(t)
	all := whole.places(t)
	for name, data := range whole {
		if !strings.HasSuffix(name, segmentSuffix) {
			continue
		}
		for from := 0; from < len(data); from += 13 {
			for _, n := range []int{8, 100, 400} {
				to := min(from+n, len(data))
				img := maps.Clone(whole)
				img[name] = slices.Clone(data)
				for i := from; i < to; i++ {
					img[name][i] ^= 0xFF
				}
				checkDamaged(t, img, survivors(all, name, from, to), sumItems(0, 18), fmt.Sprintf("%s: garbage %d to %d", name, from, to))
			}
		}
	}
}

func TestLog_ReportsDamage(t *testing.T) {
	whole := smallWAL(t)
	all := whole.places(t)
	last, mid := all[len(all)-1], all[len(all)/2]
	segs := 0
	for name := range whole {
		if strings.HasSuffix(name, segmentSuffix) {
			segs++
		}
	}
	tests := []struct {
		name  string
		do    func(img image)
		check func(r *Report) bool
	}{
		{"nothing", func(image) {}, func(r *Report) bool { return r.Clean() && r.Segments == segs }},
		{"tail torn by a crash", func(img image) {
			img[last.file] = img[last.file][:last.to-3]
			delete(img, stateName)
		}, func(r *Report) bool {
			return r.TornBytes == int64(last.to-last.from-3) && r.TornItems == uint64(itemsOf(last.seq)) && r.DamagedItems == 0
		}},
		{"tail cut off after closing", func(img image) {
			img[last.file] = img[last.file][:last.to-3]
		}, func(r *Report) bool {
			return r.TornBytes > 0 && r.TornItems == 0 && r.DamagedItems == uint64(itemsOf(last.seq))
		}},
		{"last payload flipped", func(img image) { img[last.file][last.to-1] ^= 1 }, func(r *Report) bool {
			return r.DamagedBytes == int64(last.to-last.from) && r.DamagedItems == uint64(itemsOf(last.seq))
		}},
		{"segment without a record", func(img image) { clear(img[mid.file][:len(img[mid.file])-1]) }, func(r *Report) bool {
			return len(r.Aside) == 1 && r.Aside[0].Name == mid.file+asideSuffix && r.Segments == segs-1
		}},
		{"segment of zeroes", func(img image) { clear(img[mid.file]) }, func(r *Report) bool {
			return r.TornBytes == int64(len(whole[mid.file])) && len(r.Aside) == 0
		}},
		{"cursor", func(img image) { clear(img["remote.cursor"][8:1000]) }, func(r *Report) bool {
			return len(r.Aside) == 1 && r.Aside[0].Name == "remote.cursor"+asideSuffix
		}},
		{"newer version", func(img image) { newerVersion(img[mid.file]) }, func(r *Report) bool {
			return len(r.Aside) == 1 && strings.Contains(r.Aside[0].Err.Error(), "version 9")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			img := image{}
			for name, data := range whole {
				img[name] = slices.Clone(data)
			}
			tt.do(img)
			m := img.fs()
			l, rep := open(t, m, Options{})
			if !tt.check(rep) {
				t.Errorf("%+v", rep)
			}
			if _, rep := open(t, m.crash("lost", 0), Options{}); rep.TornBytes > 0 || len(rep.Aside) > 0 {
				t.Errorf("the next time: %+v", rep)
			}
			if rep.String() == "" {
				t.Error("empty summary")
			}
			if got := readAll(t, l.NewReader(Position{})); got.items+got.lost != l.End().Base {
				t.Errorf("read %d, lost %d of %d", got.items, got.lost, l.End().Base)
			}
		})
	}
}

// newerVersion makes a segment's header say version 9, with a right checksum.
func newerVersion(b []byte) {
	b[8] = 9
	binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
}
