package collector

import "bytes"

// sparse is how many lines there are to one that may be given to the parser
// alone, which costs more than if the parser reads on.
const sparse = 16

// patch reads a page from the byte at on, where it differs from the page before
// in more than values, with the given place next. What stood on the page before
// is known, wherever it stands now. Other lines are given to the parser, one by
// one; where that does not do, it gets the rest of the page.
func (p *pages) patch(at, place int) error {
	page := p.next.page
	for left := sparse + len(p.live)/sparse; left > 0; {
		begin := at + commentsEnd(page[at:])
		n := bytes.IndexByte(page[begin:], '\n') + 1
		if n == 0 {
			break
		}
		line := page[begin : begin+n]
		i := p.standing(line, place)
		if known, ok := p.patchComments(page[at:begin], i); !ok {
			break
		} else if !known {
			left--
		}
		at = begin
		if i >= 0 && p.patchSample(line, at, i) {
			at, place = at+n, i+1
			continue
		}
		left--
		refused, err := p.readAlone(line, at)
		if err != nil {
			return err
		}
		if refused {
			break
		}
		at += n
		if i >= 0 {
			place = i + 1
		}
	}
	return p.rest(at)
}

// commentsEnd is where the next line begins that is neither empty nor begins as
// comments do.
func commentsEnd(page []byte) int {
	at := 0
	for at < len(page) && (page[at] == '#' || page[at] == '\n') {
		n := bytes.IndexByte(page[at:], '\n')
		if n < 0 {
			return len(page)
		}
		at += n + 1
	}
	return at
}

// standing returns the place at which a sample's line stood on the page before,
// which is probably the given one; none is -1.
func (p *pages) standing(line []byte, place int) int {
	if place < len(p.live) {
		if _, text := p.plan.sample(place); bytes.HasPrefix(line, text) {
			return place
		}
	}
	e, ok := p.series.find(p.series.id(seriesText(line)))
	if !ok {
		return -1
	}
	place = int(p.series.at(e).place)
	if place < p.plan.followed || place >= len(p.live) || p.live[place] != e {
		return -1
	}
	if _, text := p.plan.sample(place); !bytes.HasPrefix(line, text) {
		return -1
	}
	return place
}

// seriesText is what of a line most likely is the text of a series.
func seriesText(line []byte) []byte {
	if i := bytes.LastIndex(line, []byte(" # {")); i >= 0 {
		line = line[:i]
	}
	if i := bytes.LastIndexByte(line, '}'); i >= 0 {
		return line[:i+1]
	}
	return line[:max(bytes.IndexByte(line, ' '), 0)]
}

// patchComments reads the lines before a sample that stood at place i of the page
// before, or -1. It tells whether they were the same there, and returns false if
// they cannot be read alone.
func (p *pages) patchComments(lines []byte, i int) (known, ok bool) {
	if len(lines) == 0 {
		return true, true
	}
	if i >= 0 {
		if before, _ := p.plan.sample(i); bytes.Equal(lines, before) {
			if r := p.plan.run(i); r != nil {
				p.describedAgain(r, len(p.next.places))
			}
			return true, true
		}
	}
	refused, _ := p.readAlone(lines, 0) // no samples, no other error
	return false, !refused
}

// patchSample reads the sample of place i of the page before, which now stands at
// the byte at. It returns false if its line is not the same but for the value.
func (p *pages) patchSample(line []byte, at, i int) bool {
	was := p.plan.places[i]
	_, text := p.plan.sample(i)
	v, ok := p.plan.column.Values()[i], true
	if !bytes.Equal(line[len(text):], p.plan.page[was.value:was.end]) {
		v, ok = parseFloat(line[len(text) : len(line)-1])
	}
	if !ok {
		return false
	}
	p.described()
	p.next.places = append(p.next.places, place{uint32(at + len(text)), uint32(at + len(line))})
	p.takeAgain(p.live[i], v)
	return true
}
