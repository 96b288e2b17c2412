package receiver

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Series is a stored series with every sample of it, in time order, stale
// markers included.
type Series struct {
	Labels     labels.Labels
	Points     []Point
	Histograms []HistogramPoint
}

// Point is a float sample. Bits are those of the float64, because a stale
// marker is one particular NaN among others.
type Point struct {
	T    int64 // milliseconds since 1970
	Bits uint64
}

// Value is the sample as a number.
func (p Point) Value() float64 { return math.Float64frombits(p.Bits) }

// HistogramPoint is a native histogram sample: Int or Float, as it was stored.
type HistogramPoint struct {
	T     int64
	Int   *histogram.Histogram
	Float *histogram.FloatHistogram
}

// SeriesExemplars are the exemplars of one series.
type SeriesExemplars struct {
	Labels    labels.Labels
	Exemplars []exemplar.Exemplar
}

// Samples reads all stored samples of the series that match, sorted by labels,
// past and future alike. Without matchers it reads everything.
func (r *Receiver) Samples(ctx context.Context, matchers ...*labels.Matcher) ([]Series, error) {
	q, err := r.db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, fmt.Errorf("open querier: %w", err)
	}
	defer q.Close()

	var all []Series
	set := q.Select(ctx, false, nil, orEverything(matchers)...)
	for set.Next() {
		s, err := readSeries(set.At())
		if err != nil {
			return nil, fmt.Errorf("read series %s: %w", s.Labels, err)
		}
		all = append(all, s)
	}
	if err := set.Err(); err != nil {
		return nil, fmt.Errorf("select series: %w", err)
	}
	slices.SortFunc(all, func(a, b Series) int { return labels.Compare(a.Labels, b.Labels) })
	return all, nil
}

func orEverything(matchers []*labels.Matcher) []*labels.Matcher {
	if len(matchers) > 0 {
		return matchers
	}
	return []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".*")}
}

func readSeries(from storage.Series) (Series, error) {
	s := Series{Labels: from.Labels()}
	it := from.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
		switch kind {
		case chunkenc.ValFloat:
			t, v := it.At()
			s.Points = append(s.Points, Point{T: t, Bits: math.Float64bits(v)})
		case chunkenc.ValHistogram:
			t, h := it.AtHistogram(nil)
			s.Histograms = append(s.Histograms, HistogramPoint{T: t, Int: h})
		case chunkenc.ValFloatHistogram:
			t, h := it.AtFloatHistogram(nil)
			s.Histograms = append(s.Histograms, HistogramPoint{T: t, Float: h})
		}
	}
	return s, it.Err()
}

// Exemplars reads the stored exemplars of the series that match, sorted by
// labels. Without matchers it reads everything.
func (r *Receiver) Exemplars(ctx context.Context, matchers ...*labels.Matcher) ([]SeriesExemplars, error) {
	q, err := r.db.ExemplarQuerier(ctx)
	if err != nil {
		return nil, fmt.Errorf("open exemplar querier: %w", err)
	}
	found, err := q.Select(math.MinInt64, math.MaxInt64, orEverything(matchers))
	if err != nil {
		return nil, fmt.Errorf("select exemplars: %w", err)
	}
	all := make([]SeriesExemplars, 0, len(found))
	for _, f := range found {
		all = append(all, SeriesExemplars{Labels: f.SeriesLabels, Exemplars: f.Exemplars})
	}
	slices.SortFunc(all, func(a, b SeriesExemplars) int { return labels.Compare(a.Labels, b.Labels) })
	return all, nil
}
