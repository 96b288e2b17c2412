package buffer_test

import (
	"slices"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// rare adds what most targets never have.
func (w *world) rare(t *target, b *buffer.Block) {
	for _, s := range t.counted {
		for range w.dice.one(3) {
			x := buffer.Sample{Series: s, Time: b.Time, Histogram: w.histogram(t, s)}
			if w.dice.one(8) == 0 {
				x.Time += int64(w.dice.one(256))
			}
			b.Extra = append(b.Extra, x)
		}
		if w.dice.one(16) == 15 { // a float among histograms
			b.Extra = append(b.Extra, buffer.Sample{Series: s, Time: b.Time, Value: w.value(t, s)})
		}
	}
	from := t.counted
	if t.layout != nil {
		from = append(slices.Clone(t.layout.Series), from...)
	}
	if len(from) == 0 {
		return
	}
	for range max(0, w.dice.one(8)-4) {
		s := from[w.dice.one(len(from))]
		x := buffer.Exemplar{Series: s, Time: b.Time - int64(w.dice.one(256)), Value: w.value(t, s), Labels: w.exemplarLabels()}
		b.Exemplars = append(b.Exemplars, x)
	}
}

func (w *world) exemplarLabels() string {
	switch w.dice.one(8) {
	case 0:
		return ""
	case 1:
		return string(proto.AppendLabel(nil, "trace_id", string(throw(w.dice.bits(), w.dice.one(100)))))
	}
	return string(proto.AppendLabel(nil, "trace_id", string(throw(w.dice.bits(), 16))))
}

// staleHistogram is a histogram whose sum is the stale marker, and no more.
const staleHistogram = "\x19\x02\x00\x00\x00\x00\x00\xf0\x7f"

// histogram lets the histogram of a series go on: bytes of it change, come or go.
func (w *world) histogram(t *target, s *buffer.Series) string {
	h := []byte(t.histograms[s])
	at := w.dice.one(len(h) + 1)
	switch how := w.dice.one(8); {
	case len(h) == 0 || how == 0:
		h = throw(w.dice.bits(), 1+w.dice.one(250)<<w.dice.one(4))
	case how == 1:
		h = slices.Insert(h, at, throw(w.dice.bits(), w.dice.one(5))...)
	case how == 2 && len(h) > 4:
		h = slices.Delete(h, at/2, at/2+w.dice.one(3))
	case how == 3:
		h = []byte(staleHistogram)
	case how < 7:
		for range w.dice.one(8) {
			h[w.dice.one(256)*len(h)/256]++
		}
	}
	t.histograms[s] = string(h)
	return string(h)
}
