package receiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	jsoniter "github.com/json-iterator/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// finder looks up names or values for one set of matchers.
type finder func(context.Context, storage.Querier, ...*labels.Matcher) ([]string, annotations.Annotations, error)

func (a *api) labelNames(r *http.Request) (answer, *apiError) {
	return a.find(r, func(ctx context.Context, q storage.Querier, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelNames(ctx, nil, ms...)
	})
}

func (a *api) labelValues(r *http.Request) (answer, *apiError) {
	name := r.PathValue("name")
	if strings.HasPrefix(name, "U__") {
		name = model.UnescapeName(name, model.ValueEncodingEscaping)
	}
	if !model.UTF8Validation.IsValidLabelName(name) {
		return answer{}, &apiError{kindBadData, fmt.Errorf("invalid label name: %q", name)}
	}
	return a.find(r, func(ctx context.Context, q storage.Querier, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelValues(ctx, name, nil, ms...)
	})
}

// find answers with the sorted union of what f finds for each match[].
func (a *api) find(r *http.Request, f finder) (answer, *apiError) {
	mint, maxt, apiErr := spanParams(r)
	if apiErr != nil {
		return answer{}, apiErr
	}
	sets, err := a.matcherParams(r)
	if err != nil {
		return answer{}, &apiError{kindBadData, err}
	}
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	q, err := a.recv.db.Querier(mint, maxt)
	if err != nil {
		return answer{}, execError(err)
	}
	defer q.Close()

	found := []string{}
	var warnings annotations.Annotations
	for _, set := range sets {
		part, warn, err := f(r.Context(), q, set...)
		if err != nil {
			return answer{}, execError(err)
		}
		// The strings may point into the querier's mapped files.
		for _, s := range part {
			found = append(found, strings.Clone(s))
		}
		warnings.Merge(warn)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return answer{write: func(s *jsoniter.Stream) { s.WriteVal(found) }, warnings: warnings}, nil
}

func (a *api) series(r *http.Request) (answer, *apiError) {
	if len(r.Form["match[]"]) == 0 {
		return answer{}, &apiError{kindBadData, errors.New("no match[] parameter provided")}
	}
	mint, maxt, apiErr := spanParams(r)
	if apiErr != nil {
		return answer{}, apiErr
	}
	sets, err := a.matcherParams(r)
	if err != nil {
		return answer{}, badParam("match[]", err)
	}
	q, err := a.recv.db.Querier(mint, maxt)
	if err != nil {
		return answer{}, execError(err)
	}
	ans := answer{done: func() { q.Close() }}

	hints := &storage.SelectHints{Start: mint, End: maxt, Func: "series"} // "series": without samples
	parts := make([]storage.SeriesSet, 0, len(sets))
	for _, set := range sets {
		parts = append(parts, q.Select(r.Context(), true, hints, set...))
	}
	union := storage.NewMergeSeriesSet(parts, 0, storage.ChainedSeriesMerge)
	metrics := []labels.Labels{}
	for union.Next() {
		metrics = append(metrics, union.At().Labels())
	}
	if err := union.Err(); err != nil {
		return ans, execError(err)
	}
	ans.write = func(s *jsoniter.Stream) { writeMetrics(s, metrics) }
	ans.warnings = union.Warnings()
	return ans, nil
}

// metadata has nothing to tell: remote_write's metadata is not stored.
func (*api) metadata(*http.Request) (answer, *apiError) {
	return answer{write: func(s *jsoniter.Stream) { s.WriteEmptyObject() }}, nil
}
