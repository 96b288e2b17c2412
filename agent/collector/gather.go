package collector

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
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
}

func (s *gatherSource) Collect(ctx context.Context) (Page, error) {
	families, err := s.gather(ctx)
	if err != nil {
		if len(families) == 0 || ctx.Err() == context.Canceled { // what there is may be a part
			return Page{}, err
		}
		if s.onError != nil {
			s.onError(err)
		}
	}
	return Page{Families: families}, nil
}
