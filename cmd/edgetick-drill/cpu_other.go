//go:build !linux

package main

import (
	"errors"
	"time"
)

// cpuTime cannot be told here.
func cpuTime(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
