package collector_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// fuzzPages gathers two pages made of raw bytes, the second twice, in every form
// of histograms and checks what holds whatever a page says.
func fuzzPages(f *testing.F, contentType string) {
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for form := collector.Classic; form <= collector.Custom; form++ {
			var page collector.Page
			tgt := newTarget(collector.Config{Histograms: form, Source: sourceFunc(func(context.Context) (collector.Page, error) { return page, nil })})
			rules := newRules()
			for i, body := range [][]byte{first, second, second} {
				page = collector.Page{Body: bytes.Clone(body), ContentType: contentType}
				at := int64(i+1) * 1_000_000
				b, err := tgt.Gather(t.Context(), at)
				if err := rules.check(b, err); err != nil {
					t.Fatalf("%s, page %d: %v", form, i+1, err)
				}
				checkEncodings(t, b)
			}
		}
	})
}

// checkEncodings fails the test unless all that a block refers to is UTF-8 and
// well-formed.
func checkEncodings(t *testing.T, b buffer.Block) {
	t.Helper()
	eachSample(b, func(s buffer.Sample) {
		f := s.Series.Family
		for _, text := range []string{f.Name, f.Help, f.Unit} {
			if !utf8.ValidString(text) {
				t.Fatalf("the family of %s has the text %q", names(s.Series), text)
			}
		}
		checkLabels(t, s.Series.Labels)
		if s.Series.Start < 0 || s.Series.Start > s.Time {
			t.Fatalf("%s at %d began at %d", names(s.Series), s.Time, s.Series.Start)
		}
		if s.Histogram == "" {
			return
		}
		if _, _, err := proto.DecodeHistogram(s.Histogram); err != nil || s.Value != 0 {
			t.Fatalf("%s: value %v and histogram %q: %v", names(s.Series), s.Value, s.Histogram, err)
		}
	})
	newest := make(map[*buffer.Series]int64)
	for _, x := range b.Exemplars {
		checkLabels(t, x.Labels)
		if last, ok := newest[x.Series]; ok && x.Time < last {
			t.Fatalf("%s has an exemplar at %d after one at %d", names(x.Series), x.Time, last)
		}
		newest[x.Series] = x.Time
	}
}

func checkLabels(t *testing.T, enc string) {
	t.Helper()
	before := ""
	for name, value := range proto.Labels(enc) {
		if name <= before || value == "" || !utf8.ValidString(name+value) {
			t.Fatalf("the label %q=%q after %q", name, value, before)
		}
		before = name
	}
	if err := proto.CheckLabels(enc); err != nil {
		t.Fatal(err)
	}
}

// seed adds the pages of the comparisons that have a content type.
func seed(f *testing.F, contentType string) {
	for _, c := range comparisons {
		var before []byte
		for _, x := range c.pages {
			if strings.HasPrefix(strings.ToLower(x.contentType), contentType) {
				body := []byte(x.resolve(1_000_000).body)
				f.Add(before, body)
				before = body
			}
		}
	}
}

func FuzzText(f *testing.F) {
	seed(f, "text/plain")
	fuzzPages(f, "text/plain")
}

func FuzzOpenMetrics(f *testing.F) {
	seed(f, "application/openmetrics-text")
	fuzzPages(f, "application/openmetrics-text")
}

func FuzzProtobuf(f *testing.F) {
	seed(f, "application/vnd.google.protobuf")
	fuzzPages(f, "application/vnd.google.protobuf")
}
