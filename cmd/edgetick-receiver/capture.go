package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// captureDir writes requests to files: 0001.sz is the body as it came, and
// 0001.header its header. Numbers go on where an earlier run stopped. It is
// safe for concurrent use.
type captureDir struct {
	dir    string
	logger *slog.Logger
	last   atomic.Uint64
}

func newCaptureDir(dir string, logger *slog.Logger) (*captureDir, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("--capture-dir: %w", err)
	}
	c := &captureDir{dir: dir, logger: logger}
	last, err := lastNumber(dir)
	if err != nil {
		return nil, fmt.Errorf("--capture-dir: %w", err)
	}
	c.last.Store(last)
	return c, nil
}

func lastNumber(dir string) (last uint64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))
		if n, err := strconv.ParseUint(name, 10, 63); err == nil {
			last = max(last, n)
		}
	}
	return last, nil
}

// save writes one request. A failure is logged: it must not disturb the sender.
func (c *captureDir) save(header http.Header, body []byte) {
	base := filepath.Join(c.dir, fmt.Sprintf("%04d", c.last.Add(1)))
	if err := os.WriteFile(base+".header", headerText(header), 0o644); err != nil {
		c.logger.Error("cannot write captured header", "err", err)
	}
	if err := os.WriteFile(base+".sz", body, 0o644); err != nil {
		c.logger.Error("cannot write captured body", "err", err)
	}
}

// headerText is the header as it was sent, without secrets.
func headerText(header http.Header) []byte {
	for _, secret := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		if header.Get(secret) != "" {
			header.Set(secret, "(left out)")
		}
	}
	var b bytes.Buffer
	// A bytes.Buffer takes everything.
	_ = header.Write(&b)
	return b.Bytes()
}
