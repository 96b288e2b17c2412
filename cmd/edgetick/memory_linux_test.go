package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseMapping(t *testing.T) {
	for line, want := range map[string]mapping{
		"00400000-00d3a000 r-xp 00000000 fe:00 1234                               /usr/bin/edgetick": {0x400000, 0xd3a000, false, "/usr/bin/edgetick"},
		"01915000-01945000 rw-p 01514000 fe:00 1234                               /usr/bin/edgetick": {0x1915000, 0x1945000, true, "/usr/bin/edgetick"},
	} {
		if got, ok := parseMapping(line); !ok || got != want {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{
		"c000000000-c000400000 rw-p 00000000 00:00 0 ",
		"Anonymous:             0 kB",
		"",
	} {
		if got, ok := parseMapping(line); ok {
			t.Errorf("%q is %+v", line, got)
		}
	}
}

// A program goes on after it has let go of itself.
func TestDropProgram(t *testing.T) {
	for range 3 {
		dropProgram()
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
