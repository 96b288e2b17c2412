package main

import (
	"fmt"
	"strconv"
)

// page is the text of a simulated exporter. What stands on it follows from its
// number alone, so that anyone who has the number can tell every value.
//
// Of 20 series, 14 change once in stillFor pages, 3 count in whole numbers, 1 in
// milliseconds, 1 is a gauge of two decimals and 1 of a full mantissa: about 70
// of 100 values are those of the page before, as on a node_exporter's page.
type page struct {
	lines []string // what stands before each value
}

const (
	familyPrefix = "drill_family_"
	seriesLabel  = "series" // its value is the number of the series

	perFamily  = 20
	stillKinds = 14 // of them
	stillFor   = 60
)

// simulated makes a book of so many series a page, the page's number among them.
func simulated(series int) *book { return newBook(newPage(series - 1).append) }

func newPage(series int) *page {
	p := new(page)
	for i := range series {
		p.lines = append(p.lines, linePrefix(i))
	}
	return p
}

// linePrefix makes lines of about 110 bytes.
func linePrefix(i int) string {
	family := fmt.Sprintf("%s%04d", familyPrefix, i/perFamily)
	comment := ""
	if i%perFamily == 0 {
		comment = fmt.Sprintf("# HELP %s Values that follow from the number of the page.\n# TYPE %s gauge\n", family, family)
	}
	return fmt.Sprintf(`%s%s{handler="/api/v1/items/%d",method="get",code="200",region="eu-central",%s="%d"} `,
		comment, family, i%7, seriesLabel, i)
}

// append appends the page of a number, which is 1 or more.
func (p *page) append(dst []byte, number int) []byte {
	for i, line := range p.lines {
		dst = append(dst, line...)
		dst = strconv.AppendFloat(dst, p.value(i, number), 'g', -1, 64)
		dst = append(dst, '\n')
	}
	return dst
}

// value is that of series i on the page of a number.
func (*page) value(i, number int) float64 { return figureOf(i, number).value() }

// figure is a value as it is written: digits, so many of them behind the point.
// There are never more than a float64 holds exactly.
type figure struct {
	digits   uint64
	decimals int
}

func figureOf(i, number int) figure {
	switch kind := i % perFamily; {
	case kind < stillKinds:
		return figure{uint64(i)*15 + uint64((number+i)/stillFor)*10, 1}
	case kind < 17:
		return figure{counter(i, number), 0}
	case kind == 17:
		return figure{counter(i, number), 3}
	case kind == 18:
		return figure{mix(i, number) % 10_000, 2}
	default:
		return figure{fullMantissa + mix(i, number)%(8*fullMantissa), 16}
	}
}

// fullMantissa is the least figure of 16 digits.
const fullMantissa = 1e15

// value is what any reader makes of the text: the quotient of two numbers without
// an error is the float64 next to it.
func (f figure) value() float64 { return float64(f.digits) / powers[f.decimals] }

// powers are those of ten, by the decimals of figures.
var powers = [...]float64{0: 1, 1: 10, 2: 100, 3: 1000, 16: 1e16}

// counter grows by counterStep a page on average, never by the same.
func counter(i, number int) uint64 {
	step := counterStep(i)
	return uint64(number)*step + mix(i, number)%step
}

func counterStep(i int) uint64 { return 3 + uint64(i)%500 }

// mix is a number without pattern, always the same for the same arguments
// (splitmix64).
func mix(i, number int) uint64 {
	z := uint64(i)<<32 + uint64(number) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
