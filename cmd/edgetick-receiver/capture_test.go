package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/promslog"
)

func TestCaptureDir_GoesOnCounting(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"0041.sz", "0041.header", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := newCaptureDir(dir, promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	c.save(http.Header{"User-Agent": {"x"}}, []byte("new"))
	for name, want := range map[string]string{"0041.sz": "old", "0042.sz": "new", "0042.header": "User-Agent: x\r\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestHeaderText_LeavesSecretsOut(t *testing.T) {
	h := http.Header{}
	for _, name := range []string{"authorization", "proxy-authorization", "cookie"} {
		h.Set(name, "hunter2")
	}
	h.Set("X-Scope-OrgID", "tenant")
	got := string(headerText(h))
	if strings.Contains(got, "hunter2") || !strings.Contains(got, "X-Scope-Orgid: tenant") {
		t.Errorf("header text %q", got)
	}
}

func TestCaptureDir_ReportsFailures(t *testing.T) {
	if _, err := newCaptureDir("/dev/null/x", promslog.NewNopLogger()); err == nil || !strings.Contains(err.Error(), "--capture-dir") {
		t.Errorf("error %v, want one that names the flag", err)
	}
	dir := t.TempDir()
	var log strings.Builder
	c, err := newCaptureDir(dir, promslog.New(&promslog.Config{Writer: &log}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	c.save(http.Header{}, nil)
	if n := strings.Count(log.String(), "cannot write captured"); n != 2 {
		t.Errorf("logged %q, want two errors", log.String())
	}
}
