package collector_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/edgetick/edgetick/agent/collector"
	"github.com/edgetick/edgetick/buffer"
)

// A page of the protobuf format is read as package proto would decode it.
func TestProtobuf_IsDecodedAsByProto(t *testing.T) {
	for _, c := range comparisons {
		for i, x := range c.pages {
			if !x.prototext {
				continue
			}
			x = x.resolve(1_000_000)
			for form := collector.Classic; form <= collector.Custom; form++ {
				gather := func(p collector.Page) []string {
					tgt := newTarget(collector.Config{Histograms: form, Source: sourceFunc(func(context.Context) (collector.Page, error) { return p, nil })})
					b, _ := tgt.Gather(t.Context(), 1_000_000)
					return contents(b)
				}
				got := gather(collector.Page{Body: []byte(x.body), ContentType: x.contentType})
				want := gather(collector.Page{Families: decodeFamilies(t, x.body)})
				if !slices.Equal(got, want) {
					t.Errorf("%s, page %d, %s: got %q\nwant %q", c.name, i+1, form, got, want)
				}
			}
		}
	}
}

func decodeFamilies(t *testing.T, body string) (families []*dto.MetricFamily) {
	t.Helper()
	for r := bufio.NewReader(strings.NewReader(body)); ; {
		f := new(dto.MetricFamily)
		err := protodelim.UnmarshalFrom(r, f)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			t.Fatal(err)
		}
		families = append(families, f)
	}
}

// contents writes all that a block says, but for how long the scrape took.
func contents(b buffer.Block) (out []string) {
	eachSample(b, func(s buffer.Sample) {
		if f := s.Series.Family; f.Name != "scrape_duration_seconds" {
			out = append(out, fmt.Sprintf("%s of %+v from %d: %s %q at %d", names(s.Series), *f, s.Series.Start, bits(math.Float64bits(s.Value)), s.Histogram, s.Time))
		}
	})
	return append(out, exemplars(b)...)
}

func TestProtobuf_SaysWhereAPageFails(t *testing.T) {
	good := delimited(`name: "a" metric {counter {value: 3}}`)
	for body, want := range map[string]string{
		good + "\x05\x0a":                "metric family at byte 17 of 19: the page is cut off",
		good + "\xff":                    "metric family at byte 17 of 18: the page is cut off",
		good + "\x02\x0a\x05":            "metric family at byte 17: unexpected EOF",
		good + "\x04\x22\x02\x0a\x09":    "metric family at byte 17: unexpected EOF",
		delimited(`name: "a" metric {}`): `metric family at byte 0: a metric of the family "a" has no value of its type COUNTER`,
		delimited(`name: "a" metric {label {name: "x" value: "1"} label {name: "x" value: "2"} counter {}}`): `metric family at byte 0: label name "x" is not unique in {__name__="a", instance="node:80", job="job", x="1", x="2"}`,
	} {
		tgt := newTarget(collector.Config{Source: sourceFunc(func(context.Context) (collector.Page, error) {
			return collector.Page{Body: []byte(body), ContentType: "application/vnd.google.protobuf"}, nil
		})})
		if _, err := tgt.Gather(t.Context(), 1000); err == nil || err.Error() != want {
			t.Errorf("%q fails with %v, want %s", body, err, want)
		}
	}
}
