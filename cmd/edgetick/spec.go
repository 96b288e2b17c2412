package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/config"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/agent/remote"
)

// A SPEC describes a target or a remote: a bare URL, or key=value pairs with
// commas between them. A comma or a backslash inside a value is written with a
// backslash before it.

var (
	aTarget = kind[agent.Target]{parse: parseTarget, show: showSpec,
		want: "a URL, or url=URL and any of job=, instance=, interval=, timeout=, histograms=, label.NAME= with commas between"}
	aRemote = kind[remoteSpec]{parse: parseRemote, show: showSpec,
		want: "a URL, or url=URL and any of " + strings.Join(slices.Sorted(maps.Keys(remoteKeys)), "=, ") + "=, header.NAME= with commas between"}
)

// parseSpec splits a SPEC into its pairs.
func parseSpec(spec string) ([]pair, error) {
	if strings.HasPrefix(spec, "http://") || strings.HasPrefix(spec, "https://") {
		return []pair{{"url", spec}}, nil
	}
	var pairs []pair
	seen := make(map[string]bool)
	for i, part := range splitUnescaped(spec) {
		p, err := parsePair(part)
		if err != nil {
			return nil, fmt.Errorf("part %d of it is not key=value", i+1)
		}
		if seen[p.name] {
			return nil, fmt.Errorf("the key %s= stands in it twice", p.name)
		}
		seen[p.name] = true
		pairs = append(pairs, p)
	}
	if !seen["url"] {
		return nil, errors.New("it has no url=")
	}
	return pairs, nil
}

// splitUnescaped splits s at commas without a backslash, and takes out the
// backslashes.
func splitUnescaped(s string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			part.WriteByte(s[i])
		case s[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String())
}

// showSpec is a SPEC as an error may show it. The value of a header may be
// secret, and so may that of a key that there is none of.
func showSpec(spec string) string {
	parts := splitUnescaped(withoutCredentials(spec))
	for i, part := range parts {
		p, err := parsePair(part)
		switch {
		case err != nil && i > 0 && !strings.Contains(part, "://"): // it may be the end of a header with a comma
			parts[i] = "***"
		case err == nil && !strings.Contains(p.name, "://") && !showsKey(p.name):
			parts[i] = p.name + "=***"
		}
	}
	return strings.Join(parts, ",")
}

func showsKey(name string) bool {
	_, known := remoteKeys[name]
	return known || slices.Contains([]string{"job", "instance", "interval", "timeout", "histograms"}, name) || strings.HasPrefix(name, "label.")
}

func parseTarget(spec string) (agent.Target, error) {
	t := agent.Target{Labels: make(map[string]string)}
	pairs, err := parseSpec(spec)
	for _, p := range pairs {
		name, isLabel := strings.CutPrefix(p.name, "label.")
		switch {
		case isLabel:
			t.Labels[name] = p.value
		case p.value == "":
			err = errors.New("it is empty")
		case p.name == "url":
			t.URL = p.value
		case p.name == "job":
			t.Job = p.value
		case p.name == "instance":
			t.Instance = p.value
		case p.name == "interval":
			t.Interval, err = aDuration.read(p.value)
		case p.name == "timeout":
			t.Timeout, err = aDuration.read(p.value)
		case p.name == "histograms":
			t.Histograms = new(collector.Histograms)
			*t.Histograms, err = histograms.read(p.value)
		default:
			err = errors.New("there is no such key")
		}
		if err != nil {
			return t, fmt.Errorf("%s=: %w", p.name, err)
		}
	}
	return t, err
}

// remoteSpec is what a SPEC says of one remote. The rest is as the flags say.
type remoteSpec []func(*remote.Config)

// parseRemote reads the values, so that they are read once and whatever order
// the flags are in.
func parseRemote(spec string) (remoteSpec, error) {
	var r remoteSpec
	pairs, err := parseSpec(spec)
	for _, p := range pairs {
		set, err := parseRemoteKey(p)
		if err != nil {
			return nil, fmt.Errorf("%s=: %w", p.name, err)
		}
		r = append(r, set)
	}
	return r, err
}

func parseRemoteKey(p pair) (func(*remote.Config), error) {
	if name, isHeader := strings.CutPrefix(p.name, "header."); isHeader {
		h, err := checkedHeader(name, p.value)
		return func(c *remote.Config) { c.Headers[h.name] = h.value }, err
	}
	parse, ok := remoteKeys[p.name]
	if !ok {
		return nil, errors.New("there is no such key")
	}
	return parse(p.value)
}

// over is a remote with the defaults that the flags give, but for what the SPEC
// says.
func (r remoteSpec) over(defaults remote.Config) remote.Config {
	c := defaults
	c.Headers = maps.Clone(defaults.Headers)
	for _, set := range r {
		set(&c)
	}
	return c
}

// remoteKeys read the values of the keys of a remote, header.NAME apart.
var remoteKeys = map[string]func(string) (func(*remote.Config), error){
	"url":                  key(someText, func(c *remote.Config) *string { return &c.URL }),
	"name":                 key(someText, func(c *remote.Config) *string { return &c.Name }),
	"protocol":             key(aProtocol, func(c *remote.Config) *remote.Protocol { return &c.Protocol }),
	"compression":          key(compression, func(c *remote.Config) *remote.Compression { return &c.Compression }),
	"pack-ticks":           key(aCount, func(c *remote.Config) *int { return &c.PackTicks }),
	"max-bytes-per-second": key(aRate, func(c *remote.Config) *int { return &c.MaxBytesPerSecond }),
	"budget":               key(aBudget, func(c *remote.Config) *remote.Budget { return &c.Budget }),
	"http-config-file":     key(aConfigFile, func(c *remote.Config) **config.HTTPClientConfig { return &c.HTTP }),
}

// key reads a value of a kind, which goes into a field.
func key[T any](k kind[T], field func(*remote.Config) *T) func(string) (func(*remote.Config), error) {
	return func(s string) (func(*remote.Config), error) {
		t, err := k.read(s)
		return func(c *remote.Config) { *field(c) = t }, err
	}
}
