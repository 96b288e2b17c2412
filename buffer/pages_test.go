package buffer_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/edgetick/edgetick/cmd/edgetick-drill/corpus"
)

// The corpus in testdata/pages: what real exporters answered at every tick of
// 15 s, one file per exporter in the form that package corpus describes. To
// refresh it, capture pages into files NAME-NNNN.txt.gz and run
//
//	EDGETICK_PAGES_DIR=DIR go test ./buffer/ -run TestPages_Corpus -update

const pagesDirVariable = "EDGETICK_PAGES_DIR"

var update = flag.Bool("update", false, "rewrite the files in testdata")

// exporters are the names of the corpus's files.
var exporters = []string{"node", "prometheus", "victoria"}

// loadPages reads the pages of one exporter, oldest first.
func loadPages(tb testing.TB, exporter string) [][]byte {
	tb.Helper()
	pages, err := corpus.Load(filepath.Join("testdata", "pages", exporter+".pages.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	return pages
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
		if again, _ := corpus.Unpack(string(corpus.Pack(pages))); !slices.EqualFunc(again, pages, bytes.Equal) {
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
	z.Write(corpus.Pack(pages))
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
