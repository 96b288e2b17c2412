package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is printed with its columns aligned: the first on the left, the others
// on the right.
type table [][]string

func (t *table) row(cells ...string) { *t = append(*t, cells) }

func (t table) print(w io.Writer) {
	var widths []int
	for _, row := range t {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// markdown prints the table as Markdown.
func (t table) markdown(w io.Writer) {
	for i, row := range t {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|---|%s\n", strings.Repeat("---:|", len(row)-1))
		}
	}
}

// line is a line of a table with a column for each thing of a kind.
type line[T any] struct {
	name   string
	of     func(T) float64
	format func(float64) string
}

// lines adds lines, with a column for each of all.
func lines[T any](t *table, list []line[T], all []T) {
	for _, l := range list {
		row := []string{l.name}
		for _, of := range all {
			row = append(row, l.format(l.of(of)))
		}
		t.row(row...)
	}
}

// number writes a number with as many digits as it deserves.
func number(v float64) string {
	switch {
	case v != v:
		return "-"
	case v == 0 || v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// whole writes a count.
func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

// median is the middle one, the lower of two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
