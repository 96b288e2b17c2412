package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
)

// kind is a kind of flag value: how to read it, and what a right one looks like.
type kind[T any] struct {
	parse func(string) (T, error)
	want  string
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
	t, err := v.parse(s)
	if err != nil {
		return fmt.Errorf("--%s: cannot use %q: %s; want %s", v.flag, withoutPassword(s), withoutPassword(err.Error()), v.want)
	}
	if err := v.take(t); err != nil {
		return fmt.Errorf("--%s: cannot use %q: %s", v.flag, withoutPassword(s), withoutPassword(err.Error()))
	}
	return nil
}

// credentials are in a URL between its scheme, which may be missing, and its
// host.
var credentials = regexp.MustCompile(`(^|["=]|://)[^="\s]*@`)

func withoutPassword(s string) string { return credentials.ReplaceAllString(s, "${1}***@") }

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

// many adds a flag that may be repeated, each time calling take.
func many[T any](app *kingpin.Application, k kind[T], take func(T) error, name, placeholder, help string) {
	f := app.Flag(name, help+" Repeatable.").PlaceHolder(placeholder)
	f.SetValue(value[T]{kind: k, flag: name, take: take, many: true})
}

var (
	aDuration   = kind[time.Duration]{parseDuration, "a duration such as 500ms, 15s or 5m"}
	aWait       = kind[time.Duration]{parseWait, "0s or a duration such as 1s"}
	manyBytes   = kind[int64]{parseBytes, someBytesWanted}
	someBytes   = kind[int]{parseFewBytes, someBytesWanted}
	aCount      = kind[int]{parseCount, "a whole number of 1 or more"}
	statusCodes = kind[[]int]{parseCodes, "HTTP status codes with commas between, such as 401,403"}
	aLabel      = kind[pair]{parsePair, "NAME=VALUE"}
)

const someBytesWanted = "a number of bytes such as 512KiB or 4MiB"

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

func parseBytes(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		var b units.Base2Bytes
		if b, err = units.ParseBase2Bytes(s); err != nil {
			return 0, errors.New("it is not a number of bytes")
		}
		n = int64(b)
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
