package collector

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/textparse"
)

// follow reads a page as far as it is the one before with other values, which it
// leaves in p.read.values, and returns how many samples and how many bytes that
// is. Nothing else is known then of the page; what its series remember is of an
// earlier one. The places of these samples become those of the page.
func (p *pages) follow(page []byte) (samples, at int) {
	r := &p.read
	r.values = append(r.values, p.plan.column.Values()...)
	places := p.plan.places
	for i, was := 0, 0; ; {
		limit := was + commonPrefix(p.plan.page[was:], page[at:])
		moved := at - was
		for ; i < len(places) && int(places[i].end) <= limit; i++ {
			was = int(places[i].end)
			if moved != 0 {
				places[i] = places[i].moved(moved)
			}
		}
		at = was + moved
		p.plan.followed, p.plan.from = i, was
		if i == len(places) {
			r.steady = limit == len(p.plan.page) && limit+moved == len(page)
			return i, at
		}
		value := int(places[i].value)
		n := bytes.IndexByte(page[min(value+moved, len(page)):], '\n')
		if value > limit || n < 0 || !p.follows(i, page[at:value+moved+n+1], value+moved-at) {
			return i, at
		}
		was, at = int(places[i].end), value+moved+n+1
		places[i] = place{uint32(value + moved), uint32(at)}
		i++
	}
}

func (p place) moved(by int) place {
	return place{uint32(int(p.value) + by), uint32(int(p.end) + by)}
}

// follows takes another value for the sample of place i, if nothing follows from
// it for others. The lines are those after the place before; the value is at the
// given byte.
func (p *pages) follows(i int, lines []byte, value int) bool {
	if p.read.dated && p.series.creates && p.series.at(p.live[i]).creates {
		return false
	}
	v, ok := parseFloat(lines[value : len(lines)-1])
	if !ok && p.read.dated {
		at := bytes.LastIndexByte(lines[:value], '\n') + 1
		v, ok = p.reread(p.live[i], lines[at:], value-at)
	}
	p.read.values[i] = v
	return ok
}

// reread gives a line, on which there is more than a value, to the parser. It
// returns false unless that is an exemplar.
func (p *pages) reread(e ref, line []byte, value int) (float64, bool) {
	parser, ok := p.alone(line, 0)
	if !ok {
		return 0, false
	}
	if what, err := parser.Next(); err != nil || what != textparse.EntrySeries {
		return 0, false
	}
	text, own, v := parser.Series()
	if own != nil || len(text) >= value {
		return 0, false
	}
	var x exemplar.Exemplar
	found := parser.Exemplar(&x)
	if _, err := parser.Next(); !errors.Is(err, io.EOF) {
		return 0, false
	}
	if found {
		p.exemplify(e, &x, p.read.at)
	}
	return v, true
}

// settle brings up to date what the series remember. As long as pages are as the
// one before but for values, that is the same for all of them and left undone.
func (p *pages) settle() {
	if !p.behind {
		return
	}
	for _, r := range p.live {
		e := p.series.at(r)
		e.page, e.column, e.newest = p.good, true, p.last
	}
	p.behind = false
}

// resume goes on from where follow stopped as if all before had been read line
// by line.
func (p *pages) resume(samples int) {
	values := p.read.values[:samples]
	p.read.values = values[:0] // each is written where it has been read
	p.next.places = append(p.next.places, p.plan.places[:samples]...)
	runs := p.plan.runs
	for i, v := range values {
		for len(runs) > 0 && runs[0].before == i {
			p.describedAgain(&runs[0], i)
			runs = runs[1:]
		}
		p.takeAgain(p.live[i], v)
	}
}

// takeAgain takes a sample of a series that the page before had.
func (p *pages) takeAgain(e ref, value float64) {
	p.read.scraped++
	p.count(e)
	p.accept(e, sample{time: p.read.at, value: value})
}

// commonPrefix is how many bytes a and b begin with in common.
func commonPrefix(a, b []byte) int {
	const stride = 128
	n := min(len(a), len(b))
	i := 0
	for i+stride <= n && bytes.Equal(a[i:i+stride], b[i:i+stride]) {
		i += stride
	}
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
