package main

import (
	"bytes"
	"fmt"
)

// plate is a page that is written once. For each number only the values that
// change are written, over those before, all of them as wide: a page of a hundred
// thousand lines costs less than copying it. Values follow from the number of the
// series and that of the page, as those of a page do. A plate is for one goroutine.
type plate struct {
	first  int   // series
	ends   []int // of the values in the text
	text   []byte
	number int // of the page that it shows
}

// newPlate makes a plate of series numbered from first on, which shows page 0.
func newPlate(first, series int) *plate {
	p := &plate{first: first}
	for i := range series {
		p.text = append(p.text, linePrefix(first+i)...)
		p.text = append(p.text, widened(first+i, 0).text()...)
		p.ends = append(p.ends, len(p.text))
		p.text = append(p.text, '\n')
	}
	p.text = bytes.Clone(p.text) // without room to grow
	return p
}

// append appends the page of a number.
func (p *plate) append(dst []byte, number int) []byte {
	for i := range p.ends {
		if series := p.first + i; changes(series, p.number, number) {
			widened(series, number).write(p.text[:p.ends[i]])
		}
	}
	p.number = number
	return append(dst, p.text...)
}

// changes tells whether a series may have another value on page b than on a.
func changes(series, a, b int) bool {
	return series%perFamily >= stillKinds || (a+series)/stillFor != (b+series)/stillFor
}

// wide is added to figures, so that all of a series have as many digits.
const wide = 1e9

// widened is the figure of a series on the page of a number, as on a plate.
func widened(series, number int) figure {
	f := figureOf(series, number)
	if f.digits < fullMantissa {
		f.digits += wide
	}
	return f
}

// text is the figure as a new plate has it.
func (f figure) text() string {
	digits := fmt.Sprintf("%0*d", f.decimals+1, f.digits)
	if f.decimals == 0 {
		return digits
	}
	point := len(digits) - f.decimals
	return digits[:point] + "." + digits[point:]
}

// write writes the figure over the end of dst.
func (f figure) write(dst []byte) {
	at := len(dst) - 1
	for i := range f.decimals {
		dst[at-i] = '0' + byte(f.digits%10)
		f.digits /= 10
	}
	if f.decimals > 0 {
		at -= f.decimals + 1 // the point stays
	}
	for ; f.digits > 0; at-- {
		dst[at] = '0' + byte(f.digits%10)
		f.digits /= 10
	}
}
