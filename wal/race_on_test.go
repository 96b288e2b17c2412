//go:build race

package wal

// stride thins out the exhaustive tests of one goroutine, in which the race
// detector has nothing to find.
const stride = 6
