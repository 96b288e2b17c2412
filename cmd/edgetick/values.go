package main

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/remote"
)

// kind is a kind of flag value: how to read it, and what a right one looks like.
type kind[T any] struct {
	parse func(string) (T, error)
	want  string
	// show is the value as an error may show it; nil for most. What parse
	// returns is shown as it is.
	show func(string) string
}

// read is parse with an error that says what would be right.
func (k kind[T]) read(s string) (T, error) {
	t, err := k.parse(s)
	if err != nil {
		return t, fmt.Errorf("%w; want %s", err, k.want)
	}
	return t, nil
}

// value is a kingpin.Value whose errors name the flag, the value and what would
// be right. kingpin's own name none of these.
type value[T any] struct {
	kind[T]
	flag string
	take func(T) error
	many bool
}

// Set implements kingpin.Value.
func (v value[T]) Set(s string) error {
	shown := withoutCredentials(s)
	if v.show != nil {
		shown = v.show(s)
	}
	t, err := v.read(s)
	if err == nil {
		err = v.take(t)
	}
	if err != nil {
		return fmt.Errorf("--%s: cannot use %q: %w", v.flag, shown, err)
	}
	return nil
}

// withoutCredentials hides what may be a user's name and password in a URL,
// which are between its scheme, if it has one, and the last @.
func withoutCredentials(s string) string {
	end := strings.LastIndexByte(s, '@')
	if end < 0 {
		return s
	}
	begin := 0
	for _, before := range []string{"://", "="} {
		if i := strings.Index(s[:end], before); i >= 0 {
			begin = i + len(before)
			break
		}
	}
	return s[:begin] + "***" + s[end:]
}

// String implements kingpin.Value.
func (value[T]) String() string { return "" }

// IsCumulative tells kingpin whether the flag may be repeated.
func (v value[T]) IsCumulative() bool { return v.many }

// to is a taker that sets its target.
func to[T any](target *T) func(T) error {
	return func(t T) error { *target = t; return nil }
}

// one adds a flag that sets target.
func one[T any](app *kingpin.Application, k kind[T], target *T, name, byDefault, help string) {
	f := app.Flag(name, help).Default(byDefault)
	f.SetValue(value[T]{kind: k, flag: name, take: to(target)})
}

// optional adds a flag without a default, that sets target.
func optional[T any](app *kingpin.Application, k kind[T], target *T, name, placeholder, help string) {
	f := app.Flag(name, help).PlaceHolder(placeholder)
	f.SetValue(value[T]{kind: k, flag: name, take: to(target)})
}

// many adds a flag that may be repeated, each time calling take.
func many[T any](app *kingpin.Application, k kind[T], take func(T) error, name, placeholder, help string) {
	f := app.Flag(name, help+" Repeatable.").PlaceHolder(placeholder)
	f.SetValue(value[T]{kind: k, flag: name, take: take, many: true})
}

var (
	aDuration   = kind[time.Duration]{parse: parseDuration, want: "a duration such as 500ms, 15s or 5m"}
	aWait       = kind[time.Duration]{parse: parseWait, want: "0s or a duration such as 1s"}
	manyBytes   = kind[int64]{parse: parseBytes, want: someBytesWanted}
	someBytes   = kind[int]{parse: parseFewBytes, want: someBytesWanted}
	aRate       = kind[int]{parse: parseRate, want: "a number of bytes such as 16KiB or 20kB, or 0 for no limit"}
	aBudget     = kind[remote.Budget]{parse: parseBudget, want: "bytes per day or month such as 500MiB/month or 20MB/day, or nothing for none"}
	aProtocol   = oneOf(remote.ProtocolAuto, remote.Protocol1, remote.Protocol2)
	histograms  = oneOf(collector.Classic, collector.Native, collector.Both, collector.Custom)
	compression = oneOf(remote.Snappy, remote.Zstd)
	aCount      = kind[int]{parse: parseCount, want: "a whole number of 1 or more"}
	statusCodes = kind[[]int]{parse: parseCodes, want: "HTTP status codes with commas between, such as 401,403"}
	someText    = kind[string]{parse: parseText, want: "some text"}
	aLabel      = kind[pair]{parse: parsePair, want: "NAME=VALUE"}
	aHeader     = kind[pair]{parse: parseHeader, want: "NAME:VALUE", show: headerName}
)

const someBytesWanted = "a number of bytes such as 512KiB or 4MiB"

// oneOf is a kind that has only these values, each by its own name.
func oneOf[T any](values ...T) kind[T] {
	var names []string
	for _, v := range values {
		names = append(names, fmt.Sprint(v))
	}
	parse := func(s string) (t T, err error) {
		i := slices.Index(names, s)
		if i < 0 {
			return t, errors.New("there is no such choice")
		}
		return values[i], nil
	}
	return kind[T]{parse: parse, want: strings.Join(names, " or ")}
}

func parseText(s string) (string, error) {
	if s == "" {
		return "", errors.New("it is empty")
	}
	return s, nil
}

// parseWait reads a duration that may be zero.
func parseWait(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil && d == 0 {
		return 0, nil
	}
	return parseDuration(s)
}

// parseDuration reads Go's durations and Prometheus's, which has days.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		var p model.Duration
		if p, err = model.ParseDuration(s); err != nil {
			return 0, errors.New("it is not a duration")
		}
		d = time.Duration(p)
	}
	if d <= 0 {
		return 0, errors.New("it is not more than zero")
	}
	return d, nil
}

// parseBytes reads numbers of bytes: 1KiB is 1024, 1kB and 1KB are 1000.
func parseBytes(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		if n, err = units.ParseStrictBytes(s); err != nil {
			return 0, errors.New("it is not a number of bytes")
		}
	}
	if n <= 0 {
		return 0, errors.New("it is not more than zero")
	}
	return n, nil
}

// parseFewBytes reads a number of bytes that are to be in memory.
func parseFewBytes(s string) (int, error) {
	n, err := parseBytes(s)
	if err == nil && n > math.MaxInt32 {
		return 0, errors.New("it is more than 2GiB")
	}
	return int(n), err
}

// parseRate reads a number of bytes that may be zero.
func parseRate(s string) (int, error) {
	if s == "0" {
		return 0, nil
	}
	return parseFewBytes(s)
}

func parseBudget(s string) (b remote.Budget, err error) {
	return b, b.UnmarshalText([]byte(s))
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("it is out of range")
	}
	return n, nil
}

// parseCodes reads a list of numbers, which is never nil.
func parseCodes(s string) ([]int, error) {
	codes := []int{}
	for part := range strings.SplitSeq(s, ",") {
		if s == "" {
			break
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", part)
		}
		codes = append(codes, n)
	}
	return codes, nil
}

// pair is one NAME=VALUE.
type pair struct{ name, value string }

func parsePair(s string) (pair, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return pair{}, errors.New("it has no equals sign")
	}
	return pair{name, value}, nil
}

// parseHeader reads a header as it is written in a request.
func parseHeader(s string) (pair, error) {
	name, value, ok := strings.Cut(s, ":")
	if !ok {
		return pair{}, errors.New("it has no colon")
	}
	return checkedHeader(name, value)
}

// checkedHeader spells the name as requests do, so that no two are the same.
func checkedHeader(name, value string) (pair, error) {
	value = strings.TrimSpace(value)
	return pair{http.CanonicalHeaderKey(name), value}, remote.CheckHeader(name, value)
}

// headerName hides the value of a header, which may be secret.
func headerName(s string) string {
	name, _, ok := strings.Cut(s, ":")
	if !ok {
		return "***"
	}
	return name + ":***"
}
