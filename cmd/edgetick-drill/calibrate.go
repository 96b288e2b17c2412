package main

import (
	"slices"
	"time"
)

// calibrate times a bare loop that is always the same: how much the times differ
// is the noise of the machine. The sum keeps the loop from being left out.
func calibrate() (took time.Duration, sum uint64) {
	const rounds = 50_000_000
	began := time.Now()
	for n := range rounds {
		sum += mix(1, n)
	}
	return time.Since(began), sum
}

// spread is the smallest, the middle and the largest of some values.
type spread struct{ min, median, max float64 }

func spreadOf(values []float64) spread {
	return spread{slices.Min(values), median(values), slices.Max(values)}
}
