package buffer

// Type is the type of a metric family. The numbers are those of the remote
// write messages' MetricType and MetricMetadata enumerations.
type Type uint8

// The metric types of the Prometheus exposition formats.
const (
	TypeUnknown Type = iota
	TypeCounter
	TypeGauge
	TypeHistogram
	TypeGaugeHistogram
	TypeSummary
	TypeInfo
	TypeStateset
)

// Family is what a page says about a metric family. A Family is immutable; a
// page that changes its HELP makes a new one.
type Family struct {
	Name string
	Type Type
	Help string
	Unit string
}

// Series is one time series of one target. A Series is immutable.
type Series struct {
	// Labels is the complete label set in its canonical encoding: equal label
	// sets have equal encodings and the other way round.
	Labels string
	// Family is never nil. Series of one family share the pointer.
	Family *Family
	// Start is when the series began to count, in milliseconds since the epoch;
	// 0 if the source does not tell. A series that begins anew is a new Series.
	Start int64
}

// Layout is the ordered list of the series that one target's page carries with
// the timestamp of the tick. A Layout is immutable; no series stands in it
// twice.
type Layout struct {
	Series []*Series

	bytes int
}

// seriesOverhead is the memory a series takes beside its label bytes: the
// pointer in the layout, the Series itself and the allocator's rounding.
const seriesOverhead = 56

// NewLayout makes a layout of series, which it keeps.
func NewLayout(series []*Series) *Layout {
	l := &Layout{Series: series}
	for _, s := range series {
		l.bytes += len(s.Labels) + seriesOverhead
	}
	return l
}

// Bytes is the memory, in bytes, that the layout holds together with its
// series. Series shared with another layout are counted in both.
func (l *Layout) Bytes() int { return l.bytes }
