package wal_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/edgetick/edgetick/wal"
)

func Example() {
	dir, err := os.MkdirTemp("", "wal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	log, report, err := wal.Open(dir, wal.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	fmt.Println(report)

	cursor, err := log.OpenCursor("primary", wal.Oldest)
	if err != nil {
		fmt.Println(err)
		return
	}

	// The writing goroutine. These payloads build on nothing: all are keys.
	for seq := uint64(1); seq <= 3; seq++ {
		_, err := log.Append(wal.Header{Seq: seq, Count: 10, Time: 1000}, func(dst []byte, key bool) ([]byte, bool) {
			return fmt.Appendf(dst, "payload %d", seq), true
		})
		if err != nil {
			fmt.Println(err)
		}
	}

	// A remote's goroutine.
	reader := log.NewReader(cursor.Position())
	for {
		rec, err := reader.Next()
		var gap *wal.Gap
		switch {
		case errors.Is(err, wal.ErrEnd):
			fmt.Println("settled:", cursor.Position())
			return
		case errors.As(err, &gap):
			fmt.Println("lost:", gap.Items(), gap.Reason)
		case err != nil:
			fmt.Println(err)
			return
		case rec.Primer:
			continue // decode it, send nothing
		default:
			fmt.Printf("%s, %d items\n", rec.Payload, rec.Count)
		}
		if err := cursor.Set(reader.Position(), []byte("books")); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 0 segments, 0 bytes
	// payload 1, 10 items
	// payload 2, 10 items
	// payload 3, 10 items
	// settled: {3 30}
}
