package collector

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/cmd/edgetick-drill/corpus"
)

const (
	textType        = "text/plain; version=0.0.4"
	openMetricsType = "application/openmetrics-text; version=1.0.0"
)

// twins read the same pages, one of them without comparing them to those before.
type twins struct {
	fast, careful *pages
	seen          [2]map[any]int // what blocks refer to, in the order in which it has appeared

	at     int64
	steady int // pages that had the series of those before
}

func newTwins(h Histograms) *twins {
	w := &twins{at: 1_000_000}
	for i, p := range []**pages{&w.fast, &w.careful} {
		*p = newPages(newLabeler(labels.FromStrings("job", "job"), labels.EmptyLabels()), h)
		w.seen[i] = make(map[any]int)
	}
	w.careful.careful = true
	return w
}

// read reads a page and fails the test unless both twins make the same of it.
func (w *twins) read(t *testing.T, body []byte, contentType string, failed error) {
	t.Helper()
	room := 0 // the fast one has none after the body, the careful one some
	w.readPage(t, func() Page {
		room += 8
		return Page{Body: append(make([]byte, 0, len(body)+room-8), body...), ContentType: contentType}
	}, failed)
}

func (w *twins) readPage(t *testing.T, page func() Page, failed error) {
	t.Helper()
	var got [2]string
	var given Page
	for i, p := range []*pages{w.fast, w.careful} {
		var r report
		given = page()
		b, err := p.block(given, w.at, &r, failed)
		got[i] = fmt.Sprintf("error: %t\ndiscarded: %+v\nreport: %+v\n%s", err != nil, p.stats, r, describeBlock(b, w.seen[i]))
	}
	if w.fast.read.steady {
		w.steady++
	}
	if got[0] != got[1] {
		t.Fatalf("at %d, of the page\n%s\nthe fast way makes\n%s\nthe other\n%s", w.at, given.Body, got[0], got[1])
	}
}

// describeBlock writes all that a block says. What it refers to is written with a
// number, so that the same thing has the same number in each block.
func describeBlock(b buffer.Block, seen map[any]int) string {
	var out strings.Builder
	number := func(x any) int {
		if _, ok := seen[x]; !ok {
			seen[x] = len(seen)
		}
		return seen[x]
	}
	series := func(s *buffer.Series) string {
		return fmt.Sprintf("%d %q start=%d family=%d %+v", number(s), s.Labels, s.Start, number(s.Family), *s.Family)
	}
	fmt.Fprintf(&out, "at %d, layout %d\n", b.Time, number(b.Layout))
	for i, s := range b.Layout.Series {
		if i < len(b.Values) { // the report's values come later
			fmt.Fprintf(&out, "%s %x\n", series(s), math.Float64bits(b.Values[i]))
		}
	}
	for _, x := range b.Extra {
		fmt.Fprintf(&out, "beside: %s at %d %x %x\n", series(x.Series), x.Time, math.Float64bits(x.Value), x.Histogram)
	}
	for _, x := range b.Exemplars {
		fmt.Fprintf(&out, "exemplar: %s at %d %v %x\n", series(x.Series), x.Time, x.Value, x.Labels)
	}
	return out.String()
}

// captured are pages of real exporters, oldest first.
func captured(tb testing.TB, name string) [][]byte {
	tb.Helper()
	pages, err := corpus.Load(filepath.Join("..", "..", "buffer", "testdata", "pages", name+".pages.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	return pages
}

func TestPages_CapturedPagesAreFollowed(t *testing.T) {
	for name, least := range map[string]int{"node": 230, "prometheus": 150, "victoria": 60} {
		w := newTwins(Classic)
		pages := captured(t, name)
		for _, page := range pages {
			w.at += 1000
			w.read(t, page, textType, nil)
		}
		t.Logf("%s: %d of %d pages have the series of the page before", name, w.steady, len(pages))
		if w.steady < least {
			t.Errorf("%s: %d of %d pages were found to have the series of the page before, want %d", name, w.steady, len(pages), least)
		}
	}
}

// examplePage is a page of OpenMetrics with all that the format has.
const examplePage = `# HELP a An example.
# TYPE a counter
a_total{x="1"} 1 # {trace="t1"} 0.5 999.5
a_total{x="2"} 2
a_created{x="2"} 900.5
# TYPE b histogram
# UNIT b seconds
b_bucket{le="1"} 3 # {trace="t2"} 0.25
b_bucket{le="+Inf"} 5 # {trace="t3"} 7 999
b_count 5
b_sum 1.5e+01
b_created 999.123
# TYPE c gauge
c{y="a} b"} NaN
c{y="c \" d"} -0
# TYPE d summary
d{quantile="0.5"} 0.1
d_sum +Inf
d_count 1
# TYPE e info
e_info{version="1"} 1
f 1
# EOF
`

// mutator changes a page from scrape to scrape.
type mutator struct {
	lines       []string
	contentType string
	tail        string // garbage after the page
	cut         int    // bytes that are left out at its end
}

var (
	newValues = []string{"0", "1", "-1", "17", "1e5", "1.446249e+06", "12345.678", "NaN", "+Inf", "-Inf", "-0", "1e999", "0x1p-2", "1_0", "0x10",
		"0.1234567890123456789", "9007199254740993", "1.7976931348623157e308", "5e-324", "1e22", "1e23", ".5", "5.", ".", "e5", "1e", "inf", "nan", "", "1 ", " 1", "1\r", "1}", "{", "1\x00"}
	newEnds  = []string{" 1000.5", " 1000500", " 1000", " 99999999999", " # {t=\"1\"} 1", " # {t=\"2\"} 1 1000.1", " # {t=\"1\"} 2 1000", " # {} 1", " # {t=\"\\x\"} 1", " # {t=\"" + strings.Repeat("x", 130) + "\"} 1", " # {t=\"1\"} 1 9999999", " #"}
	newLines = []string{"z 1", "z{x=\"1\"} 1", "z{x=\"2\",y=\"1\"} 1", "z{y=\"1\",x=\"2\"} 1", "up 1", "# HELP a Another.", "# HELP c C.", "# TYPE a gauge", "# TYPE a_total counter",
		"# TYPE c histogram", "# TYPE z summary", "z{quantile=\"1.0\"} 2", "c_bucket{le=\"2\"} 1", "c_bucket{le=\"2.0\"} 1", "# a comment", "#", "", "# EOF", "{\"quoted.name\"} 1", "z{x=\"one\ntwo\"} 1",
		"c{y=\"", "\"} 1", "z{job=\"x\"} 1", "\x00", "z{x=\"\xff\"} 1", "# HELP a \xff", "  z 1", "z\t1", "z{x=\"1\"}1", "d_created 999", "a_created{x=\"1\"} 998", "b_created 9999999", "z 1 1000500", "z 1 1000.5", "# TYPE a bad", "# UNIT b x", "}"}
	contentTypes = []string{textType, openMetricsType, "", "application/openmetrics-text; version=2.0.0", "text/plain; version=1.0.0; escaping=allow-utf-8"}
)

func (m *mutator) body() []byte {
	body := strings.Join(m.lines, "\n") + "\n" + m.tail
	return []byte(body[:max(len(body)-m.cut, 0)])
}

// mutate changes the page as three bytes say.
func (m *mutator) mutate(op, x, y byte) {
	if len(m.lines) == 0 {
		m.lines = []string{"a 1"}
	}
	i := (int(x) | int(y)<<8) % len(m.lines)
	pick := func(from []string) string { return from[int(y)%len(from)] }
	switch op % 16 {
	default: // most of all, values change
		at := strings.LastIndexByte(m.lines[i], '}') + 1
		if n := strings.IndexByte(m.lines[i][at:], ' '); n >= 0 && !strings.HasPrefix(m.lines[i], "#") {
			m.lines[i] = m.lines[i][:at+n+1] + pick(newValues)
		}
	case 1:
		m.lines = slices.Delete(m.lines, i, i+1)
	case 2:
		m.lines = slices.Insert(m.lines, i, m.lines[int(y)%len(m.lines)])
	case 3:
		j := int(y) % len(m.lines)
		m.lines[i], m.lines[j] = m.lines[j], m.lines[i]
	case 4:
		m.lines = slices.Insert(m.lines, int(x)%len(m.lines), pick(newLines))
	case 5:
		m.lines[int(x)%len(m.lines)] += pick(newEnds)
	case 6: // a family or so goes elsewhere
		n := min(i+1+int(y)%4, len(m.lines))
		moved := slices.Clone(m.lines[i:n])
		m.lines = append(slices.Delete(m.lines, i, n), moved...)
	case 7:
		m.tail = pick([]string{"", "a 1", "# EOF\n", "}", "a 1\n", "\x00"})
	case 8:
		m.cut = int(y) % 8
	case 9:
		m.contentType = pick(contentTypes)
	case 10: // one line becomes another
		m.lines[int(x)%len(m.lines)] = pick(newLines)
	}
}

// change reads a page, and again each time that the operations have changed it.
func (w *twins) change(t *testing.T, page []byte, contentType string, ops []byte) {
	t.Helper()
	m := mutator{contentType: contentType, lines: strings.Split(strings.TrimSuffix(string(page), "\n"), "\n")}
	good := m
	for {
		w.read(t, m.body(), m.contentType, nil)
		if w.fast.read.at == w.at && w.fast.good == w.fast.number {
			good = mutator{lines: slices.Clone(m.lines), contentType: m.contentType, tail: m.tail, cut: m.cut}
		} else { // else nearly all pages would be bad
			m = mutator{lines: slices.Clone(good.lines), contentType: good.contentType, tail: good.tail, cut: good.cut}
		}
		for {
			if len(ops) < 4 {
				return
			}
			m.mutate(ops[0], ops[1], ops[2])
			how := ops[3]
			ops = ops[4:]
			if how%4 == 0 {
				continue // and more changes
			}
			w.at += 1000
			switch how {
			case 1:
				w.read(t, nil, "", errCutOff)
				w.at += 1000
			case 2:
				w.at -= 5000
			case 3:
				w.at -= 1000
			}
			break
		}
	}
}

// Whatever changes from page to page, the fast way makes the same of it as the
// parser alone.
func TestPages_FastWayIsThatOfTheParser(t *testing.T) {
	node, prom := captured(t, "node")[0], captured(t, "prometheus")[0]
	steady := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		ops := make([]byte, 4*40)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		for i, page := range [][]byte{[]byte(examplePage), []byte(examplePage), node[:len(node)/20], prom[:len(prom)/20]} {
			w := newTwins([]Histograms{Classic, Custom, Classic, Both}[i])
			contentType := []string{openMetricsType, openMetricsType, textType, textType}[i]
			page = page[:bytes.LastIndexByte(page, '\n')+1]
			w.change(t, page, contentType, ops)
			steady += w.steady
		}
	}
	if steady < 100 {
		t.Errorf("%d pages have the series of the page before, want more", steady)
	}
}

func FuzzPositional(f *testing.F) {
	f.Add([]byte(examplePage), true, []byte{0, 2, 3, 5, 0, 3, 4, 5, 5, 2, 4, 5, 0, 2, 2, 5})
	f.Add([]byte(examplePage), true, []byte{1, 2, 0, 5, 4, 2, 1, 5, 6, 2, 1, 5, 3, 2, 5, 5, 9, 0, 0, 5})
	for _, name := range []string{"node", "prometheus", "victoria"} {
		page := captured(f, name)[0]
		page = page[:bytes.LastIndexByte(page[:4000], '\n')+1]
		f.Add(page, false, []byte{0, 2, 3, 5, 0, 3, 4, 5, 1, 2, 4, 5, 4, 2, 2, 5, 6, 4, 4, 5, 7, 0, 2, 5})
	}
	f.Fuzz(func(t *testing.T, page []byte, openMetrics bool, ops []byte) {
		contentType := textType
		if openMetrics {
			contentType = openMetricsType
		}
		if len(ops) > 200 {
			return
		}
		newTwins(Classic).change(t, page, contentType, ops)
	})
}
