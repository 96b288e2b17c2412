package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The program is what of its file is not writable and has not been written to.
func TestProgramIn(t *testing.T) {
	const exe = "/opt/edge tick/edgetick"
	const smaps = `00400000-00d3a000 r-xp 00000000 fe:00 1234                               /opt/edge tick/edgetick
Size:               9448 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00d3a000-00d4a000 r--p 0093a000 fe:00 1234                               /opt/edge tick/edgetick
Size:                 64 kB
Anonymous:            60 kB
00d4a000-01915000 r--p 0094a000 fe:00 1234                               /opt/edge tick/edgetick
Anonymous:             0 kB
01915000-01945000 rw-p 01514000 fe:00 1234                               /opt/edge tick/edgetick
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0 
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 fe:00 1235                       /opt/edge tick/edgetick.so
Anonymous:             0 kB
7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
`
	want := program{{0x400000, 0xd3a000}, {0xd4a000, 0x1915000}}
	if got := programIn(smaps, exe); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
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

func TestLeastLimit(t *testing.T) {
	root := t.TempDir()
	for file, content := range map[string]string{
		"memory.max":                                      "67108864\n", // the container's
		"system.slice/memory.max":                         "33554432\n",
		"system.slice/edgetick.service/memory.max":        "max\n",
		"memory/memory.limit_in_bytes":                    "9223372036854771712\n",
		"memory/system.slice/e/memory.limit_in_bytes":     "16777216\n",
		"cpu/system.slice/e/memory.limit_in_bytes":        "1\n",
		"memory/system.slice/other/memory.limit_in_bytes": "1\n",
	} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for groups, want := range map[string]int64{
		"0::/system.slice/edgetick.service\n": 32 << 20,
		"0::/docker/0123\n":                   64 << 20,
		"0::/\n":                              64 << 20,
		"5:cpu,cpuacct:/system.slice/e\n4:memory:/system.slice/e\n": 16 << 20,
		"4:memory:/elsewhere\n": 0,
		"":                      0,
	} {
		if got := leastLimit(groups, root); got != want {
			t.Errorf("%q: %d, want %d", groups, got, want)
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
