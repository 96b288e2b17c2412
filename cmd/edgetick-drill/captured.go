package main

import (
	"fmt"
	"path/filepath"

	"github.com/edgetick/edgetick/cmd/edgetick-drill/corpus"
)

// capturedBook makes a book of a file of captured pages. After the last page the
// first comes again, as if the exporter had started anew.
func capturedBook(file string) (*book, error) {
	pages, err := corpus.Load(file)
	if err != nil {
		return nil, err
	}
	if len(pages) == 0 {
		return nil, fmt.Errorf("%s: no pages", file)
	}
	return newBook(func(dst []byte, number int) []byte {
		return append(dst, pages[(number-1)%len(pages)]...)
	}), nil
}

// capturedBooks makes a book of each named file of a directory.
func capturedBooks(dir string, names ...string) (books []*book, err error) {
	for _, name := range names {
		b, err := capturedBook(filepath.Join(dir, name+".pages.gz"))
		if err != nil {
			return nil, fmt.Errorf("--pages-dir: %w", err)
		}
		books = append(books, b)
	}
	return books, nil
}
