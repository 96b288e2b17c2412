package buffer_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The corpus in testdata/pages: what real exporters answered at every tick of
// 15 s, one gzipped file per exporter. A file holds, for each page, how its
// lines come from those of the page before:
//
//	@         a page begins
//	=N        the next N lines of the page before, unchanged
//	~VALUE    the next line of the page before with another value
//	-N        the next N lines of the page before are not there
//	+LINE     a new line
//
// To refresh it, capture pages into files NAME-NNNN.txt.gz and run
//
//	EDGETICK_PAGES_DIR=DIR go test ./buffer/ -run TestPages_Corpus -update

const pagesDirVariable = "EDGETICK_PAGES_DIR"

var update = flag.Bool("update", false, "rewrite the files in testdata")

// exporters are the names of the corpus's files.
var exporters = []string{"node", "prometheus", "victoria"}

// loadPages reads the pages of one exporter, oldest first.
func loadPages(tb testing.TB, exporter string) [][]byte {
	tb.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", "pages", exporter+".pages.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	pages, err := unpackPages(gunzip(tb, packed))
	if err != nil {
		tb.Fatalf("corpus of %s: %v", exporter, err)
	}
	return pages
}

func unpackPages(text []byte) ([][]byte, error) {
	var pages [][]byte
	var before, page []string
	next := 0
	end := func() {
		if page != nil {
			pages = append(pages, []byte(strings.Join(page, "\n")+"\n"))
		}
	}
	for line := range strings.Lines(string(text)) {
		op, rest := line[0], strings.TrimSuffix(line[1:], "\n")
		n := 1
		if op == '=' || op == '-' {
			n, _ = strconv.Atoi(rest)
		}
		if op != '@' && op != '+' && (n < 1 || n > len(before)-next) {
			return nil, fmt.Errorf("page %d: no line of the page before for %q", len(pages), line)
		}
		switch op {
		case '@':
			end()
			before, page, next = page, []string{}, 0
		case '=':
			page = append(page, before[next:next+n]...)
			next += n
		case '~':
			page = append(page, before[next][:valueAt(before[next])]+rest)
			next++
		case '-':
			next += n
		case '+':
			page = append(page, rest)
		default:
			return nil, fmt.Errorf("page %d: unknown line %q", len(pages), line)
		}
	}
	end()
	return pages, nil
}

// valueAt is where the value of a line begins: all before it names the series.
func valueAt(line string) int {
	at := strings.LastIndexByte(line, '}')
	return at + 1 + strings.IndexByte(line[at+1:], ' ') + 1
}

func packPages(pages [][]byte) []byte {
	var out []byte
	var before []string
	for _, p := range pages {
		page := strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")
		out = packPage(append(out, "@\n"...), before, page)
		before = page
	}
	return out
}

func packPage(out []byte, before, page []string) []byte {
	key := func(line string) string { return line[:valueAt(line)] }
	same := 0
	flush := func() {
		if same > 0 {
			out = fmt.Appendf(out, "=%d\n", same)
		}
		same = 0
	}
	for _, line := range page {
		at := slices.IndexFunc(before, func(b string) bool { return b == line || b[0] != '#' && key(b) == key(line) })
		if at > 0 {
			flush()
			out = fmt.Appendf(out, "-%d\n", at)
		}
		switch {
		case at < 0:
			flush()
			out = fmt.Appendf(out, "+%s\n", line)
			continue
		case before[at] == line:
			same++
		default:
			flush()
			out = fmt.Appendf(out, "~%s\n", line[valueAt(line):])
		}
		before = before[at+1:]
	}
	flush()
	return out
}

// scrubs hide what belongs to the machine that the pages come from.
var scrubs = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`nodename="[^"]*"`), `nodename="edge"`},
	{regexp.MustCompile(`domainname="[^"]*"`), `domainname="(none)"`},
	{regexp.MustCompile(`release="[^"]*"`), `release="6.1.0-13-amd64"`},
	{regexp.MustCompile(`"/[^"]*/vm"`), `"/var/lib/victoria-metrics"`},
	{regexp.MustCompile(`"/[^"]*/prom"`), `"/var/lib/prometheus"`},
	{regexp.MustCompile(`address="([0-9a-f]{2}:){4}`), `address="02:00:00:00:`},
	{regexp.MustCompile(`broadcast="([0-9a-f]{2}:){4}`), `broadcast="ff:ff:ff:ff:`},
}

func scrub(page []byte) []byte {
	for _, s := range scrubs {
		page = s.what.ReplaceAll(page, []byte(s.with))
	}
	return page
}

// TestPages_Corpus checks that the corpus unpacks; with -update it first packs
// it anew from captured pages.
func TestPages_Corpus(t *testing.T) {
	dir := os.Getenv(pagesDirVariable)
	for _, exporter := range exporters {
		if *update && dir != "" {
			capturePages(t, dir, exporter)
		}
		pages := loadPages(t, exporter)
		if len(pages) < 2 {
			t.Errorf("%s: %d pages", exporter, len(pages))
		}
		if again, _ := unpackPages(packPages(pages)); !slices.EqualFunc(again, pages, bytes.Equal) {
			t.Errorf("%s: the pages do not survive packing", exporter)
		}
	}
}

func capturePages(t *testing.T, dir, exporter string) {
	names, err := filepath.Glob(filepath.Join(dir, exporter+"-*.txt.gz"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no pages of %s in %s", exporter, dir)
	}
	var pages [][]byte
	for _, name := range names {
		packed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if page := gunzip(t, packed); len(page) > 0 {
			pages = append(pages, scrub(page))
		}
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	z.Write(packPages(pages))
	z.Close()
	if err := os.WriteFile(filepath.Join("testdata", "pages", exporter+".pages.gz"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func gunzip(tb testing.TB, packed []byte) []byte {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
