package collector

import (
	"bytes"
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// GatherFunc gathers metric families. As with prometheus.Gatherer, families
// returned beside an error are good and are used; the error is reported.
type GatherFunc func(ctx context.Context) ([]*dto.MetricFamily, error)

// FromGatherer makes a source of any prometheus.Gatherer, such as a registry.
func FromGatherer(g prometheus.Gatherer, onError func(error)) Source {
	return FromFunc(func(context.Context) ([]*dto.MetricFamily, error) { return g.Gather() }, onError)
}

// FromFunc makes a source of a function that gathers. onError, which may be
// nil, is told of an error that came with families and so did not fail the
// page; an error without families fails it.
func FromFunc(gather GatherFunc, onError func(error)) Source {
	return &gatherSource{gather: gather, onError: onError}
}

type gatherSource struct {
	gather  GatherFunc
	onError func(error)
	body    bytes.Buffer
}

// gatherFormat is the exposition that gathered families are rendered in: the
// text format, which has names as they are and writes each number in the
// shortest form that reads back to the same bits. Only -0 becomes 0 and every
// NaN the same NaN, as in all pages that Go's client library writes.
var gatherFormat = expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping)

func (s *gatherSource) Collect(ctx context.Context) (Page, error) {
	families, err := s.gather(ctx)
	if err != nil {
		if len(families) == 0 {
			return Page{}, err
		}
		if s.onError != nil {
			s.onError(err)
		}
	}
	s.body.Reset()
	enc := expfmt.NewEncoder(&s.body, gatherFormat)
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return Page{}, fmt.Errorf("render family %s: %w", f.GetName(), err)
		}
	}
	return Page{Body: s.body.Bytes(), ContentType: string(gatherFormat)}, nil
}
