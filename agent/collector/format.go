package collector

import (
	"fmt"
	"mime"
	"strings"

	"github.com/prometheus/common/model"
)

// format is the exposition format of a page, as far as it matters here.
type format uint8

const (
	textFormat format = iota
	openMetrics
	protobuf
)

const (
	typeProtobuf    = "application/vnd.google.protobuf"
	typeOpenMetrics = "application/openmetrics-text"
)

// formatOf tells the format of a page by its media type. What it does not know
// is text.
func formatOf(contentType string) format {
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && media == typeProtobuf:
		return protobuf
	case err == nil && media == typeOpenMetrics:
		return openMetrics
	default:
		return textFormat
	}
}

// accept asks for the formats that carry what a target is to yield, the best
// first, in Prometheus's words. Names are to come as they are.
func accept(h Histograms) string {
	const asIs = ";" + model.EscapingKey + "=" + model.AllowUTF8
	formats := []string{
		typeOpenMetrics + ";version=1.0.0" + asIs,
		typeOpenMetrics + ";version=0.0.1",
		"text/plain;version=1.0.0" + asIs,
		"text/plain;version=0.0.4",
		"*/*",
	}
	if h != Classic {
		formats = append([]string{typeProtobuf + ";proto=io.prometheus.client.MetricFamily;encoding=delimited"}, formats...)
	}
	for i := range formats {
		formats[i] += fmt.Sprintf(";q=0.%d", 7-i)
	}
	return strings.Join(formats, ",")
}
