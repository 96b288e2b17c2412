package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/edgetick/edgetick/cmd/edgetick-receiver/receiver"
)

// reporter prints what arrived since it last did. One goroutine may use it.
type reporter struct {
	out     io.Writer
	recv    *receiver.Receiver
	queries []string
	logger  *slog.Logger
	last    receiver.Stats
}

// line prints one line, such as
//
//	12:00:05  series   1312  samples  +6560 (total 26240)  requests  +1  wire  8.1 B/sample  up 3/3  node_load1 0.42
func (r *reporter) line(ctx context.Context, now time.Time) {
	stats := r.recv.Arrivals().Stats()
	got, total := stats.Accepted().Minus(r.last.Accepted()), stats.Accepted()
	refused := stats.TotalRefused().Minus(r.last.TotalRefused())
	r.last = stats

	fields := []string{
		now.Format(time.TimeOnly),
		fmt.Sprintf("series %6d", r.recv.HeadSeries()),
		fmt.Sprintf("samples %+7d (total %d)", got.Samples, total.Samples),
		fmt.Sprintf("requests %+3d", got.Requests),
		fmt.Sprintf("wire %5s B/sample", perSample(got)),
	}
	if refused.Requests > 0 {
		fields = append(fields, fmt.Sprintf("refused %+d", refused.Requests))
	}
	r.print(append(fields, r.values(ctx, now)...))
}

// summary prints the totals.
func (r *reporter) summary(ctx context.Context, now time.Time) {
	stats := r.recv.Arrivals().Stats()
	total := stats.Accepted()
	r.print(append([]string{
		now.Format(time.TimeOnly),
		"in all",
		fmt.Sprintf("series %d", r.recv.HeadSeries()),
		fmt.Sprintf("samples %d", total.Samples),
		fmt.Sprintf("requests %d", total.Requests),
		fmt.Sprintf("wire %s B/sample", perSample(total)),
		fmt.Sprintf("refused %d", stats.TotalRefused().Requests),
	}, r.values(ctx, now)...))
}

func (r *reporter) print(fields []string) {
	fmt.Fprintln(r.out, strings.Join(fields, "  "))
}

func perSample(t receiver.Traffic) string {
	if t.Samples == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(t.WireBytes)/float64(t.Samples))
}

// values are the parts of a line that PromQL answers.
func (r *reporter) values(ctx context.Context, now time.Time) []string {
	list := []string{"up " + r.value(ctx, "sum(up)", "0", now) + "/" + r.value(ctx, "count(up)", "0", now)}
	for _, q := range r.queries {
		list = append(list, q+" "+r.value(ctx, q, "-", now))
	}
	return list
}

// value is the first sample of a result, and how many there are if there are
// more; none if there is nothing.
func (r *reporter) value(ctx context.Context, expr, none string, now time.Time) string {
	v, err := r.recv.Query(ctx, expr, now)
	switch {
	case err != nil:
		r.logger.Warn("query of the report failed", "query", expr, "err", err)
		return none
	case len(v) == 0:
		return none
	case v[0].H != nil:
		return v[0].H.String()
	}
	s := strconv.FormatFloat(v[0].F, 'g', 6, 64)
	if len(v) > 1 {
		s += fmt.Sprintf(" (first of %d)", len(v))
	}
	return s
}
