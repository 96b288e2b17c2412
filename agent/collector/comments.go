package collector

import (
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/edgetick/edgetick/buffer"
)

// run is lines without samples before a place of a page that describe a family.
type run struct {
	before int
	family *family
	now    *buffer.Family
	typ    buffer.Type
	typed  bool // otherwise there is no type among them
}

// describe takes what the parser stands at, if it describes a family.
func (r *reading) describe(parser textparse.Parser, what textparse.Entry) {
	switch what {
	case textparse.EntryHelp:
		name, help := parser.Help()
		d := r.about.of(name)
		d.help = append(d.help[:0], help...)
	case textparse.EntryType:
		name, typ := parser.Type()
		r.typ, r.typed = familyType(typ), true
		r.about.of(name).typ = r.typ
	case textparse.EntryUnit:
		name, unit := parser.Unit()
		d := r.about.of(name)
		d.unit = append(d.unit[:0], unit...)
	}
}

// described takes the description before a sample, if there was one.
func (p *pages) described() {
	r := &p.read
	if len(r.about.name) == 0 {
		return
	}
	f := p.series.describe(&r.about, p.number)
	r.odd = r.odd || !r.about.matches(f.now)
	r.family = f
	p.next.describe(run{len(p.next.places), f, f.now, r.typ, r.typed})
	r.typed = false
	r.about.reset()
}

// describedAgain takes a description that the page before had, before another
// place maybe.
func (p *pages) describedAgain(d *run, place int) {
	r := &p.read
	r.odd = r.odd || d.now != d.family.now // which another description on this page has made
	d.family.page = p.number
	r.family = d.family
	if d.typed {
		r.typ = d.typ
	}
	p.next.describe(run{place, d.family, d.now, d.typ, d.typed})
}
