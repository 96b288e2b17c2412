package collector

import (
	"math"
	"testing"
)

// Series with the same hash, and those that belong where the table ends, are all
// found.
func TestTable_Find(t *testing.T) {
	for name, hash := range map[string]func(r ref) uint64{
		"one hash":    func(ref) uint64 { return 1 << 63 },
		"at the end":  func(r ref) uint64 { return math.MaxUint64 - uint64(r) },
		"all over it": func(r ref) uint64 { return uint64(r) * 0x9e3779b97f4a7c15 },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 100
			table := newTable(n)
			for r := range ref(n) {
				table.put(hash(r), r)
			}
			for r := range ref(n) {
				if got, ok := table.find(hash(r), func(x ref) bool { return x == r }); !ok || got != r {
					t.Errorf("series %d is found as %d, %t", r, got, ok)
				}
			}
			if got, ok := table.find(hash(n), func(x ref) bool { return x == n }); ok {
				t.Errorf("a series that is not there is found as %d", got)
			}
			if !table.fits(n) || table.fits(len(table)) {
				t.Errorf("of %d places %d are enough: %t, all: %t", len(table), n, table.fits(n), table.fits(len(table)))
			}
		})
	}
}
