package collector

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/edgetick/edgetick/buffer"
)

// readText reads a page of text, of either format, into p.read: as far as it is
// the page before by follow.go, from there on by patch.go. A page of which none
// before is known is the rest of a page.
func (p *pages) readText(page Page) error {
	r := &p.read
	p.next.page, p.next.spares, p.next.contentType = p.ended(page.Body), page.spares, page.ContentType
	known := p.plan.fits(page.ContentType) && r.at > p.last
	samples, at := 0, 0
	if known {
		samples, at = p.follow(p.next.page)
	}
	if r.steady {
		r.scraped, r.kept = samples, samples
		return nil
	}
	p.settle()
	p.resume(samples)
	if !utf8.Valid(p.next.page[at:]) {
		p.next.page = slices.Grow(bytes.ToValidUTF8(p.next.page[at:], []byte(string(utf8.RuneError))), 1)
		r.repaired, at, known = true, 0, false
	}
	if known {
		return p.patch(at, samples)
	}
	return p.rest(at)
}

// ended returns a page with room for a byte after it, because the parser puts
// one there, and with an end to its last line where the format does without.
func (p *pages) ended(page []byte) []byte {
	page = slices.Grow(page, 2)
	if !p.read.dated && page[len(page)-1] != '\n' {
		page = append(page, '\n')
	}
	return page
}

// rest reads what is left of a page.
func (p *pages) rest(at int) error {
	lines := p.next.page[at:]
	before := p.typeLine()
	if len(lines) > 0 && lines[0] == 0 {
		before = ""
	}
	if len(before) > 0 {
		lines = append(append(make([]byte, 0, len(before)+len(lines)+1), before...), lines...)
	}
	p.read.origin = cap(lines) - len(before) + at
	parser, err := p.parser(lines, len(before) > 0)
	if parser == nil {
		return err
	}
	_, err = p.readEntries(parser)
	return err
}

// readAlone reads lines as if they were a page, the byte at of which they are. It
// tells whether the parser refuses them; any other error is the page's, as is one
// after a sample, which the parser makes of what is left of a line.
func (p *pages) readAlone(lines []byte, at int) (refused bool, err error) {
	parser, ok := p.alone(lines, at)
	if !ok {
		return true, nil
	}
	before := p.read.scraped
	if refused, err = p.readEntries(parser); refused && p.read.scraped == before {
		return true, nil
	}
	return false, err
}

// alone returns a parser for lines only. It returns false for those that can mean
// something else there.
func (p *pages) alone(lines []byte, at int) (textparse.Parser, bool) {
	if bytes.IndexByte(lines, 0) >= 0 || !utf8.Valid(lines) { // a zero may end a page
		return nil, false
	}
	before := p.typeLine()
	b := append(p.piece[:0], before...)
	b = append(b, lines...)
	if p.read.dated {
		b = append(b, "# EOF\n"...)
	}
	b = slices.Grow(b, 1)
	p.piece = b
	p.read.origin = cap(b) - len(before) + at
	parser, _ := p.parser(b, len(before) > 0)
	return parser, parser != nil
}

// typeLine is what the parser must have read before it makes the labels of
// another series of the family.
func (p *pages) typeLine() string {
	switch p.read.typ {
	case buffer.TypeHistogram:
		return "# TYPE x histogram\n"
	case buffer.TypeSummary:
		return "# TYPE x summary\n"
	default:
		return ""
	}
}

// parser makes a parser, which has read the type line if there is one.
func (p *pages) parser(lines []byte, typed bool) (textparse.Parser, error) {
	parser, err := textparse.New(lines, p.next.contentType, nil, textparse.ParserOptions{
		ConvertClassicHistogramsToNHCB: p.histograms == Custom,
		FallbackContentType:            "text/plain",
	})
	if typed && parser != nil {
		_, err = parser.Next()
	}
	return parser, err
}

// readEntries reads what the parser has. It tells whether an error is the
// parser's.
func (p *pages) readEntries(parser textparse.Parser) (refused bool, err error) {
	for {
		what, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return true, err
		}
		switch what {
		case textparse.EntrySeries, textparse.EntryHistogram:
			p.described()
			if err := p.readSample(parser, what); err != nil {
				return false, err
			}
		default:
			p.read.describe(parser, what)
		}
	}
}

func (p *pages) readSample(parser textparse.Parser, what textparse.Entry) error {
	s := sample{time: p.read.at}
	var text []byte
	var own *int64
	var n native
	if what == textparse.EntryHistogram {
		text, own, n.ints, n.floats = parser.Histogram()
	} else {
		text, own, s.value = parser.Series()
		p.next.add(p.read.origin-cap(text), text)
	}
	if own != nil {
		s.time, s.own = *own, true
	}
	e, err := p.find(text, parser)
	if err != nil {
		return err
	}
	if what == textparse.EntryHistogram && !p.setHistogram(e, &s, n) {
		return nil
	}
	if !p.accept(e, s) || !p.read.dated {
		return nil
	}
	for x := &p.read.exemplar; parser.Exemplar(x); *x = (exemplar.Exemplar{}) {
		// Those of a histogram are told from one another by their times.
		if x.HasTs || s.histogram == "" {
			p.exemplify(e, x, s.time)
		}
	}
	return nil
}

// accept takes a sample of text and what is known with it of others, or returns
// false if the page must not have it.
func (p *pages) accept(e ref, s sample) bool {
	if p.read.dated {
		if p.series.metric(e) == 0 {
			p.series.identify(e)
		}
		if p.series.at(e).creates {
			p.created(e, s.value)
		}
	}
	return p.give(e, s)
}
