package buffer

import (
	"bytes"
	"compress/flate"
	"io"
)

// parser reads what a describer wrote.
type parser struct {
	in     scanner // the counts
	texts  []byte
	series []*Series // all since the last key record, and those it appends
	floor  int       // the first of them that may be referred to
	intern interner
	budget int     // bytes that texts may still take
	starts bool    // they are described, too: not so in version 1
	family *Family // described last
	start  int64   // of the series described last
	labels []byte
}

// parse appends n series. It reports whether the bytes described just these.
func (p *parser) parse(n int) bool {
	for range n {
		p.one()
		if p.in.bad || p.budget < 0 {
			return false
		}
	}
	return len(p.in.rest()) == 0 && len(p.texts) == 0
}

func (p *parser) one() {
	var f *Family
	var like string
	known := len(p.series) - p.floor
	back := p.in.count(known)
	switch {
	case back > 0:
		s := p.series[len(p.series)-back]
		f, like = s.Family, s.Labels
	case known > 0:
		like = p.series[len(p.series)-1].Labels
		fallthrough
	default:
		f = p.describedFamily()
	}
	if p.starts {
		p.start += p.in.varint()
	}
	p.budget -= seriesCost
	if labels := p.like(like); !p.in.bad && p.budget >= 0 {
		p.series = append(p.series, p.intern.ofSeries(labels, f, p.start))
	}
}

func (p *parser) describedFamily() *Family {
	f := Family{Type: Type(p.in.byte())}
	name := ""
	if p.family != nil {
		name = p.family.Name
	}
	f.Name = name[:p.in.count(len(name))] + string(p.text())
	f.Help = string(p.text())
	f.Unit = string(p.text())
	p.budget -= seriesCost + len(f.Name) + len(f.Help) + len(f.Unit)
	p.family = p.intern.ofFamily(f)
	return p.family
}

// like reads labels that share their beginning and end with others. The result
// is valid until the next call.
func (p *parser) like(labels string) []byte {
	prefix := p.in.count(len(labels))
	suffix := p.in.count(len(labels) - prefix)
	middle := p.text()
	if p.budget -= prefix + len(middle) + suffix; p.in.bad || p.budget < 0 {
		return nil
	}
	p.labels = append(p.labels[:0], labels[:prefix]...)
	p.labels = append(p.labels, middle...)
	p.labels = append(p.labels, labels[len(labels)-suffix:]...)
	return p.labels
}

// text reads the next text.
func (p *parser) text() []byte {
	n := p.in.count(len(p.texts))
	text := p.texts[:n]
	p.texts = p.texts[n:]
	return text
}

// inflate decompresses descriptions of a known size. What it returns is of
// another size if they are damaged.
func inflate(packed []byte, size int) []byte {
	z := flate.NewReader(bytes.NewReader(packed))
	raw, _ := io.ReadAll(io.LimitReader(z, int64(size)+1))
	return raw
}

// former is what a source had in the group of records before.
type former struct {
	layout *Layout   // used last; nil if there was none
	loose  []*Series // described beside whole layouts
}

// interner finds series and families that are known from before a key record,
// so that what is restated keeps its identity.
type interner struct {
	old      former
	families map[Family]*Family
	series   map[string]*Series
}

// index is put off until something is asked for.
func (i *interner) index() {
	if i.families != nil {
		return
	}
	i.families = make(map[Family]*Family)
	var column []*Series
	if l := i.old.layout; l != nil {
		column = l.Series
	}
	if n := len(i.old.loose) + len(column); n > 0 {
		i.series = make(map[string]*Series, n)
		i.add(i.old.loose)
		i.add(column)
	}
}

func (i *interner) add(series []*Series) {
	for _, s := range series {
		i.series[s.Labels] = s
		i.families[*s.Family] = s.Family
	}
}

func (i *interner) ofFamily(f Family) *Family {
	i.index()
	if old := i.families[f]; old != nil {
		return old
	}
	fresh := &f
	i.families[f] = fresh
	return fresh
}

func (i *interner) ofSeries(labels []byte, f *Family, start int64) *Series {
	i.index()
	if old := i.series[string(labels)]; old != nil && old.is(f, start) {
		return old
	}
	return &Series{Labels: string(labels), Family: f, Start: start}
}

func (i *interner) ofKnown(s *Series) *Series {
	i.index()
	if old := i.series[s.Labels]; old != nil && old.is(s.Family, s.Start) {
		return old
	}
	return s
}

// is tells whether a series is another in all but the labels.
func (s *Series) is(f *Family, start int64) bool { return *s.Family == *f && s.Start == start }
