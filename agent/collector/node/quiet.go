package node

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// quietHandler makes node_exporter's collectors as quiet as an agent should be. They log the same complaint at every
// gathering, a broken textfile for instance: it lets through a complaint that was not made during the previous page. And
// what they tell about themselves at level info becomes debug.
type quietHandler struct {
	next   slog.Handler
	prefix string // attributes and groups of the logger, to tell the complaints of collectors apart
	heard  *heard
}

// heard remembers complaints by their text, during this page and the one before.
type heard struct {
	mu            sync.Mutex
	now, previous map[string]bool
}

// newQuietHandler returns a handler before logger's. A nil logger discards everything.
func newQuietHandler(logger *slog.Logger) *quietHandler {
	var next slog.Handler = slog.DiscardHandler
	if logger != nil {
		next = logger.Handler()
	}
	return &quietHandler{next: next, heard: &heard{now: make(map[string]bool), previous: make(map[string]bool)}}
}

// nextPage begins a new page: complaints not made since the call before this one are news again.
func (h *quietHandler) nextPage() {
	h.heard.mu.Lock()
	defer h.heard.mu.Unlock()
	h.heard.now, h.heard.previous = h.heard.previous, h.heard.now
	clear(h.heard.now)
}

// isNews notes a complaint and reports whether it is the first of its kind in two pages.
func (h *heard) isNews(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	news := !h.now[text] && !h.previous[text]
	h.now[text] = true
	return news
}

// Enabled implements slog.Handler.
func (h *quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, demoted(level))
}

// Handle implements slog.Handler.
func (h *quietHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level > slog.LevelInfo && !h.heard.isNews(h.text(r)) {
		return nil
	}
	r.Level = demoted(r.Level)
	return h.next.Handle(ctx, r)
}

// text is all of a record but its time.
func (h *quietHandler) text(r slog.Record) string {
	var b strings.Builder
	b.WriteString(h.prefix)
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteByte('\n')
		b.WriteString(a.String())
		return true
	})
	return b.String()
}

// WithAttrs implements slog.Handler.
func (h *quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	prefix := h.prefix
	for _, a := range attrs {
		prefix += a.String() + "\n"
	}
	return &quietHandler{next: h.next.WithAttrs(attrs), prefix: prefix, heard: h.heard}
}

// WithGroup implements slog.Handler.
func (h *quietHandler) WithGroup(name string) slog.Handler {
	return &quietHandler{next: h.next.WithGroup(name), prefix: h.prefix + name + ".", heard: h.heard}
}

func demoted(level slog.Level) slog.Level {
	if level == slog.LevelInfo {
		return slog.LevelDebug
	}
	return level
}
