package collector

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"

	"github.com/edgetick/edgetick/buffer"
)

// ErrNoName is returned for a page with a sample that has no metric name.
var ErrNoName = errors.New("sample without a metric name")

// pages turns the pages of one target, in order, into blocks.
type pages struct {
	labels  *labeler
	series  *series
	reports []*buffer.Series

	number uint64 // of the page being read
	last   int64  // timestamp of the page before, milliseconds
	live   []*entry
	broken bool           // live was given up because a page failed
	layout *buffer.Layout // of the last page that parsed
	failed *buffer.Layout // of a page that did not: only the report

	read  reading
	stats Discarded
}

// Discarded counts samples of pages that broke Prometheus's rules for a page
// and so never became samples of a block.
type Discarded struct {
	Duplicate  uint64 // a series a second time on one page
	OutOfOrder uint64 // a timestamp of its own older than one given out before
}

// reading is the page being read. Nothing of it is visible outside before the
// whole page has parsed.
type reading struct {
	at      int64 // milliseconds
	column  []*entry
	values  []float64
	own     []ownEntry
	fresh   []*entry // the series that the page before did not have
	family  *buffer.Family
	scraped int
	kept    int
}

type ownEntry struct {
	entry *entry
	ownSample
}

func newPages(l *labeler) *pages {
	p := &pages{labels: l, series: newSeries()}
	for i := range reportFamilies {
		f := &reportFamilies[i]
		e, _ := p.series.add([]byte("\xff"+f.Name), l.encode(l.report(f.Name)), f)
		e.report = true
		p.reports = append(p.reports, e.series)
	}
	p.failed = buffer.NewLayout(p.reports)
	p.layout = p.failed
	return p
}

// block turns a page gathered at the time at, in milliseconds, into a block. If
// err is set there is no page; if the page does not parse it counts for
// nothing. The block then holds stale markers for what the target had before.
// block fills in r but for the duration; the caller completes the column with
// [report.values]. It returns the error because of which r.up is false.
func (p *pages) block(page Page, at int64, r *report, err error) (buffer.Block, error) {
	p.number++
	p.begin(at)
	if err == nil {
		err = p.parse(page)
		r.scraped, r.kept, r.added = p.read.scraped, p.read.kept, len(p.read.fresh)
	}
	b := buffer.Block{Time: at}
	if r.up = err == nil; r.up {
		p.take(&b)
	} else {
		p.drop(&b)
	}
	p.last = at
	if p.number%ownMemory == 0 {
		p.series.sweep(p.number)
	}
	return b, err
}

// begin prepares p.read for a page gathered at the time at.
func (p *pages) begin(at int64) {
	p.read = reading{
		at:     at,
		column: p.read.column[:0],
		own:    p.read.own[:0],
		fresh:  p.read.fresh[:0],
	}
}

// parse reads the page into p.read.
func (p *pages) parse(page Page) error {
	p.read.values = make([]float64, 0, len(p.layout.Series))
	if len(page.Body) == 0 {
		return nil
	}
	parser, err := textparse.New(page.Body, page.ContentType, nil, textparse.ParserOptions{
		IgnoreNativeHistograms: true,
		FallbackContentType:    "text/plain",
	})
	if parser == nil {
		return err
	}
	var described buffer.Family // by HELP, TYPE and UNIT since the last sample
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
			describe(&described, name).Help = string(help)
		case textparse.EntryType:
			name, typ := parser.Type()
			describe(&described, name).Type = familyType(typ)
		case textparse.EntryUnit:
			name, unit := parser.Unit()
			describe(&described, name).Unit = string(unit)
		case textparse.EntrySeries:
			if described.Name != "" {
				p.read.family = p.series.family(described)
				described = buffer.Family{}
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
	e.page = p.number
	switch {
	case e.report:
		p.stats.Duplicate++
	case own != nil:
		r.own = append(r.own, ownEntry{e, ownSample{*own, math.Float64bits(v)}})
	case e.inColumn == p.number:
		p.stats.Duplicate++
	case e.owned && e.own.time >= r.at:
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
	if p.read.family == nil || !inFamily(name, p.read.family) {
		p.read.family = p.series.family(buffer.Family{Name: name})
	}
	e, fresh := p.series.add(text, p.labels.encode(full), p.read.family)
	if fresh {
		p.read.fresh = append(p.read.fresh, e)
	}
	return e, nil
}

// take completes a block with the page that has been read.
func (p *pages) take(b *buffer.Block) {
	r := &p.read
	for _, o := range r.own {
		p.takeOwn(b, o)
	}
	for _, e := range p.live {
		if e.inColumn != p.number {
			markStale(b, e)
			if e.page != p.number && !e.owned {
				p.series.forget(e)
			}
		}
	}
	if p.broken {
		p.series.forgetUnseen(p.number)
		p.broken = false
	}
	if !p.sameLayout() {
		series := make([]*buffer.Series, 0, len(r.column)+len(p.reports))
		for _, e := range r.column {
			series = append(series, e.series)
		}
		p.layout = buffer.NewLayout(append(series, p.reports...))
	}
	b.Layout, b.Values = p.layout, r.values
	p.live, r.column = r.column, p.live
}

// drop completes a block for a page that failed.
func (p *pages) drop(b *buffer.Block) {
	for _, e := range p.read.fresh {
		p.series.forget(e)
	}
	for _, e := range p.live {
		markStale(b, e)
	}
	p.live, p.broken = p.live[:0], true
	b.Layout = p.failed
}

func (p *pages) sameLayout() bool {
	column := p.read.column
	if len(p.layout.Series) != len(column)+len(p.reports) {
		return false
	}
	for i, e := range column {
		if p.layout.Series[i] != e.series {
			return false
		}
	}
	return true
}

// takeOwn gives out a sample that carries its own timestamp, unless it has been
// given out before or is older than one that has.
func (p *pages) takeOwn(b *buffer.Block, o ownEntry) {
	e := o.entry
	if e.owned && o.ownSample == e.own {
		return // exposed again, unchanged
	}
	newest := int64(math.MinInt64)
	if e.owned {
		newest = e.own.time
	}
	if e.inColumn != 0 {
		newest = max(newest, p.last)
	}
	if o.time <= newest || e.inColumn == p.number && o.time >= b.Time {
		p.stats.OutOfOrder++
		return
	}
	e.own, e.owned = o.ownSample, true
	b.Extra = append(b.Extra, buffer.Sample{Series: e.series, Time: o.time, Value: math.Float64frombits(o.bits)})
}

// markStale ends a series that was in the column of the page before. A series
// that has given out a sample of its own for this moment or a later one goes on.
func markStale(b *buffer.Block, e *entry) {
	if e.owned && e.own.time >= b.Time {
		return
	}
	b.Extra = append(b.Extra, buffer.Sample{Series: e.series, Time: b.Time, Value: math.Float64frombits(value.StaleNaN)})
}
