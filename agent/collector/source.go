package collector

import (
	"context"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Source is a local source of metrics.
type Source interface {
	// Collect returns the metrics of this moment. It should return when ctx is
	// done; a source that does not is abandoned and not called again before it
	// has returned. Collect is never called by two goroutines at once.
	Collect(ctx context.Context) (Page, error)
}

// punctual is a source that always returns soon after the deadline and after the
// end of its context, so that a target need not watch over it.
type punctual interface {
	collectBy(ctx context.Context, deadline time.Time) (Page, error)
}

// Page is one answer of a source: an exposition or metric families.
type Page struct {
	// Body is the exposition. It belongs to the source, which may reuse it at
	// the call after the next: each page is compared with the one before. The
	// room after it up to its capacity is the target's meanwhile.
	Body []byte
	// spares, if not nil, get Body back from the target, which owns it until
	// the page after it has been read.
	spares *Spares
	// ContentType is the media type of Body as HTTP has it. Empty or unknown
	// types are read as Prometheus text format 0.0.4.
	ContentType string
	// Families, if not nil, are what was gathered in this process, in place of
	// an exposition.
	Families []*dto.MetricFamily
}

// free gives back the body of a page that is not needed any more.
func (p *Page) free() {
	if p.spares != nil {
		p.spares.give(p.Body)
	}
	*p = Page{}
}

func (p *Page) empty() bool { return len(p.Body) == 0 && len(p.Families) == 0 }
