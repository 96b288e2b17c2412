package buffer_test

import (
	"fmt"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// simulatedTicks makes so many ticks, a minute of seconds if n is 0, of one
// source. Of 20 of its series 14 change once a minute, 3 count in whole numbers
// and 1 in thousandths, 1 has two decimals and 1 no pattern at all: about 70 of
// 100 values are those of the tick before, as on pages of real exporters.
func simulatedTicks(n, series int) []*buffer.Tick {
	if n == 0 {
		n = 60
	}
	layout := simulatedLayout(series)
	ticks := make([]*buffer.Tick, n)
	for at := range ticks {
		b := buffer.Block{Time: corpusStart + 1000*int64(at), Layout: layout, Values: make([]float64, series)}
		for i := range b.Values {
			b.Values[i] = simulatedValue(i, at)
		}
		ticks[at] = &buffer.Tick{Seq: uint64(at + 1), Time: b.Time, Blocks: []buffer.Block{b}}
	}
	rebase(ticks)
	return ticks
}

func simulatedLayout(n int) *buffer.Layout {
	series := make([]*buffer.Series, n)
	var family *buffer.Family
	for i := range series {
		if i%20 == 0 {
			family = &buffer.Family{Name: fmt.Sprintf("family_%d", i/20), Type: buffer.TypeGauge, Help: "Values that follow from their place."}
		}
		labels := proto.AppendLabel(nil, "__name__", family.Name)
		labels = proto.AppendLabel(labels, "handler", fmt.Sprintf("/api/v1/items/%d", i%7))
		labels = proto.AppendLabel(labels, "series", fmt.Sprint(i))
		series[i] = &buffer.Series{Labels: string(labels), Family: family}
	}
	return buffer.NewLayout(series)
}

func simulatedValue(i, at int) float64 {
	noise := scramble(uint64(i)<<32 | uint64(at))
	count := uint64(at)*(3+uint64(i)%500) + noise%(3+uint64(i)%500)
	switch kind := i % 20; {
	case kind < 14:
		return float64(i*15+(at+i)/60*10) / 10
	case kind < 17:
		return float64(count)
	case kind == 17:
		return float64(count) / 1e3
	case kind == 18:
		return float64(noise%10_000) / 1e2
	default:
		return float64(noise>>11) / 1e16
	}
}

// scramble makes a number without pattern, always the same, of another.
func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
