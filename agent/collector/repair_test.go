package collector_test

import (
	"context"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

// Text that is not UTF-8 is repaired in every format alike, and reaches no
// series or family. What becomes equal counts as a duplicate.
func TestTarget_RepairsText(t *testing.T) {
	bad, worse := "\xff\xfe", "\xc3\x28"[:1]
	f := &dto.MetricFamily{Name: proto.String("a"), Help: proto.String("h" + bad), Type: dto.MetricType_COUNTER.Enum()}
	for _, v := range []string{bad, "fine", worse} {
		f.Metric = append(f.Metric, &dto.Metric{
			Label:   []*dto.LabelPair{{Name: proto.String("x"), Value: proto.String(v)}},
			Counter: &dto.Counter{Value: proto.Float64(1), Exemplar: &dto.Exemplar{Label: []*dto.LabelPair{{Name: proto.String("e"), Value: proto.String(bad)}}}},
		})
	}
	wire, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := "# TYPE a counter\n# HELP a h" + bad + "\na_total{x=\"" + bad + "\"} 1 # {e=\"" + bad + "\"} 0\na_total{x=\"fine\"} 1 # {e=\"" + bad + "\"} 0\na_total{x=\"" + worse + "\"} 1\n"
	for name, page := range map[string]collector.Page{
		"in process":  {Families: []*dto.MetricFamily{f}},
		"protobuf":    {Body: append([]byte{byte(len(wire))}, wire...), ContentType: "application/vnd.google.protobuf"},
		"OpenMetrics": {Body: []byte(lines + "# EOF\n"), ContentType: "application/openmetrics-text"},
		"text":        {Body: []byte(strings.NewReplacer(" # {e=\""+bad+"\"} 0", "").Replace(lines))},
	} {
		t.Run(name, func(t *testing.T) {
			tgt := newTarget(collector.Config{Source: sourceFunc(func(context.Context) (collector.Page, error) { return page, nil })})
			b, err := tgt.Gather(t.Context(), 1000)
			if err != nil {
				t.Fatal(err)
			}
			checkRepaired(t, b, name != "text")
			if d := tgt.Discarded(); d != (collector.Discarded{Duplicate: 1, Repaired: 1}) {
				t.Errorf("discarded %+v, want one duplicate on a page that was repaired", d)
			}
		})
	}
}

func checkRepaired(t *testing.T, b buffer.Block, exemplified bool) {
	t.Helper()
	if n := len(b.Values) - reports; n != 2 {
		t.Fatalf("%d samples, want 2", n)
	}
	s := b.Layout.Series[0]
	if got := names(s); !strings.Contains(got, "x=\"\ufffd\"") || s.Family.Help != "h\ufffd" {
		t.Errorf("got %s with the help %q", got, s.Family.Help)
	}
	if exemplified && (len(b.Exemplars) != 2 || b.Exemplars[0].Labels != encodeLabels("e", "\ufffd")) {
		t.Errorf("got the exemplars %q", exemplars(b))
	}
}
