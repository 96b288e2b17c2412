package collector

import (
	"time"

	"github.com/edgetick/edgetick/buffer"
)

// report is what a target says about one scrape of itself.
type report struct {
	up       bool
	duration time.Duration
	scraped  int // samples on the page
	kept     int // samples that were left after labels were put on
	added    int // series that the page before did not have
}

// reportFamilies are the samples about a scrape, named and described as
// Prometheus does, in the order of report.values.
var reportFamilies = [...]buffer.Family{
	{Name: "up", Type: buffer.TypeGauge, Help: "Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed."},
	{Name: "scrape_duration_seconds", Type: buffer.TypeGauge, Help: "Duration of the last scrape in seconds.", Unit: "seconds"},
	{Name: "scrape_samples_scraped", Type: buffer.TypeGauge, Help: "Number of samples last scraped.", Unit: "samples"},
	{Name: "scrape_samples_post_metric_relabeling", Type: buffer.TypeGauge, Help: "Number of samples remaining after metric relabeling was applied.", Unit: "samples"},
	{Name: "scrape_series_added", Type: buffer.TypeGauge, Help: "Number of series in the last scrape.", Unit: "series"},
}

func (r report) values() [len(reportFamilies)]float64 {
	up := 0.0
	if r.up {
		up = 1
	}
	return [...]float64{up, r.duration.Seconds(), float64(r.scraped), float64(r.kept), float64(r.added)}
}
