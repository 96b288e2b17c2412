package collector

import (
	"bytes"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// A page with more between two samples than it is worth looking through is left
// to the parser.
func TestPlan_Sparse(t *testing.T) {
	comments := bytes.Repeat([]byte("# nothing\n"), maxStretch/10+1)
	for name, c := range map[string]struct {
		page  []byte
		known bool
	}{
		"usual":  {[]byte("# HELP a b\na 1\nb 2\n"), true},
		"sparse": {append(append([]byte("a 1\n"), comments...), "b 2\n"...), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), Classic)
			var r report
			if _, err := p.block(Page{Body: c.page, ContentType: "text/plain"}, 1000, &r, nil); err != nil {
				t.Fatal(err)
			}
			if known := p.plan.page != nil; known != c.known {
				t.Errorf("the page is known: %v, want %v", known, c.known)
			}
		})
	}
}
