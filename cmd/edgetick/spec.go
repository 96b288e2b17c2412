package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/remote"
)

// A SPEC describes a target or a remote: a bare URL, or key=value pairs with
// commas between them. A comma or a backslash inside a value is written with a
// backslash before it.

var (
	aTarget = kind[agent.Target]{parseTarget, "a URL, or url=URL and any of job=, instance=, interval=, timeout=, label.NAME= with commas between"}
	aRemote = kind[remote.Config]{parseRemote, "a URL, or url=URL and name=NAME with a comma between"}
)

// parseSpec splits a SPEC into its pairs.
func parseSpec(spec string) ([]pair, error) {
	if strings.HasPrefix(spec, "http://") || strings.HasPrefix(spec, "https://") {
		return []pair{{"url", spec}}, nil
	}
	var pairs []pair
	seen := make(map[string]bool)
	for _, part := range splitUnescaped(spec) {
		p, err := parsePair(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not key=value", part)
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

func parseTarget(spec string) (agent.Target, error) {
	t := agent.Target{Labels: make(map[string]string)}
	pairs, err := parseSpec(spec)
	for _, p := range pairs {
		name, isLabel := strings.CutPrefix(p.name, "label.")
		switch {
		case isLabel:
			t.Labels[name] = p.value
		case p.value == "":
			err = fmt.Errorf("%s= is empty", p.name)
		case p.name == "url":
			t.URL = p.value
		case p.name == "job":
			t.Job = p.value
		case p.name == "instance":
			t.Instance = p.value
		case p.name == "interval":
			t.Interval, err = parseDuration(p.value)
		case p.name == "timeout":
			t.Timeout, err = parseDuration(p.value)
		default:
			err = errors.New("there is no such key")
		}
		if err != nil {
			return t, fmt.Errorf("%s=%s: %w", p.name, p.value, err)
		}
	}
	return t, err
}

func parseRemote(spec string) (remote.Config, error) {
	var r remote.Config
	pairs, err := parseSpec(spec)
	for _, p := range pairs {
		switch p.name {
		case "url":
			r.URL = p.value
		case "name":
			r.Name = p.value
		default:
			return r, fmt.Errorf("%s=%s: there is no such key", p.name, p.value)
		}
		if p.value == "" {
			return r, fmt.Errorf("%s= is empty", p.name)
		}
	}
	return r, err
}
