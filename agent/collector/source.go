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
	// Body is the exposition. It is the target's, with the room after it up to
	// its capacity, until the page after it has been read: each page is compared
	// with the one before. A source may use it again at the call after the next.
	Body []byte
	// spares, if not nil, get Body from the target when it has no more use for it;
	// the source must not use it again.
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
