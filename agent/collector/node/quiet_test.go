package node

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestQuietHandler(t *testing.T) {
	var out bytes.Buffer
	level := &slog.LevelVar{}
	h := newQuietHandler(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
	a, b := slog.New(h).With("collector", "a"), slog.New(h).WithGroup("g").With("collector", "b")
	page := func(say func()) int {
		out.Reset()
		h.nextPage()
		say()
		return strings.Count(out.String(), "\n")
	}
	complain := func() { a.Error("broken", "file", "x"); a.Error("broken", "file", "x") }
	for i, step := range []struct {
		say  func()
		want int
	}{
		{complain, 1},
		{complain, 0},
		{func() { complain(); a.Error("broken", "file", "y"); b.Error("broken", "file", "x") }, 2},
		{func() {}, 0},
		{complain, 1},
		{func() { a.Info("chatter"); a.Debug("detail") }, 0},
		{func() { level.Set(slog.LevelDebug); a.Info("chatter"); a.Info("chatter") }, 2},
	} {
		if got := page(step.say); got != step.want {
			t.Errorf("step %d: %d lines, want %d:\n%s", i, got, step.want, out.String())
		}
	}
	if !strings.Contains(out.String(), "level=DEBUG msg=chatter") {
		t.Errorf("info is not debug: %s", out.String())
	}
}
