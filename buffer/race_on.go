//go:build race

package buffer

// poisoned says that a column is made nonsense when nobody holds it any more:
// the race detector is for tests.
const poisoned = true
