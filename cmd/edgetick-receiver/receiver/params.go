package receiver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// maxPoints is Prometheus's limit of points a series in a range query.
const maxPoints = 11000

// grid is the time parameters of a range query.
type grid struct {
	start, end time.Time
	step       time.Duration
}

func gridParams(r *http.Request) (g grid, apiErr *apiError) {
	var err error
	if g.start, err = parseTime(r.FormValue("start")); err != nil {
		return g, badParam("start", err)
	}
	if g.end, err = parseTime(r.FormValue("end")); err != nil {
		return g, badParam("end", err)
	}
	if g.end.Before(g.start) {
		return g, badParam("end", errors.New("end timestamp must not be before start time"))
	}
	if g.step, err = parseDuration(r.FormValue("step")); err != nil {
		return g, badParam("step", err)
	}
	if g.step <= 0 {
		return g, badParam("step", errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer"))
	}
	if g.end.Sub(g.start)/g.step > maxPoints {
		return g, &apiError{kindBadData, errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")}
	}
	return g, nil
}

// timeParam is now if the parameter is missing.
func timeParam(r *http.Request, name string) (time.Time, error) {
	v := r.FormValue(name)
	if v == "" {
		return time.Now(), nil
	}
	t, err := parseTime(v)
	if err != nil {
		return time.Time{}, fmt.Errorf("invalid time value for '%s': %w", name, err)
	}
	return t, nil
}

// spanParams are the optional start and end in milliseconds; all time if both
// are missing.
func spanParams(r *http.Request) (mint, maxt int64, apiErr *apiError) {
	mint, maxt = math.MinInt64, math.MaxInt64
	if r.FormValue("start") != "" {
		t, err := timeParam(r, "start")
		if err != nil {
			return 0, 0, badParam("start", err)
		}
		mint = t.UnixMilli()
	}
	if r.FormValue("end") != "" {
		t, err := timeParam(r, "end")
		if err != nil {
			return 0, 0, badParam("end", err)
		}
		maxt = t.UnixMilli()
	}
	return mint, maxt, nil
}

// withTimeout is the request's context, with the parameter timeout if given.
func withTimeout(r *http.Request) (context.Context, context.CancelFunc, error) {
	v := r.FormValue("timeout")
	if v == "" {
		return r.Context(), func() {}, nil
	}
	d, err := parseDuration(v)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	return ctx, cancel, nil
}

// matcherParams parses the repeated parameter match[].
func (a *api) matcherParams(r *http.Request) ([][]*labels.Matcher, error) {
	sets, err := a.recv.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		if !selective(set) {
			return nil, errors.New("match[] must contain at least one non-empty matcher")
		}
	}
	return sets, nil
}

func selective(set []*labels.Matcher) bool {
	for _, m := range set {
		if m != nil && !m.Matches("") {
			return true
		}
	}
	return false
}

// parseTime reads Unix seconds, to the millisecond, or RFC 3339.
func parseTime(s string) (time.Time, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		sec, frac := math.Modf(f)
		frac = math.Round(frac*1000) / 1000
		return time.Unix(int64(sec), int64(frac*float64(time.Second))).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("cannot parse %q to a valid timestamp", s)
}

// parseDuration reads seconds or a Prometheus duration such as 1h30m.
func parseDuration(s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		ns := f * float64(time.Second)
		if ns > float64(math.MaxInt64) || ns < float64(math.MinInt64) {
			return 0, fmt.Errorf("cannot parse %q to a valid duration. It overflows int64", s)
		}
		return time.Duration(ns), nil
	}
	if d, err := model.ParseDuration(s); err == nil {
		return time.Duration(d), nil
	}
	return 0, fmt.Errorf("cannot parse %q to a valid duration", s)
}
