package collector

import (
	"errors"
	"io"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/textparse"
)

// readText reads a page of text, of either format, into p.read.
func (p *pages) readText(body []byte, contentType string) error {
	parser, err := textparse.New(body, contentType, nil, textparse.ParserOptions{
		ConvertClassicHistogramsToNHCB: p.histograms == Custom,
		FallbackContentType:            "text/plain",
	})
	if parser == nil {
		return err
	}
	for {
		what, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch what {
		case textparse.EntrySeries, textparse.EntryHistogram:
			p.described()
			if err := p.readSample(parser, what); err != nil {
				return err
			}
		default:
			p.read.about.read(parser, what)
		}
	}
}

// described takes the description before a sample, if there was one.
func (p *pages) described() {
	r := &p.read
	if len(r.about.name) > 0 {
		r.family = p.series.describe(&r.about, p.number)
		r.about.reset()
	}
}

// read takes what the parser stands at, if it describes a family.
func (d *description) read(parser textparse.Parser, what textparse.Entry) {
	switch what {
	case textparse.EntryHelp:
		name, help := parser.Help()
		d = d.of(name)
		d.help = append(d.help[:0], help...)
	case textparse.EntryType:
		name, typ := parser.Type()
		d.of(name).typ = familyType(typ)
	case textparse.EntryUnit:
		name, unit := parser.Unit()
		d = d.of(name)
		d.unit = append(d.unit[:0], unit...)
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
	if !p.read.dated {
		p.give(e, s)
		return nil
	}
	p.readMore(parser, e, s)
	return nil
}

// readMore takes a sample and what OpenMetrics has beside its value.
func (p *pages) readMore(parser textparse.Parser, e *entry, s sample) {
	if e.metric == 0 {
		p.series.identify(e)
	}
	if e.creates {
		p.read.created(e, s.value)
	}
	if !p.give(e, s) {
		return
	}
	for x := &p.read.exemplar; parser.Exemplar(x); *x = (exemplar.Exemplar{}) {
		// Those of a histogram are told from one another by their times.
		if x.HasTs || s.histogram == "" {
			p.exemplify(e, x, s.time)
		}
	}
}
