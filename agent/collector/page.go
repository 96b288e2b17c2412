package collector

import (
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/edgetick/edgetick/buffer"
)

// ErrNoName is returned for a page with a sample that has no metric name.
var ErrNoName = errors.New("sample without a metric name")

// pages turns the pages of one target, in order, into blocks.
type pages struct {
	labels  *labeler
	series  *series
	reports []*buffer.Series

	number uint64         // of the page being read
	good   uint64         // number of the last page that parsed and was not empty
	last   int64          // timestamp of the page before, milliseconds
	live   []*entry       // the column of the page before; none if that failed
	layout *buffer.Layout // of the last page that parsed
	failed *buffer.Layout // of a page that did not: only the report

	read  reading
	stats Discarded
}

// Discarded counts samples of pages that broke Prometheus's rules for a page
// and so never became samples of a block.
type Discarded struct {
	Duplicate   uint64 // a series a second time on one page
	OutOfOrder  uint64 // a timestamp that is not after the one given out before
	OutOfBounds uint64 // a timestamp of its own that is too far in the future
}

// reading is the page being read. Nothing of it is visible outside before the
// whole page has parsed.
type reading struct {
	at      int64 // milliseconds
	column  []*entry
	values  []float64
	own     []ownSample
	about   description // by HELP, TYPE and UNIT since the last sample
	family  *family     // the last one described
	scraped int
	kept    int
	added   int // series that the last good page did not have
}

// ownSample is a sample that carries its own timestamp.
type ownSample struct {
	entry *entry
	time  int64
	value float64
}

func newPages(l *labeler) *pages {
	p := &pages{labels: l, series: newSeries()}
	for i := range reportFamilies {
		f := &reportFamilies[i]
		e := p.series.add([]byte("\xff"+f.Name), l.encode(l.report(f.Name)), &family{now: f})
		e.report = true
		p.reports = append(p.reports, e.series)
	}
	p.failed = buffer.NewLayout(p.reports)
	p.layout = p.failed
	return p
}

// begin prepares p.read for a page gathered at the time at.
func (p *pages) begin(at int64) {
	clear(p.read.column)
	clear(p.read.own)
	p.read = reading{
		at:     at,
		column: p.read.column[:0],
		own:    p.read.own[:0],
		about:  p.read.about,
	}
	p.read.about.reset()
}

// parse reads the page into p.read.
func (p *pages) parse(page Page) error {
	if len(page.Body) == 0 {
		return nil
	}
	p.read.values = make([]float64, 0, len(p.layout.Series))
	parser, err := textparse.New(page.Body, page.ContentType, nil, textparse.ParserOptions{
		IgnoreNativeHistograms: true,
		FallbackContentType:    "text/plain",
	})
	if parser == nil {
		return err
	}
	about := &p.read.about
	for {
		what, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch what {
		case textparse.EntryHelp:
			name, help := parser.Help()
			d := about.of(name)
			d.help = append(d.help[:0], help...)
		case textparse.EntryType:
			name, typ := parser.Type()
			about.of(name).typ = familyType(typ)
		case textparse.EntryUnit:
			name, unit := parser.Unit()
			d := about.of(name)
			d.unit = append(d.unit[:0], unit...)
		case textparse.EntrySeries:
			if len(about.name) > 0 {
				p.read.family = p.series.describe(about, p.number)
				about.reset()
			}
			if err := p.sample(parser); err != nil {
				return err
			}
		}
	}
}

func (p *pages) sample(parser textparse.Parser) error {
	r := &p.read
	r.scraped++
	text, own, v := parser.Series()
	e := p.series.byText[string(text)]
	if e == nil {
		var err error
		if e, err = p.newSeries(parser, text); err != nil {
			return err
		}
	}
	r.kept++
	if e.page == 0 || e.page < p.good {
		r.added++
	}
	again := e.page == p.number
	e.page = p.number
	switch {
	case e.report:
		p.stats.Duplicate++
	case own != nil && e.inColumn != p.number:
		p.series.owns = true
		r.own = append(r.own, ownSample{e, *own, v})
	case again:
		p.stats.Duplicate++
	case e.newest >= r.at:
		p.stats.OutOfOrder++
	default:
		e.inColumn = p.number
		r.column = append(r.column, e)
		r.values = append(r.values, v)
	}
	return nil
}

// newSeries remembers the series that the parser stands at and that the page
// writes as text.
func (p *pages) newSeries(parser textparse.Parser, text []byte) (*entry, error) {
	var exposed labels.Labels
	parser.Labels(&exposed)
	full := p.labels.page(exposed)
	name := full.Get(model.MetricNameLabel)
	if name == "" {
		return nil, ErrNoName
	}
	if !full.IsValid(model.UTF8Validation) {
		return nil, fmt.Errorf("invalid metric name or label names: %s", full)
	}
	if l, twice := full.HasDuplicateLabelNames(); twice {
		return nil, fmt.Errorf("label name %q is not unique in %s", l, full)
	}
	if p.read.family == nil || !inFamily(name, p.read.family.now) {
		p.read.family = p.series.named(name)
	}
	return p.series.add(text, p.labels.encode(full), p.read.family), nil
}
