package wal

import (
	"fmt"
	"strings"
)

// A Report tells what recovery found and did.
type Report struct {
	Segments int   // kept
	Bytes    int64 // in those

	// Torn bytes are what an append that did not return left at the end of the
	// log. They were cut off. TornItems is what is known of their items.
	TornBytes int64
	TornItems uint64

	// Damaged bytes are those of the newest segment that cannot be used, with
	// the items lost in them. They stay in place. Older segments are checked
	// when they are read: see Gap.
	DamagedBytes int64
	DamagedItems uint64

	Aside    []Aside // files set aside now
	Problems []error // what recovery would have done but could not
}

// Clean tells whether there is nothing to report.
func (r *Report) Clean() bool {
	return r.TornBytes == 0 && r.DamagedBytes == 0 && r.DamagedItems == 0 && len(r.Aside) == 0 && len(r.Problems) == 0
}

// An Aside is a file that recovery set aside.
type Aside struct {
	Name  string // its new name
	Bytes int64
	Err   error // what is wrong with it
}

func (r *Report) problem(err error) { r.Problems = append(r.Problems, err) }

// String summarises the report in one line.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d segments, %d bytes", r.Segments, r.Bytes)
	if r.TornBytes > 0 {
		fmt.Fprintf(&b, "; %d torn bytes (%d items)", r.TornBytes, r.TornItems)
	}
	if r.DamagedBytes > 0 || r.DamagedItems > 0 {
		fmt.Fprintf(&b, "; %d damaged bytes (%d items)", r.DamagedBytes, r.DamagedItems)
	}
	for _, a := range r.Aside {
		fmt.Fprintf(&b, "; %s set aside (%v)", a.Name, a.Err)
	}
	for _, err := range r.Problems {
		fmt.Fprintf(&b, "; %v", err)
	}
	return b.String()
}
