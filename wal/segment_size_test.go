package wal

import (
	"slices"
	"testing"
)

func TestLog_SegmentsAreAsLargeAsTheirKeyRecordsAsk(t *testing.T) {
	const delta = 500 // bytes of a payload that is no key
	for name, c := range map[string]struct {
		key   func(seq uint64) int // bytes
		limit int64                // on segments
	}{
		"small key records":          {func(uint64) int { return 1000 }, 64 << 10},
		"large key records":          {func(uint64) int { return 30_000 }, 8 * (30_000 + recordHeaderSize)},
		"large ones under a low cap": {func(uint64) int { return 100_000 }, 512 << 10},
		"ones that grow": {func(seq uint64) int {
			if seq < 20 {
				return 1000
			}
			return 30_000
		}, 8 * (30_000 + recordHeaderSize)},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := open(t, newMemFS(), Options{SegmentBytes: 64 << 10, MaxBytes: 4 << 20})
			encode := func(seq uint64) Encode {
				return func(dst []byte, key bool) ([]byte, bool) {
					if key = key || seq == 20; key {
						return append(dst, make([]byte, c.key(seq))...), true
					}
					return append(dst, make([]byte, delta)...), false
				}
			}
			for seq := uint64(1); seq <= 5000; seq++ {
				if _, err := l.Append(header(seq), encode(seq)); err != nil {
					t.Fatal(err)
				}
			}
			sealed := l.cat.segs[:len(l.cat.segs)-1]
			if len(sealed) < 4 {
				t.Fatalf("%d segments", len(sealed))
			}
			if i := slices.IndexFunc(sealed, func(s segment) bool {
				return s.size > c.limit || s.size+recordHeaderSize+delta <= c.limit
			}); i >= 0 {
				t.Errorf("segment %d of %d bytes, want them to end at %d", sealed[i].first, sealed[i].size, c.limit)
			}
		})
	}
}
