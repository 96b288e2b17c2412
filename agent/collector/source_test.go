package collector_test

import (
	"context"
	"errors"

	"github.com/edgetick/edgetick/agent/collector"
)

// errDown is why a source fails in tests.
var errDown = errors.New("down")

// sourceFunc is a source that is a function.
type sourceFunc func(context.Context) (collector.Page, error)

func (f sourceFunc) Collect(ctx context.Context) (collector.Page, error) { return f(ctx) }
