package receiver

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// Query evaluates expr at ts. A scalar comes back as one sample without labels;
// other kinds of results are an error. Warnings are left out: the HTTP API has
// them.
func (r *Receiver) Query(ctx context.Context, expr string, ts time.Time) (promql.Vector, error) {
	q, err := r.engine.NewInstantQuery(ctx, r.db, nil, expr, ts)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", expr, err)
	}
	// q is not closed: closing only recycles memory that the result may use.
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", expr, res.Err)
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		return v, nil
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, nil
	}
	return nil, fmt.Errorf("evaluate %q: the result is a %s, not a vector or scalar", expr, res.Value.Type())
}

// QueryRange evaluates expr at start and every step up to end.
func (r *Receiver) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) (promql.Matrix, error) {
	q, err := r.engine.NewRangeQuery(ctx, r.db, nil, expr, start, end, step)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", expr, err)
	}
	// q is not closed, as in Query.
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", expr, res.Err)
	}
	return res.Matrix()
}
