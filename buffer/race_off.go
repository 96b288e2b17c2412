//go:build !race

package buffer

const poisoned = false
