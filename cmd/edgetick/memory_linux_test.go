package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseMapping(t *testing.T) {
	type parsed struct {
		mapping
		perm, path string
	}
	for line, want := range map[string]parsed{
		"00400000-00d3a000 r-xp 00000000 fe:00 1234                               /usr/bin/edgetick": {mapping{0x400000, 0xd3a000}, "r-xp", "/usr/bin/edgetick"},
		"01915000-01945000 rw-p 01514000 fe:00 1234                               /usr/bin/edgetick": {mapping{0x1915000, 0x1945000}, "rw-p", "/usr/bin/edgetick"},
	} {
		m, perm, path, ok := parseMapping(line)
		if got := (parsed{m, perm, path}); !ok || got != want {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{
		"c000000000-c000400000 rw-p 00000000 00:00 0 ",
		"Anonymous:             0 kB",
		"",
	} {
		if m, _, _, ok := parseMapping(line); ok {
			t.Errorf("%q is %+v", line, m)
		}
	}
}

// A program goes on after it has been cut and has let go of itself.
func TestProgram(t *testing.T) {
	whole := findProgram()
	if whole.size() == 0 {
		t.Fatal("the program has no pages")
	}
	whole.cut()
	for range 3 {
		whole.drop()
	}
	pieces := findProgram()
	if pieces.size() != whole.size() {
		t.Errorf("%d bytes of the program are mapped, %d before", pieces.size(), whole.size())
	}
	if want := int(whole.size() / pieceSize()); len(pieces) < want-2 || len(pieces) > want+4 {
		t.Errorf("the program is in %d mappings, want about %d", len(pieces), want)
	}
}

// size is that of all of the program, in bytes.
func (p program) size() (n uintptr) {
	for _, m := range p {
		n += m.to - m.from
	}
	return n
}

func TestProgram_StaysWhileItIsTraced(t *testing.T) {
	if traced() {
		t.Error("a debugger is attached, or this is wrong")
	}
}

func TestWasteful(t *testing.T) {
	for _, c := range []struct {
		used, free uint64
		want       bool
	}{
		{4 << 20, 1 << 20, false},
		{4 << 20, 3 << 20, true}, // after a start
		{400 << 20, 90 << 20, false},
		{400 << 20, 110 << 20, true}, // after a backlog
	} {
		if got := wasteful(c.used, c.free); got != c.want {
			t.Errorf("used %d, free %d: %v, want %v", c.used, c.free, got, c.want)
		}
	}
}

// A small heap may grow by a quarter, a larger one by maxGrowth.
func TestGrowth(t *testing.T) {
	for used, want := range map[uint64]int{
		0: 25, 4 << 20: 25, 128 << 20: 25, 129 << 20: 24, 320 << 20: 10, 640 << 20: 5, 4 << 30: 5,
	} {
		if got := growth(used); got != want {
			t.Errorf("%d MiB may grow by %d %%, want %d", used>>20, got, want)
		}
	}
}

func TestLimitIn(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]int64{
		"67108864\n":            64 << 20,
		"max\n":                 0, // of version 2
		"9223372036854771712\n": 0, // no limit of version 1
		"":                      0,
		"-1\n":                  0,
	} {
		file := filepath.Join(dir, "limit")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := limitIn(file); got != want {
			t.Errorf("%q is %d, want %d", content, got, want)
		}
	}
	if got := limitIn(filepath.Join(dir, "none")); got != 0 {
		t.Errorf("no file is %d", got)
	}
}
