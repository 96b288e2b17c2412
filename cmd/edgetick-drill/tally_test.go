package main

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/golang/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// labelsOf are the labels of a series as they stand on a plate.
func labelsOf(t *testing.T, series int) (set labels.Labels) {
	t.Helper()
	p, err := textparse.New(append([]byte(linePrefix(series)), "0\n"...), contentType, nil, textparse.ParserOptions{})
	for kind := textparse.EntryInvalid; err == nil; kind, err = p.Next() {
		if kind == textparse.EntrySeries {
			p.Labels(&set)
		}
	}
	return set
}

// tallied is a tally of two plates of three series, and what is sent to it.
type tallied struct {
	*testing.T
	*tally
	v2 bool
}

const tallySeries = 3

func newTallied(t *testing.T) *tallied { return &tallied{T: t, tally: newTally(2, tallySeries)} }

// pages sends what stands on pages, target by target and series by series.
func (c *tallied) pages(numbers ...int) {
	c.Helper()
	var list []prompb.TimeSeries
	for target := range 2 {
		list = append(list, c.each("__name__", scrapeNumber, target, numbers, func(n int) float64 { return float64(n) }))
		for i := range tallySeries {
			list = append(list, c.series(target, target*tallySeries+i, numbers...))
		}
	}
	c.send(list...)
}

func (c *tallied) series(target, series int, numbers ...int) prompb.TimeSeries {
	ts := c.each("region", "eu", target, numbers, func(n int) float64 { return widened(series, n).value() })
	labelsOf(c.T, series).Range(func(l labels.Label) {
		if l.Name != "region" {
			ts.Labels = append(ts.Labels, prompb.Label{Name: l.Name, Value: l.Value})
		}
	})
	return ts
}

func (c *tallied) each(name, v string, target int, numbers []int, of func(int) float64) prompb.TimeSeries {
	ts := proto(epoch, 0, name, v, "instance", instance(target))
	ts.Samples = nil
	for _, n := range numbers {
		ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: handedAt(n).UnixMilli(), Value: of(n)})
	}
	return ts
}

func (c *tallied) send(list ...prompb.TimeSeries) {
	c.Helper()
	m := messageOf(c.T, list)
	if c.v2 {
		m = messageV2Of(c.T, list)
	}
	c.take(m)
}

func messageOf(t *testing.T, list []prompb.TimeSeries) message {
	t.Helper()
	plain, err := (&prompb.WriteRequest{Timeseries: list}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return message{kind: remoteapi.WriteV1MessageType, encoding: snappyEncoding, body: snappy.Encode(nil, plain)}
}

// messageV2Of is the same in 2.0.
func messageV2Of(t *testing.T, list []prompb.TimeSeries) message {
	t.Helper()
	table := writev2.NewSymbolTable()
	var req writev2.Request
	for _, ts := range list {
		var v2 writev2.TimeSeries
		for _, l := range ts.Labels {
			v2.LabelsRefs = append(v2.LabelsRefs, table.Symbolize(l.Name), table.Symbolize(l.Value))
		}
		for _, s := range ts.Samples {
			v2.Samples = append(v2.Samples, writev2.Sample{Timestamp: s.Timestamp, Value: s.Value})
		}
		req.Timeseries = append(req.Timeseries, v2)
	}
	req.Symbols = table.Symbols()
	plain, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return message{kind: remoteapi.WriteV2MessageType, encoding: snappyEncoding, body: snappy.Encode(nil, plain)}
}

// sources have handed out so many pages each.
func (c *tallied) sources(pages int) []source {
	s := source{interval: time.Second}
	for n := 1; n <= pages; n++ {
		s.handed = append(s.handed, handedAt(n))
	}
	return []source{s, s}
}

// finds fails the test unless the account after so many pages is exactly want,
// but for what was handed out.
func (c *tallied) finds(pages int, want account) {
	c.Helper()
	got, _ := c.result(c.sources(pages))
	want.pages, want.samples = 2*pages, 2*pages*(tallySeries+1)
	if !reflect.DeepEqual(got, want) {
		c.Errorf("account\n%+v, want\n%+v", got, want)
	}
}

func TestTally_AllArrived(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		c := newTallied(t)
		c.v2 = v2
		c.pages(1, 2)
		c.pages(3, 4, 5)
		c.send(c.each("__name__", "up", 0, []int{1, 2}, func(int) float64 { return 1 }))
		c.finds(5, account{})
		if _, w := c.result(nil); w.messages != 3 || w.samples != 42 || w.entries != 17 || w.bytes == 0 {
			t.Errorf("weight %+v", w)
		}
	}
}

func TestTally_Missing(t *testing.T) {
	c := newTallied(t)
	c.pages(1)
	c.pages(3)
	c.finds(4, account{missing: 16})
	c = newTallied(t)
	c.pages(1)
	c.send(c.each("__name__", scrapeNumber, 0, []int{2}, func(int) float64 { return 2 }), c.series(0, 1, 2))
	c.finds(2, account{missing: 6})
}

func TestTally_Twice(t *testing.T) {
	c := newTallied(t)
	c.pages(1, 2)
	c.pages(2)
	other := c.series(0, 1, 1)
	other.Samples[0].Value++
	c.send(other)
	c.finds(2, account{identical: 8, different: 1})
}

func TestTally_WrongValue(t *testing.T) {
	c := newTallied(t)
	c.pages(1)
	c.send(c.each("__name__", scrapeNumber, 0, []int{2}, func(int) float64 { return 2 }))
	wrong := c.series(0, 1, 2)
	wrong.Samples[0].Value = math.Nextafter(wrong.Samples[0].Value, 0)
	c.send(wrong, c.series(0, 2, 9))
	c.finds(2, account{wrong: 2, missing: 7})
}

func TestTally_OfAnotherTarget(t *testing.T) {
	c := newTallied(t)
	c.pages(1)
	c.send(c.series(1, 0, 1), c.series(7, 0, 1), c.each("__name__", "drill_other", 0, []int{1}, func(int) float64 { return 1 }))
	c.finds(1, account{extra: 3})
}

func TestTally_NumberNeverWas(t *testing.T) {
	c := newTallied(t)
	for _, n := range []float64{0, -1, 1.5, math.NaN(), 1e15} {
		c.send(c.each("__name__", scrapeNumber, 0, []int{1}, func(int) float64 { return n }))
	}
	c.finds(0, account{wrong: 5})
}

func TestTally_StaleMarkers(t *testing.T) {
	c := newTallied(t)
	c.pages(1)
	ended := c.series(0, 1, 2)
	ended.Samples[0].Value = math.Float64frombits(value.StaleNaN)
	c.send(ended, c.each("__name__", scrapeNumber, 0, []int{2}, func(int) float64 { return math.Float64frombits(value.StaleNaN) }))
	c.finds(1, account{stale: 2})
}

func TestTally_PagesGivenUp(t *testing.T) {
	c := newTallied(t)
	c.pages(1)
	c.pages(3)
	up := map[int]float64{1: 1, 2: 0, 3: 1, 4: 0}
	took := map[int]float64{1: .1, 2: 1, 3: 2, 4: .1}
	c.send(
		c.each("__name__", upName, 0, []int{1, 2, 3, 4}, func(n int) float64 { return up[n] }),
		c.each("__name__", tookName, 0, []int{1, 2, 3, 4}, func(n int) float64 { return took[n] }))
	c.finds(4, account{givenUp: 1, missing: 12})
}

func TestTally_CountsWhatItCannotRead(t *testing.T) {
	c := newTallied(t)
	c.take(message{encoding: snappyEncoding, body: []byte("no request")})
	c.take(message{encoding: zstdEncoding})
	c.finds(0, account{unreadable: 2})
}

// TestScanner_ReadsAsPrometheusDoes: what it finds in a message is what the code
// of Prometheus finds.
func TestScanner_ReadsAsPrometheusDoes(t *testing.T) {
	c := newTallied(t)
	list := []prompb.TimeSeries{c.series(0, 1, 1, 2, 3), c.series(1, 4), c.series(0, 2, 4)}
	list[2].Samples = append(list[2].Samples, prompb.Sample{Timestamp: -5, Value: math.Copysign(0, -1)}, prompb.Sample{})
	for _, m := range []message{messageOf(t, list), messageV2Of(t, list)} {
		want, err := m.entries()
		if err != nil {
			t.Fatal(err)
		}
		var s scanner
		var got []entry
		err = s.scan(m, func() {
			b := labels.NewScratchBuilder(0)
			for i := 0; i < len(s.labels); i += 2 {
				b.Add(string(s.labels[i]), string(s.labels[i+1]))
			}
			b.Sort()
			got = append(got, entry{b.Labels(), append([]sample{}, s.samples...)})
		})
		for i := range want {
			b := labels.NewScratchBuilder(0)
			want[i].labels.Range(func(l labels.Label) { b.Add(l.Name, l.Value) })
			b.Sort()
			want[i].labels = b.Labels()
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: scanned\n%v, %v, want\n%v", m.protocol(), got, err, want)
		}
		if n, err := s.count(m); n != 6 || err != nil {
			t.Errorf("%d samples, %v", n, err)
		}
		for cut := range m.body {
			if _, err := s.count(message{kind: m.kind, encoding: m.encoding, body: m.body[:cut]}); err == nil {
				t.Errorf("no error for %d of %d bytes", cut, len(m.body))
			}
		}
	}
}

func TestScanner_RefusesRefsToNothing(t *testing.T) {
	req := writev2.Request{Symbols: []string{""}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{0, 1}}}}
	plain, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	m := message{kind: remoteapi.WriteV2MessageType, encoding: snappyEncoding, body: snappy.Encode(nil, plain)}
	if _, err := new(scanner).count(m); err == nil {
		t.Error("a ref to no symbol is taken")
	}
}
