package agent

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// orphans are the series that were alive when the last life ended, by their
// labels. Those that no target gathers any more, because the target has gone
// from the configuration or the series from its page, get a stale marker once
// each target has been heard.
type orphans map[string]journal.Live

// lookback is for how long receivers take a series for alive without a sample:
// Prometheus's default. After a longer pause there is nothing left to end.
const lookback = 5 * time.Minute

func newOrphans(s journal.Start, now time.Time) orphans {
	if len(s.Live) == 0 || now.UnixMilli()-s.Time > lookback.Milliseconds() {
		return nil
	}
	o := make(orphans, len(s.Live))
	for _, l := range s.Live {
		o[l.Series.Labels] = l
	}
	return o
}

// seen strikes out the series that a target has gathered. Those to which it has
// given a stale marker itself are ended already.
func (o orphans) seen(b *buffer.Block) {
	if b.Layout != nil {
		for _, s := range b.Layout.Series {
			delete(o, s.Labels)
		}
	}
	for _, x := range b.Extra {
		delete(o, x.Series.Labels)
	}
}

// block holds a stale marker for each orphan.
func (o orphans) block(at int64) buffer.Block {
	b := buffer.Block{Source: buffer.Mixed, Time: at}
	stale := math.Float64frombits(value.StaleNaN)
	end := string(proto.AppendHistogram(nil, &histogram.Histogram{Sum: stale}))
	for _, l := range o {
		x := buffer.Sample{Series: l.Series, Time: at, Value: stale}
		if l.Histogram {
			x.Value, x.Histogram = 0, end
		}
		b.Extra = append(b.Extra, x)
	}
	slices.SortFunc(b.Extra, func(x, y buffer.Sample) int { return strings.Compare(x.Series.Labels, y.Series.Labels) })
	return b
}
