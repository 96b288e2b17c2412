package proto

// maxRefLen is the length of a ref in a message of up to two million symbols.
const maxRefLen = 3

// SizeBound is a number of bytes that a message of ts does not exceed, in either
// version of the protocol. A message of many series does not exceed the sum: the
// empty symbol, which 2.0 has beside them, is covered by the short refs of the
// first series.
//
// It is meant for packing: it takes every symbol for new, and in 1.0 it is a few
// bytes a label above the truth.
func (ts *TimeSeries) SizeBound() int {
	all := int64(0) // no time is longer than all of them in one
	for _, s := range ts.Samples {
		all |= s.Time
	}
	return stringLen(ts.frame() + len(ts.Samples)*SampleBound(all, ts.Start))
}

// FrameBound is what SizeBound says of ts beside its samples: a message of ts does
// not exceed it and, for each of its samples, [SampleBound]. It is meant for
// packing many series whose samples have the same times, up to 400 of them.
func (ts *TimeSeries) FrameBound() int {
	const samples = 400 * maxSampleLen
	n := ts.frame()
	return stringLen(n+samples) - samples
}

// SampleBound is a number of bytes that a sample of a series does not exceed whose
// time has no more bits than t, start being that of the series.
func SampleBound(t, start int64) int {
	return 2 + 1 + 8 + timeLen(t) + startBound(start)
}

// frame bounds what the field of a TimeSeries holds beside its samples.
func (ts *TimeSeries) frame() int {
	n := labelsBound(ts.Labels) + ts.histogramsBound()
	for _, x := range ts.Exemplars {
		n += stringLen(labelsBound(x.Labels) + 1 + 8 + timeLen(x.Time))
	}
	return n + ts.metadataBound()
}

// labelsBound bounds both the Label messages of 1.0 and symbols and refs of 2.0.
// What a label has around its two strings is two bytes or more in 1.0, in 2.0 it
// is two refs.
func labelsBound(labels string) int {
	n := len(labels)
	refs := 0
	for labels != "" {
		_, rest, ok := cutField(labels, tagSeriesLabels)
		if !ok {
			break
		}
		refs += 2 * maxRefLen
		n += 2*maxRefLen - 2
		labels = rest
	}
	return n + 1 + varintLen(uint64(refs))
}

func (ts *TimeSeries) histogramsBound() int {
	n := 0
	for _, h := range ts.Histograms {
		n += stringLen(len(h.Data) + timeLen(h.Time) + 1 + startBound(ts.Start))
	}
	return n
}

func startBound(start int64) int {
	if start == 0 {
		return 0
	}
	return timeLen(start)
}

// metadataBound bounds what 2.0 says of a series' family with the series.
func (ts *TimeSeries) metadataBound() int {
	m := ts.Metadata
	if m == nil {
		return 0
	}
	n := stringLen(1 + 2 + 2*(1+maxRefLen)) // type, refs of help and unit
	n += stringLen(len(m.Unit))
	if ts.Describe {
		n += m.SizeBound()
	}
	return n
}

// SizeBound is a number of bytes that describing the family once in a message
// does not exceed, in either version of the protocol.
func (m *Metadata) SizeBound() int {
	return stringLen(2+stringLen(len(m.Family))+stringLen(len(m.Unit))) + stringLen(len(m.Help)) + 4
}

// timeLen is the length of a field of that time.
func timeLen(t int64) int { return 1 + varintLen(uint64(t)) }
