package main

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func TestPage_TextHoldsTheValues(t *testing.T) {
	p := newPage(60)
	text := p.append(nil, 41)
	i := 0
	for line := range bytes.Lines(text) {
		if line[0] == '#' {
			continue
		}
		name, written, _ := strings.Cut(strings.TrimSpace(string(line)), "} ")
		v, err := strconv.ParseFloat(written, 64)
		if err != nil || math.Float64bits(v) != math.Float64bits(p.value(i, 41)) {
			t.Errorf("series %d: %q, want %v", i, line, p.value(i, 41))
		}
		if want := `series="` + strconv.Itoa(i) + `"`; !strings.HasSuffix(name, want) {
			t.Errorf("line %d: %s has no %s", i, line, want)
		}
		i++
	}
	if i != 60 || countSamples(text) != 60 {
		t.Errorf("%d lines, %d samples", i, countSamples(text))
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if families, err := parser.TextToMetricFamilies(bytes.NewReader(text)); err != nil || len(families) != 3 {
		t.Errorf("%d families, %v", len(families), err)
	}
	if perLine := len(text) / 60; perLine < 90 || perLine > 130 {
		t.Errorf("%d bytes a line", perLine)
	}
}

func TestPage_MostValuesStayTheSame(t *testing.T) {
	p := newPage(1000)
	same := 0
	for n := 1; n <= 100; n++ {
		for i := range p.lines {
			if p.value(i, n) == p.value(i, n+1) {
				same++
			}
		}
	}
	if of100 := same / 1000; of100 < 65 || of100 > 72 {
		t.Errorf("%d of 100 values stay the same, want about 70", of100)
	}
}
