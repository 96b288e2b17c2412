package collector

import (
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgetick/edgetick/buffer"
)

var familyTypes = map[dto.MetricType]buffer.Type{
	dto.MetricType_COUNTER:         buffer.TypeCounter,
	dto.MetricType_GAUGE:           buffer.TypeGauge,
	dto.MetricType_UNTYPED:         buffer.TypeUnknown,
	dto.MetricType_SUMMARY:         buffer.TypeSummary,
	dto.MetricType_HISTOGRAM:       buffer.TypeHistogram,
	dto.MetricType_GAUGE_HISTOGRAM: buffer.TypeGaugeHistogram,
}

// readFamilies reads what was gathered in this process into p.read. Nothing is
// rendered and parsed, so every value comes through bit by bit.
func (p *pages) readFamilies(families []*dto.MetricFamily) error {
	for _, f := range families {
		if err := p.readFamily(f); err != nil {
			return err
		}
	}
	return nil
}

func (p *pages) readFamily(f *dto.MetricFamily) error {
	if len(f.Metric) == 0 {
		return nil
	}
	if err := p.describeFamily(f); err != nil {
		return err
	}
	for _, m := range f.Metric {
		if err := p.readMetric(f.GetType(), m); err != nil {
			return err
		}
	}
	return nil
}

// describeFamily begins with a family that has metrics.
func (p *pages) describeFamily(f *dto.MetricFamily) error {
	typ, ok := familyTypes[f.GetType()]
	if !ok {
		return fmt.Errorf("family %q is of the unknown type %s", f.GetName(), f.GetType())
	}
	r := &p.read
	p.walk.name = r.text(f.GetName())
	d := &r.about
	d.name = append(d.name, p.walk.name...)
	d.help = append(d.help, r.text(f.GetHelp())...)
	d.unit = append(d.unit, r.text(f.GetUnit())...)
	d.typ = typ
	p.described()
	return nil
}

func (p *pages) readMetric(typ dto.MetricType, m *dto.Metric) error {
	p.walk.metric(&p.read, m.Label)
	s := sample{time: p.read.at}
	if t := m.GetTimestampMs(); t != 0 { // the format has no other way to say none
		s.time, s.own = t, true
	}
	switch {
	case typ == dto.MetricType_COUNTER && m.Counter != nil:
		s.start = millis(m.Counter.CreatedTimestamp)
		return p.readPoint(s, point{}, m.Counter.GetValue(), m.Counter.Exemplar)
	case typ == dto.MetricType_GAUGE && m.Gauge != nil:
		return p.readPoint(s, point{}, m.Gauge.GetValue(), nil)
	case typ == dto.MetricType_UNTYPED && m.Untyped != nil:
		return p.readPoint(s, point{}, m.Untyped.GetValue(), nil)
	case typ == dto.MetricType_SUMMARY && m.Summary != nil:
		s.start = millis(m.Summary.CreatedTimestamp)
		return p.readSummary(s, m.Summary)
	case m.Histogram != nil && typ == dto.MetricType_HISTOGRAM, m.Histogram != nil && typ == dto.MetricType_GAUGE_HISTOGRAM:
		s.start = millis(m.Histogram.CreatedTimestamp)
		return p.readHistogram(s, m.Histogram, typ == dto.MetricType_GAUGE_HISTOGRAM)
	default:
		return fmt.Errorf("a metric of the family %q has no value of its type %s", p.walk.name, typ)
	}
}

func millis(t *timestamppb.Timestamp) int64 { return t.GetSeconds()*1000 + int64(t.GetNanos())/1e6 }

func (p *pages) readSummary(s sample, m *dto.Summary) error {
	if err := p.readPoint(s, point{suffix: "_count"}, float64(m.GetSampleCount()), nil); err != nil {
		return err
	}
	if err := p.readPoint(s, point{suffix: "_sum"}, m.GetSampleSum(), nil); err != nil {
		return err
	}
	for _, q := range m.Quantile {
		if err := p.readPoint(s, point{label: model.QuantileLabel, bound: q.GetQuantile()}, q.GetValue(), nil); err != nil {
			return err
		}
	}
	return nil
}

// readPoint takes one series of the metric that p.walk is at.
func (p *pages) readPoint(s sample, at point, value float64, x *dto.Exemplar) error {
	e, err := p.find(p.walk.point(at), &p.walk)
	if err != nil {
		return err
	}
	s.value = value
	if p.give(e, s) && x != nil {
		p.readExemplar(e, x, s.time)
	}
	return nil
}
