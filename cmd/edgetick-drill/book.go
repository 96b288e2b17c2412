package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
)

const contentType = "text/plain; version=0.0.4; charset=utf-8"

// scrapeNumber is the series that tells the number of a page. It is on each.
const scrapeNumber = "drill_scrape_number"

// book is all pages that an exporter may hand out, the first with number 1, and
// what stands on each, as Prometheus's own parser reads it. Exporters may share
// one. It is safe for concurrent use.
type book struct {
	write func(dst []byte, number int) []byte

	mu      sync.Mutex
	read    int // pages that are in columns
	columns map[string][]uint64
	sizes   []int // samples, by page
}

// absent stands in a column where a page does not have the series: a stale
// marker never stands on a page.
const absent = value.StaleNaN

func newBook(write func(dst []byte, number int) []byte) *book {
	return &book{write: write, columns: make(map[string][]uint64)}
}

// append appends the page of a number, which is 1 or more.
func (b *book) append(dst []byte, number int) []byte {
	dst = append(dst, "# HELP "+scrapeNumber+" Number of this page.\n# TYPE "+scrapeNumber+" gauge\n"+scrapeNumber+" "...)
	dst = append(strconv.AppendInt(dst, int64(number), 10), '\n')
	return b.write(dst, number)
}

// truth is what stands on the first pages of a book. Values are bits; all
// columns are as long as there are pages.
type truth struct {
	columns map[string][]uint64 // by the key of the series
	sizes   []int               // samples, by page
}

// truth returns what stands on so many pages, which the caller does not change.
func (b *book) truth(pages int) (truth, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ; b.read < pages; b.read++ {
		if err := b.readPage(b.read + 1); err != nil {
			return truth{}, fmt.Errorf("page %d: %w", b.read+1, err)
		}
	}
	t := truth{make(map[string][]uint64, len(b.columns)), b.sizes[:pages]}
	for key, column := range b.columns {
		for len(column) < b.read {
			column = append(column, absent)
		}
		b.columns[key] = column
		t.columns[key] = column[:pages]
	}
	return t, nil
}

func (b *book) readPage(number int) error {
	p, err := textparse.New(b.append(nil, number), contentType, nil, textparse.ParserOptions{})
	if err != nil {
		return err
	}
	size := 0
	for {
		kind, err := p.Next()
		if errors.Is(err, io.EOF) {
			b.sizes = append(b.sizes, size)
			return nil
		}
		if err != nil {
			return err
		}
		if kind != textparse.EntrySeries {
			continue
		}
		size++
		var set labels.Labels
		p.Labels(&set)
		_, _, v := p.Series()
		if err := b.enter(number, set, bitsOf(v)); err != nil {
			return err
		}
	}
}

func (b *book) enter(number int, set labels.Labels, bits uint64) error {
	key := string(appendKey(nil, set))
	column := b.columns[key]
	if len(column) >= number || set.Has(instanceLabel) || set.Has(jobLabel) {
		return fmt.Errorf("%s is on it twice, or has the label of a target", set)
	}
	for len(column) < number-1 {
		column = append(column, absent)
	}
	b.columns[key] = append(column, bits)
	return nil
}

// Labels of a target, which no page has.
const (
	instanceLabel = model.InstanceLabel
	jobLabel      = model.JobLabel
)

// appendKey appends what tells one series of a target from another: its labels
// without those of the target. An empty label is none. Agents write the bounds of buckets and quantiles
// in different ways: here 1 is 1.0.
func appendKey(dst []byte, set labels.Labels) []byte {
	set.Range(func(l labels.Label) {
		if l.Value == "" || l.Name == instanceLabel || l.Name == jobLabel {
			return
		}
		dst = append(append(dst, l.Name...), 0xff)
		if v, err := strconv.ParseFloat(l.Value, 64); err == nil && (l.Name == model.BucketLabel || l.Name == model.QuantileLabel) {
			dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
		} else {
			dst = append(dst, l.Value...)
		}
		dst = append(dst, 0xff)
	})
	return dst
}

// numberKey is the key of the series that tells the number of a page.
func numberKey() string { return keyOfName(scrapeNumber) }

// keyOfName is the key of the series of a name without other labels.
func keyOfName(name string) string {
	return string(appendKey(nil, labels.FromStrings(model.MetricNameLabel, name)))
}

// numbers tells which page the samples of a timestamp are of: as the page's own
// number says or, where that has not come, any value that stands on one page
// alone.
func (t truth) numbers(came map[string]*history) map[int64]int {
	numbers := make(map[int64]int)
	keys := slices.Sorted(maps.Keys(came))
	for _, key := range slices.Insert(keys, 0, numberKey()) {
		column, h := t.columns[key], came[key]
		if h == nil {
			continue
		}
		for _, s := range h.samples {
			if _, known := numbers[s.time]; known || s.bits == value.StaleNaN {
				continue
			}
			if n, ok := only(column, s.bits); ok {
				numbers[s.time] = n
			}
		}
	}
	return numbers
}

// only finds the one page on which a series has a value.
func only(column []uint64, bits uint64) (number int, ok bool) {
	i := slices.Index(column, bits)
	return i + 1, i >= 0 && !slices.Contains(column[i+1:], bits)
}
