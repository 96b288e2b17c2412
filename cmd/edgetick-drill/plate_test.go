package main

import (
	"bytes"
	"testing"
)

// TestPlate_HoldsTheValuesOfTheNumber: however pages follow one another, each
// shows its own values, as Prometheus's parser reads them.
func TestPlate_HoldsTheValuesOfTheNumber(t *testing.T) {
	const first, series = 137, 100
	p := newPlate(first, series)
	b := newBook(p.append)
	for _, pages := range []int{1, 75, 130} {
		got, err := b.truth(pages)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, column := range got.columns {
			if len(column) != pages || column[0] == absent {
				t.Errorf("a column of %d pages, want %d", len(column), pages)
			}
		}
		for i := first; i < first+series; i++ {
			column := got.columns[string(appendKey(nil, labelsOf(t, i)))]
			for n := 1; n <= pages; n++ {
				if column[n-1] != bitsOf(widened(i, n).value()) {
					t.Fatalf("series %d on page %d has another value than %v", i, n, widened(i, n).value())
				}
				seen++
			}
		}
		if seen != series*pages {
			t.Errorf("%d values", seen)
		}
	}
}

func TestPlate_ChangesValuesInPlace(t *testing.T) {
	p := newPlate(0, 1000)
	before := p.append(nil, 7)
	after := p.append(nil, 8)
	if len(before) != len(after) {
		t.Fatalf("%d bytes, then %d", len(before), len(after))
	}
	lines, changed := bytes.Split(after, []byte("\n")), 0
	for i, line := range bytes.Split(before, []byte("\n")) {
		if !bytes.Equal(line, lines[i]) {
			changed++
		}
	}
	if changed < 280 || changed > 340 {
		t.Errorf("%d of 1000 lines changed, want about 300", changed)
	}
	if perLine := len(after) / 1000; perLine < 90 || perLine > 130 {
		t.Errorf("%d bytes a line", perLine)
	}
	if again := p.append(nil, 7); !bytes.Equal(again, before) {
		t.Error("the page of a number differs when it is shown again")
	}
}

func TestPlate_CostsNoMemory(t *testing.T) {
	p := newPlate(0, 1000)
	page := p.append(nil, 1)
	n := 1
	if allocations := testing.AllocsPerRun(10, func() { n++; page = p.append(page[:0], n) }); allocations > 0 {
		t.Errorf("%v allocations a page", allocations)
	}
}
