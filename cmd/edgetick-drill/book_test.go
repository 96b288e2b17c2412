package main

import (
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// bookOf makes a book of pages without their number.
func bookOf(pages ...string) *book {
	return newBook(func(dst []byte, number int) []byte { return append(dst, pages[number-1]...) })
}

func keyOf(list ...string) string { return string(appendKey(nil, labels.FromStrings(list...))) }

func TestBook_TruthOfPagesThatChangeTheirShape(t *testing.T) {
	b := bookOf("a 1\n", "a 2\nb{x=\"y\"} 3\n", "b{x=\"y\"} NaN\n")
	if _, err := b.truth(1); err != nil {
		t.Fatal(err)
	}
	truth, err := b.truth(3)
	if err != nil {
		t.Fatal(err)
	}
	nan := uint64(0x7ff8000000000001)
	for key, want := range map[string][]uint64{
		keyOf("__name__", "a"):           {bitsOf(1), bitsOf(2), absent},
		keyOf("__name__", "b", "x", "y"): {absent, bitsOf(3), nan},
		numberKey():                      {bitsOf(1), bitsOf(2), bitsOf(3)},
	} {
		if got := truth.columns[key]; len(got) != 3 || [3]uint64(got) != [3]uint64(want) {
			t.Errorf("%q: %x, want %x", key, got, want)
		}
	}
	if len(truth.columns) != 3 || [3]int(truth.sizes) != [3]int{2, 3, 2} {
		t.Errorf("%d columns, sizes %v", len(truth.columns), truth.sizes)
	}
}

func TestBook_RefusesWhatCannotBeToldApart(t *testing.T) {
	for page, want := range map[string]string{
		"a 1\na 2\n":                         "is on it twice",
		"a{instance=\"b\"} 1\n":              "the label of a target",
		"a{job=\"b\"} 1\n":                   "the label of a target",
		"a{le=\"1\"} 1\na{le=\"1.0\"} 2\n":   "is on it twice",
		"a{le=\"no number\"} 1\nbroken{ 2\n": "page 1",
	} {
		if _, err := bookOf(page).truth(1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", page, err, want)
		}
	}
}

// TestKey_SameForAllAgents: they write bounds in different ways, and add the
// labels of the target.
func TestKey_SameForAllAgents(t *testing.T) {
	for _, bound := range []string{model.BucketLabel, model.QuantileLabel} {
		one := keyOf("__name__", "a", bound, "1")
		if other := keyOf("__name__", "a", bound, "1.0", "job", "j", "instance", "i"); one != other {
			t.Errorf("%q and %q", one, other)
		}
	}
	if keyOf("__name__", "a", "b", "") != keyOf("__name__", "a") {
		t.Error("an empty label is told from none")
	}
	if keyOf("__name__", "a", "code", "1") == keyOf("__name__", "a", "code", "1.0") {
		t.Error("values of other labels are taken for numbers")
	}
}

func TestCapturedBooks_OfTheRepository(t *testing.T) {
	books, err := capturedBooks("../../buffer/testdata/pages", "node", "prometheus", "victoria")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range books {
		truth, err := b.truth(300) // past the last page
		if err != nil || truth.sizes[0] < 100 || truth.sizes[299] < 100 {
			t.Errorf("%v, sizes %v", err, truth.sizes)
		}
	}
	if _, err := capturedBooks("nowhere", "node"); err == nil || !strings.Contains(err.Error(), "--pages-dir") {
		t.Errorf("error %v", err)
	}
}
