package collector

import (
	"bytes"
	"math"
	"slices"

	"github.com/edgetick/edgetick/buffer"
)

// plan is a page of text with the places of its samples. The sample of place i
// is that of pages.live[i].
type plan struct {
	page        []byte  // it stays as it is until the next page has been read
	spares      *Spares // whose page is, if not the source's
	contentType string
	column      *buffer.Column // of the values on it; never nil if there is a page
	places      []place
	runs        []run

	followed int // so many places are by now those of the page that is read
	from     int // where the lines before the sample of the next place begin
}

// place is where a sample stands: how many bytes of the page are before its
// value and how many before the next line.
type place struct{ value, end uint32 }

// drop forgets the page and its values, so that the next one is read without.
func (p *plan) drop() {
	if p.spares != nil {
		p.spares.give(p.page)
	}
	p.column.Release()
	clear(p.runs)
	*p = plan{places: p.places[:0], runs: p.runs[:0]}
}

// fits tells whether a page is of the same kind.
func (p *plan) fits(contentType string) bool {
	return p.page != nil && p.contentType == contentType
}

// start is where the lines before the sample of place i begin.
func (p *plan) start(i int) int {
	if i == p.followed {
		return p.from
	}
	return int(p.places[i-1].end)
}

// sample splits what is before the value of place i into the lines before the
// sample and the text of its series with the space after it.
func (p *plan) sample(i int) (lines, text []byte) {
	stretch := p.page[p.start(i):p.places[i].value]
	n := commentsEnd(stretch)
	return stretch[:n], stretch[n:]
}

// calmPages is how many pages in a row must have the samples of the one before
// until memory for others is given back: so many that it costs nothing to make it
// again for each page that is different.
const calmPages = 60

// maxStretch bounds what may stand between two samples, in bytes: it is looked
// through for each line that is not where it was.
const maxStretch = 16 << 10

// sparse tells whether more than that stands between two samples.
func (p *plan) sparse() bool {
	end := uint32(0)
	for _, at := range p.places {
		if at.value-end > maxStretch {
			return true
		}
		end = at.end
	}
	return false
}

// run returns the lines that describe a family before place i, or nil.
func (p *plan) run(i int) *run {
	at, ok := slices.BinarySearchFunc(p.runs, i, func(r run, i int) int { return r.before - i })
	if !ok {
		return nil
	}
	return &p.runs[at]
}

// add adds the place of a sample, the text of whose series stands at the byte
// at. A place that cannot be told is left out, and the page is then not known.
func (p *plan) add(at int, text []byte) {
	end := at + len(text)
	if p.page == nil || at < 0 || end > len(p.page) || !bytes.Equal(p.page[at:end], text) {
		return
	}
	for end < len(p.page) && (p.page[end] == ' ' || p.page[end] == '\t') {
		end++
	}
	if n := bytes.IndexByte(p.page[end:], '\n'); n >= 0 {
		p.places = append(p.places, place{uint32(end), uint32(end + n + 1)})
	}
}

// describe adds a run, if the page is of text.
func (p *plan) describe(r run) {
	if p.page != nil {
		p.runs = append(p.runs, r)
	}
}

// remember makes the page that has been read the one that the next is compared
// with, if the same lines will have the same effect there.
func (p *pages) remember() {
	r := &p.read
	if r.steady {
		p.plan.page, p.next.page = p.next.page, p.plan.page
		p.plan.spares, p.next.spares = p.next.spares, p.plan.spares
		p.plan.column, p.next.column = p.next.column, p.plan.column
	} else {
		p.plan, p.next = p.next, p.plan
	}
	p.plan.followed, p.plan.from = 0, 0
	if p.careful || uint64(len(p.plan.page)) > math.MaxUint32 || r.odd || r.stats != p.stats || !r.steady && !p.plain() {
		p.plan.drop()
	}
}

// relax gives back the memory that only takes part where a page is not as the one
// before.
func (p *pages) relax() {
	r := &p.read
	p.next.drop()
	p.next, p.piece = plan{}, nil
	r.column, r.starts, r.beside, r.examples = nil, nil, nil, nil
	p.plan.places, p.plan.runs = slices.Clone(p.plan.places), slices.Clone(p.plan.runs)
	p.live = slices.Clone(p.live)
	p.series.rest()
}

// plain tells whether each line of the page is a sample in the column or none.
func (p *pages) plain() bool {
	r := &p.read
	n := len(r.column)
	if p.histograms == Custom || len(p.plan.places) != n || r.scraped != n || len(r.beside) > 0 || p.plan.sparse() {
		return false
	}
	ahead := func(start int64) bool { return start > r.at }
	return !r.dated || !p.series.redescribed && !slices.ContainsFunc(r.starts, ahead)
}
