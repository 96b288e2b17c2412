package main

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/edgetick/edgetick/proto"
)

// selector is a PromQL series selector: all of its matchers must match.
type selector []*labels.Matcher

var (
	aSelector = kind[selector]{parse: parseSelector, want: `a series selector such as up or '{job="node",__name__=~"node_cpu.*"}'`}
	aTime     = kind[int64]{parse: parseTime, want: "RFC 3339 such as 2026-01-31T12:00:00Z, or unix seconds such as 1769860800"}
	aLimit    = kind[int]{parse: parseLimit, want: "a whole number, 0 for no limit"}
)

func parseSelector(s string) (selector, error) {
	return parser.NewParser(parser.Options{}).ParseMetricSelector(s)
}

// matches tells whether the selector takes a series of that label set.
func (s selector) matches(set string) bool {
	for _, m := range s {
		if !m.Matches(labelOf(set, m.Name)) {
			return false
		}
	}
	return true
}

// labelOf returns the value of a label, which is empty if the set has none.
func labelOf(set, name string) string {
	for n, v := range proto.Labels(set) {
		if n == name {
			return v
		}
	}
	return ""
}

// parseTime reads a time, in milliseconds since the epoch.
func parseTime(s string) (int64, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UnixMilli(), nil
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(seconds) {
		return 0, errors.New("it is not a time")
	}
	if math.Abs(seconds) > 1e12 {
		return 0, errors.New("it is out of range; milliseconds?")
	}
	return int64(math.Round(seconds * 1000)), nil
}

func parseLimit(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, errors.New("it is out of range")
	}
	return n, nil
}
