package collector

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
)

// pages turns the pages of one target, in order, into blocks.
type pages struct {
	labels     *labeler
	series     *series
	reports    []*buffer.Series
	histograms Histograms
	stale      string // the end of a series of histograms

	number uint32         // of the page being read
	good   uint32         // number of the last page that parsed and was not empty
	last   int64          // timestamp of the page before, milliseconds
	live   []ref          // the page before had them without timestamps; none if it failed
	layout *buffer.Layout // of the last page that parsed
	failed *buffer.Layout // of a page that did not: only the report

	contentType string // of the page before
	format      format // which is text for no content type

	plan    plan   // of the page before, if it was of text and is known
	next    plan   // of the page being read
	calm    int    // so many pages in a row had the samples of the one before
	behind  bool   // the series of live do not know yet of the last pages
	careful bool   // no page is compared with the one before
	piece   []byte // of a page, for a parser of its own

	columns buffer.Columns
	read    reading
	walk    walk
	wire    wire
	stats   Discarded
}

// Discarded counts what of pages broke the rules for a page and so never got
// into a block.
type Discarded struct {
	Duplicate   uint64 // samples of a series a second time on one page
	OutOfOrder  uint64 // samples with a timestamp that is not after the one given out before
	OutOfBounds uint64 // samples with a timestamp of their own that is too far in the future
	Histograms  uint64 // native histograms that contradict themselves
	Exemplars   uint64 // exemplars with labels that are no label set or too long, or from the future

	// Repaired counts pages with text that was not UTF-8. Nothing of it was
	// discarded: what was wrong has become U+FFFD.
	Repaired uint64
}

// reading is the page being read. Nothing of it is visible outside before the
// whole page has been read.
type reading struct {
	at       int64 // milliseconds
	column   []ref
	values   []float64
	starts   []int64 // when the series of the column began, 0 if unknown
	dated    bool    // the format tells starts; otherwise there are none above
	beside   []beside
	examples []pageExample

	steady bool        // the page has the samples of the one before, with other values
	odd    bool        // the same page again need not be the same
	stats  Discarded   // up to the page before
	origin int         // of the text being parsed: the capacity left at the page's first byte
	typ    buffer.Type // by the last TYPE
	typed  bool        // since the last sample

	about    description // by HELP, TYPE and UNIT since the last sample
	family   *family     // the last one described
	repaired bool
	scratch  []byte
	exemplar exemplar.Exemplar // the one that the parser is at

	scraped int
	kept    int
	added   int // series that the last good page did not have
}

// beside is a sample that does not fit the column: it carries its own timestamp
// or is a histogram.
type beside struct {
	series ref
	sample
}

func newPages(l *labeler, h Histograms) *pages {
	p := &pages{labels: l, series: newSeries(), histograms: h, walk: newWalk()}
	end, _ := native{ints: &histogram.Histogram{Sum: math.Float64frombits(value.StaleNaN)}}.encode(nil)
	p.stale = string(end)
	for i := range reportFamilies {
		f := &reportFamilies[i]
		e := p.series.add(p.series.id([]byte("\xff"+f.Name)), l.encode(l.report(f.Name)), &family{now: f})
		p.series.at(e).report = true
		p.reports = append(p.reports, p.series.known[e])
	}
	p.failed = buffer.NewLayout(p.reports)
	p.layout = p.failed
	return p
}

// begin prepares p.read for a page gathered at the time at.
func (p *pages) begin(at int64) {
	r := &p.read
	clear(r.beside)
	clear(r.examples)
	p.read = reading{
		at:       at,
		stats:    p.stats,
		column:   r.column[:0],
		starts:   r.starts[:0],
		beside:   r.beside[:0],
		examples: r.examples[:0],
		about:    r.about,
		scratch:  r.scratch,
	}
	p.read.about.reset()
}

// parse reads the page into p.read. A parser that panics has met a page that is
// not well-formed in a way of its own.
func (p *pages) parse(page Page) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("the page made the parser panic: %v", x)
		}
		if p.read.repaired {
			p.stats.Repaired++
		}
	}()
	if page.empty() {
		page.free()
		return nil
	}
	r := &p.read
	p.next.column = p.columns.Take(len(p.layout.Series))
	r.values = p.next.column.Values()
	f := p.formatOf(page.ContentType)
	r.dated = f != textFormat || page.Families != nil
	if page.Families == nil && f != protobuf {
		return p.readText(page)
	}
	defer page.free()
	p.settle()
	if page.Families != nil {
		return p.readFamilies(page.Families)
	}
	return p.readProtobuf(page.Body)
}

// formatOf tells the format of a page, which is nearly always that of the page
// before.
func (p *pages) formatOf(contentType string) format {
	if p.contentType != contentType {
		p.contentType, p.format = contentType, formatOf(contentType)
	}
	return p.format
}
