// Package corpus reads and packs pages captured from real exporters, one after the other.
//
// A corpus is a gzipped file that holds, for each page, how its lines come from
// those of the page before:
//
//	@         a page begins
//	=N        the next N lines of the page before, unchanged
//	~VALUE    the next line of the page before with another value
//	-N        the next N lines of the page before are not there
//	+LINE     a new line
//
// The functions may be called from any goroutine.
package corpus

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Load reads the pages of a file, oldest first.
func Load(file string) ([][]byte, error) {
	packed, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read captured pages: %w", err)
	}
	pages, err := load(packed)
	if err != nil {
		return nil, fmt.Errorf("read captured pages: %s: %w", file, err)
	}
	return pages, nil
}

func load(packed []byte) ([][]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return Unpack(string(text))
}

// Unpack makes the pages of an unzipped corpus, oldest first.
func Unpack(text string) ([][]byte, error) {
	var u unpacker
	for line := range strings.Lines(text) {
		if err := u.take(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("page %d: %q: %w", u.number, line, err)
		}
	}
	u.end()
	return u.pages, nil
}

// unpacker makes one page after the other.
type unpacker struct {
	pages  [][]byte
	number int      // of the page being made, 0 before the first
	before []string // lines of the page before that are left
	page   []string
}

func (u *unpacker) take(line string) error {
	if line == "@" {
		u.end()
		u.number++
		u.before, u.page = u.page, nil
		return nil
	}
	if line == "" || u.number == 0 {
		return fmt.Errorf("want @, =, ~, - or +, and @ first")
	}
	op, rest := line[0], line[1:]
	if op == '+' {
		u.page = append(u.page, rest)
		return nil
	}
	n := 1
	if op == '=' || op == '-' {
		n, _ = strconv.Atoi(rest)
	}
	if n < 1 || n > len(u.before) {
		return fmt.Errorf("the page before has %d more lines", len(u.before))
	}
	return u.use(op, n, rest)
}

// use takes lines from the page before.
func (u *unpacker) use(op byte, n int, rest string) error {
	lines := u.before[:n]
	u.before = u.before[n:]
	switch op {
	case '=':
		u.page = append(u.page, lines...)
	case '~':
		u.page = append(u.page, lines[0][:valueAt(lines[0])]+rest)
	case '-':
	default:
		return fmt.Errorf("want @, =, ~, - or +")
	}
	return nil
}

// valueAt is where the value of a line begins: all before it names the series.
func valueAt(line string) int {
	at := strings.LastIndexByte(line, '}')
	return at + 1 + strings.IndexByte(line[at+1:], ' ') + 1
}

func (u *unpacker) end() {
	if u.number > 0 {
		u.pages = append(u.pages, []byte(strings.Join(u.page, "\n")+"\n"))
	}
}
