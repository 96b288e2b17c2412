package buffer_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

// replay is a source that answers with one page after the other.
type replay struct{ pages [][]byte }

func (r *replay) Collect(context.Context) (collector.Page, error) {
	page := r.pages[0]
	r.pages = r.pages[1:]
	return collector.Page{Body: page, ContentType: "text/plain"}, nil
}

const (
	corpusStart    = 1_750_000_000_000 // milliseconds
	corpusInterval = 15_000
)

// corpusTicks makes ticks of the first pages of the exporters, all if most is 0,
// as the agent does.
func corpusTicks(tb testing.TB, most int, exporters ...string) []*buffer.Tick {
	tb.Helper()
	var ticks []*buffer.Tick
	for number, exporter := range exporters {
		pages := loadPages(tb, exporter)
		if most > 0 {
			pages = pages[:most]
		}
		target := collector.New(collector.Config{
			Number:  number,
			Source:  &replay{pages},
			Labels:  labels.FromStrings("instance", "edge-0042:9100", "job", exporter),
			Timeout: time.Minute,
			Logger:  slog.New(slog.DiscardHandler),
		})
		for i := range pages {
			if i == len(ticks) {
				ticks = append(ticks, &buffer.Tick{Seq: uint64(i + 1), Time: corpusStart + int64(i)*corpusInterval})
			}
			b, err := target.Gather(tb.Context(), ticks[i].Time)
			if err != nil {
				tb.Fatalf("page %d of %s: %v", i, exporter, err)
			}
			ticks[i].Blocks = append(ticks[i].Blocks, b)
		}
	}
	rebase(ticks)
	return ticks
}

func rebase(ticks []*buffer.Tick) {
	for i := 1; i < len(ticks); i++ {
		ticks[i].Base = ticks[i-1].End()
	}
}

// only are the ticks with the blocks of one source alone.
func only(ticks []*buffer.Tick, source int) []*buffer.Tick {
	var alone []*buffer.Tick
	for _, t := range ticks {
		t := *t
		t.Blocks = t.Blocks[source : source+1]
		alone = append(alone, &t)
	}
	rebase(alone)
	return alone
}

// TestCodec_BytesPerSample holds the codec to what is promised of the log's
// size: at most 2 bytes a sample on pages of real exporters, key records and
// all that they restate included.
func TestCodec_BytesPerSample(t *testing.T) {
	const most = 2.0
	ticks := corpusTicks(t, 0, exporters...)
	sets := map[string][]*buffer.Tick{"all": ticks}
	for i, exporter := range exporters {
		sets[exporter] = only(ticks, i)
	}
	for name, ticks := range sets {
		t.Run("exporter="+name, func(t *testing.T) {
			each := bytesPerSample(t, ticks)
			if each > most {
				t.Errorf("%.3f bytes a sample, at most %.1f are promised", each, most)
			}
		})
	}
}

// bytesPerSample encodes ticks and checks that they can be decoded.
func bytesPerSample(t *testing.T, ticks []*buffer.Tick) float64 {
	var enc buffer.Encoder
	var dec buffer.Decoder
	samples, bytes, keys, keyBytes := 0, 0, 0, 0
	for _, tick := range ticks {
		rec, key := enc.Encode(nil, tick, false)
		got, err := dec.Decode(rec, key)
		if err == nil {
			err = sameTick(got, tick)
		}
		if err != nil {
			t.Fatalf("tick %d: %v", tick.Seq, err)
		}
		samples += tick.Samples()
		bytes += len(rec)
		if key {
			keys++
			keyBytes += len(rec)
		}
	}
	each := float64(bytes) / float64(samples)
	t.Logf("%.3f bytes a sample (%d ticks, %d samples, %d bytes, of these %d in %d key records)",
		each, len(ticks), samples, bytes, keyBytes, keys)
	return each
}

// sameTick tells in what two ticks differ, to the last bit of every value.
func sameTick(got, want *buffer.Tick) error {
	if got.Seq != want.Seq || got.Time != want.Time || got.Base != want.Base || len(got.Blocks) != len(want.Blocks) {
		return fmt.Errorf("tick is %d at %d after %d with %d blocks, want %d at %d after %d with %d",
			got.Seq, got.Time, got.Base, len(got.Blocks), want.Seq, want.Time, want.Base, len(want.Blocks))
	}
	for i := range want.Blocks {
		if err := sameBlock(&got.Blocks[i], &want.Blocks[i]); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	return nil
}

func sameBlock(got, want *buffer.Block) error {
	if got.Source != want.Source || got.Time != want.Time {
		return fmt.Errorf("of source %d at %d, want %d at %d", got.Source, got.Time, want.Source, want.Time)
	}
	if (got.Layout == nil) != (want.Layout == nil) || len(got.Values) != len(want.Values) || len(got.Extra) != len(want.Extra) || len(got.Exemplars) != len(want.Exemplars) {
		return fmt.Errorf("layout %p, %d values, %d extra, %d exemplars, want %p, %d, %d, %d",
			got.Layout, len(got.Values), len(got.Extra), len(got.Exemplars), want.Layout, len(want.Values), len(want.Extra), len(want.Exemplars))
	}
	for i, v := range want.Values {
		if err := sameSample(got.Layout.Series[i], want.Layout.Series[i], got.Values[i], v); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	for i, x := range want.Extra {
		g := got.Extra[i]
		if err := sameSample(g.Series, x.Series, g.Value, x.Value); err != nil || g.Time != x.Time {
			return fmt.Errorf("extra %d at %d, want %d: %w", i, g.Time, x.Time, err)
		}
		if g.Histogram != x.Histogram {
			return fmt.Errorf("extra %d: histogram %x, want %x", i, g.Histogram, x.Histogram)
		}
	}
	for i, x := range want.Exemplars {
		g := got.Exemplars[i]
		if err := sameSample(g.Series, x.Series, g.Value, x.Value); err != nil || g.Time != x.Time || g.Labels != x.Labels {
			return fmt.Errorf("exemplar %d at %d of %q, want %d, %q: %w", i, g.Time, g.Labels, x.Time, x.Labels, err)
		}
	}
	return nil
}

func sameSample(got, want *buffer.Series, g, w float64) error {
	if got.Labels != want.Labels || *got.Family != *want.Family || got.Start != want.Start {
		return fmt.Errorf("series %q since %d of %+v, want %q since %d of %+v", got.Labels, got.Start, *got.Family, want.Labels, want.Start, *want.Family)
	}
	if math.Float64bits(g) != math.Float64bits(w) {
		return fmt.Errorf("%q is %x, want %x", want.Labels, math.Float64bits(g), math.Float64bits(w))
	}
	return nil
}
