package wal

import (
	"fmt"
	"testing"
	"time"
)

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{200, 2000, 20000} {
		for _, interval := range []time.Duration{0, time.Hour} {
			b.Run(fmt.Sprintf("bytes=%d/sync=%v", size, interval == 0), func(b *testing.B) {
				l, _, err := Open(b.TempDir(), Options{SyncInterval: interval})
				if err != nil {
					b.Fatal(err)
				}
				defer l.Close()
				payload := make([]byte, size)
				encode := func(dst []byte, key bool) ([]byte, bool) { return append(dst, payload...), key }
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for seq := uint64(1); b.Loop(); seq++ {
					if _, err := l.Append(Header{Seq: seq, Count: 1000}, encode); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{200, 2000, 20000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			l, _, err := Open(b.TempDir(), Options{SyncInterval: time.Hour})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for seq := uint64(1); seq <= 2000; seq++ {
				if _, err := l.Append(Header{Seq: seq, Count: 1000}, bigEncode(size)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			r := l.NewReader(Position{})
			for b.Loop() {
				_, err := r.Next()
				if err == ErrEnd {
					r = l.NewReader(Position{})
				} else if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	l, _, err := Open(dir, Options{SyncInterval: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	for seq := uint64(1); seq <= 1000; seq++ { // 100 MB
		if _, err := l.Append(Header{Seq: seq, Count: 1000}, bigEncode(100_000)); err != nil {
			b.Fatal(err)
		}
	}
	l.Close()
	for b.Loop() {
		l, _, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
}
