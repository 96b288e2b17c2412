package corpus_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgetick/edgetick/cmd/edgetick-drill/corpus"
)

func TestUnpack_EachLine(t *testing.T) {
	text := "@\n+# TYPE a gauge\n+a{b=\"} 1\"} 2\n+c 3\n+d 4\n@\n=1\n~7\n-1\n+new 5\n=1\n@\n"
	pages, err := corpus.Unpack(text)
	want := [][]byte{
		[]byte("# TYPE a gauge\na{b=\"} 1\"} 2\nc 3\nd 4\n"),
		[]byte("# TYPE a gauge\na{b=\"} 1\"} 7\nnew 5\nd 4\n"),
		[]byte("\n"),
	}
	if err != nil || !slices.EqualFunc(pages, want, bytes.Equal) {
		t.Errorf("%q, %v, want %q", pages, err, want)
	}
}

func TestUnpack_RefusesWhatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"+a 1\n":               "page 0",
		"@\n+a 1\n@\n=2\n":     "the page before has 1 more lines",
		"@\n+a 1\n@\n=0\n":     "page 2",
		"@\n~1\n":              "has 0 more lines",
		"@\n+a 1\n@\n?\n":      "want @, =, ~, - or +",
		"@\n+a 1\n\n":          "want @, =, ~, - or +",
		"@\n+a 1\n@\n-x\n=1\n": "page 2",
	} {
		if _, err := corpus.Unpack(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestLoad_SaysWhichFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "node.pages.gz")
	if _, err := corpus.Load(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v for no file", err)
	}
	if err := os.WriteFile(file, []byte("no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := corpus.Load(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v for a file that is not one", err)
	}
}
