package main

import (
	"bytes"
	"testing"
)

func TestBareSource_ReadsWholePages(t *testing.T) {
	const series = 2000 // several chunks
	b := simulated(series)
	e, err := startExporter(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	s, err := dialBare(e.url(), series)
	if err != nil {
		t.Fatal(err)
	}
	defer s.conn.Close()
	for n := 1; n <= 4; n++ {
		if err := s.ask(); err != nil {
			t.Fatal(err)
		}
		if err := s.read(); err != nil {
			t.Fatal(err)
		}
		page := b.append(nil, n)
		if last := page[bytes.LastIndexByte(page[:len(page)-1], '\n'):]; !bytes.Contains(s.pages[0], last) || len(s.pages[0]) < len(page) {
			t.Errorf("page %d: %d bytes of %d read", n, len(s.pages[0]), len(page))
		}
		if n > 1 && s.same < len(page)/100 {
			t.Errorf("page %d: %d bytes are as before, of %d", n, s.same, len(page))
		}
	}
}
