package collector

import (
	"math"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
)

// readHistogram takes a histogram in the form that is configured.
func (p *pages) readHistogram(s sample, h *dto.Histogram, gauge bool) error {
	native := p.histograms != Classic && isNative(h)
	switch {
	case native:
		if err := p.readNative(s, h, nativeOf(h, gauge)); err != nil {
			return err
		}
		if p.histograms != Both || len(h.Bucket) == 0 {
			return nil
		}
	case p.histograms == Custom:
		return p.readNative(s, h, customOf(h, gauge, &p.walk.custom))
	}
	return p.readClassic(s, h)
}

func (p *pages) readNative(s sample, h *dto.Histogram, n native) error {
	e, err := p.find(p.walk.point(point{}), &p.walk)
	if err != nil || !p.setHistogram(e, &s, n) || !p.give(e, s) {
		return err
	}
	for _, x := range nativeExemplars(h) {
		// Those of a histogram are told from one another by their times.
		if x.GetTimestamp() != nil {
			p.readExemplar(e, x, s.time)
		}
	}
	return nil
}

// nativeExemplars are the exemplars of a native histogram: its own, or else
// those of the classic buckets.
func nativeExemplars(h *dto.Histogram) []*dto.Exemplar {
	if len(h.Exemplars) > 0 {
		return h.Exemplars
	}
	var xs []*dto.Exemplar
	for _, b := range h.Bucket {
		if b.Exemplar != nil {
			xs = append(xs, b.Exemplar)
		}
	}
	return xs
}

func (p *pages) readClassic(s sample, h *dto.Histogram) error {
	count := countOf(h)
	if err := p.readPoint(s, point{suffix: "_count"}, count, nil); err != nil {
		return err
	}
	if err := p.readPoint(s, point{suffix: "_sum"}, h.GetSampleSum(), nil); err != nil {
		return err
	}
	bucket := point{suffix: "_bucket", label: model.BucketLabel}
	for _, b := range h.Bucket {
		bucket.bound = b.GetUpperBound()
		if err := p.readPoint(s, bucket, bucketCount(b), b.Exemplar); err != nil {
			return err
		}
		if math.IsInf(bucket.bound, 1) {
			return nil
		}
	}
	bucket.bound = math.Inf(1)
	return p.readPoint(s, bucket, count, nil)
}

// readExemplar takes an exemplar of the series e, whose sample is of the time at.
func (p *pages) readExemplar(e ref, from *dto.Exemplar, at int64) {
	x := exemplar.Exemplar{Labels: p.walk.exemplarLabels(&p.read, from.Label), Value: from.GetValue()}
	if from.Timestamp != nil {
		x.Ts, x.HasTs = millis(from.Timestamp), true
	}
	p.exemplify(e, &x, at)
}
