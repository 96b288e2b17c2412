package collector_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

// report is the samples about the scrape, which end each column.
func report(t *testing.T, b buffer.Block) (up, duration, scraped, kept, added float64) {
	t.Helper()
	if len(b.Values) < reports {
		t.Fatalf("a block of %d values has no report", len(b.Values))
	}
	v := b.Values[len(b.Values)-reports:]
	return v[0], v[1], v[2], v[3], v[4]
}

func TestTarget_HangingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		release := make(chan struct{})
		tgt := newTarget(collector.Config{
			Timeout: 3 * time.Second,
			Source: sourceFunc(func(context.Context) (collector.Page, error) { // deaf to its context
				if calls.Add(1) == 2 {
					<-release
				}
				return collector.Page{Body: []byte("a 1\n")}, nil
			}),
		})
		gather := func(at int64, wantErr error, took time.Duration, up float64, extra int) {
			t.Helper()
			start := time.Now()
			b, err := tgt.Gather(t.Context(), at)
			if !errors.Is(err, wantErr) {
				t.Errorf("at %d: %v, want %v", at, err, wantErr)
			}
			if d := time.Since(start); d != took {
				t.Errorf("at %d: took %s, want %s", at, d, took)
			}
			gotUp, duration, _, _, _ := report(t, b)
			if gotUp != up || duration != took.Seconds() || len(b.Extra) != extra {
				t.Errorf("at %d: up %v after %v s with %d stale markers, want %v after %v with %d",
					at, gotUp, duration, len(b.Extra), up, took.Seconds(), extra)
			}
		}
		gather(1000, nil, 0, 1, 0)
		gather(2000, context.DeadlineExceeded, 3*time.Second, 0, 1)
		gather(3000, collector.ErrHanging, 0, 0, 0)
		gather(4000, collector.ErrHanging, 0, 0, 0)
		if calls.Load() != 2 {
			t.Errorf("the source was called %d times, want 2: not again while it hangs", calls.Load())
		}
		close(release)
		synctest.Wait()
		gather(5000, nil, 0, 1, 0)
		if calls.Load() != 3 {
			t.Errorf("the source was called %d times, want 3: its late answer is of no use", calls.Load())
		}
	})
}

func TestTarget_SourceThatHeedsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tgt := newTarget(collector.Config{
			Timeout: 3 * time.Second,
			Source: sourceFunc(func(ctx context.Context) (collector.Page, error) {
				if d, ok := ctx.Deadline(); !ok || time.Until(d) != 3*time.Second {
					t.Errorf("the source has until %s, want 3s", time.Until(d))
				}
				<-ctx.Done()
				return collector.Page{}, ctx.Err()
			}),
		})
		for at := range int64(3) {
			if _, err := tgt.Gather(t.Context(), at); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want that the deadline is exceeded", err)
			}
			synctest.Wait()
		}
	})
}

func TestTarget_IsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tgt := newTarget(collector.Config{
			Timeout: time.Hour,
			Source: sourceFunc(func(ctx context.Context) (collector.Page, error) {
				<-ctx.Done()
				return collector.Page{}, ctx.Err()
			}),
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := tgt.Gather(ctx, 1000); err == nil || time.Since(start) != time.Second {
			t.Errorf("got %v after %s, want an error after 1s", err, time.Since(start))
		}
	})
}

func TestTarget_SourcePanics(t *testing.T) {
	calls := 0
	tgt := newTarget(collector.Config{
		Source: sourceFunc(func(context.Context) (collector.Page, error) {
			if calls++; calls == 1 {
				panic("oh no")
			}
			return collector.Page{Body: []byte("a 1\n")}, nil
		}),
	})
	b, err := tgt.Gather(t.Context(), 1000)
	if err == nil || !strings.Contains(err.Error(), "oh no") {
		t.Errorf("got %v, want the panic", err)
	}
	if up, _, _, _, _ := report(t, b); up != 0 {
		t.Errorf("up is %v", up)
	}
	if _, err := tgt.Gather(t.Context(), 2000); err != nil {
		t.Errorf("after the panic: %v", err)
	}
}

func TestTarget_LogsTransitions(t *testing.T) {
	var log bytes.Buffer
	var down error
	tgt := newTarget(collector.Config{
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
		Source: sourceFunc(func(context.Context) (collector.Page, error) { return collector.Page{Body: []byte("a 1\n")}, down }),
	})
	for i, d := range []bool{false, true, true, true, false, false, true, false} {
		down = nil
		if d {
			down = errDown
		}
		tgt.Gather(t.Context(), int64(i))
	}
	target := ` target="{instance=\"node:80\", job=\"job\"}" `
	want := "level=WARN msg=\"target failed\"" + target + "err=down\n" +
		"level=INFO msg=\"target recovered\"" + target + "failed_scrapes=3\n" +
		"level=WARN msg=\"target failed\"" + target + "err=down\n" +
		"level=INFO msg=\"target recovered\"" + target + "failed_scrapes=1\n"
	if log.String() != want {
		t.Errorf("logged\n%swant\n%s", log.String(), want)
	}
}

func TestTarget_CountsWhatItDiscards(t *testing.T) {
	pages := []string{
		"a 1\na 2\nb 1 900\nb 2 800\nb 3 900\nup 5\n", // a and up twice, b back and at the same time
		"b 3 601002\nc 1 601000\nb 4 900\n",           // b far in the future, and back
		"c 1\nc 2 3000\n",                             // c must wait, and twice
	}
	tgt := newTarget(collector.Config{
		Source: sourceFunc(func(context.Context) (collector.Page, error) {
			p := pages[0]
			pages = pages[1:]
			return collector.Page{Body: []byte(p)}, nil
		}),
	})
	want := []collector.Discarded{
		{Duplicate: 2, OutOfOrder: 2},
		{Duplicate: 2, OutOfOrder: 3, OutOfBounds: 1},
		{Duplicate: 2, OutOfOrder: 5, OutOfBounds: 1},
	}
	for i, w := range want {
		if _, err := tgt.Gather(t.Context(), 1000+int64(i)); err != nil {
			t.Fatal(err)
		}
		if got := tgt.Discarded(); got != w {
			t.Errorf("after page %d: %+v, want %+v", i+1, got, w)
		}
	}
}

func TestTarget_NumbersItsBlocks(t *testing.T) {
	tgt := newTarget(collector.Config{
		Number: 7,
		Source: sourceFunc(func(context.Context) (collector.Page, error) { return collector.Page{}, nil }),
	})
	if b, _ := tgt.Gather(t.Context(), 42); b.Source != 7 || b.Time != 42 {
		t.Errorf("the block is of source %d at %d, want 7 at 42", b.Source, b.Time)
	}
}
