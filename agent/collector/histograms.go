package collector

import (
	"fmt"
	"strings"
)

// Histograms says in which form a target's histograms are gathered, where the
// target has more than one. The zero value is classic.
type Histograms uint8

// The forms of a histogram. An exporter is asked for native histograms, which
// only the protobuf format has, in all of them but Classic.
const (
	// Classic histograms are a series for each bucket. Native ones are left out.
	Classic Histograms = iota
	// Native histograms are gathered, and the classic ones of metrics that have
	// no native one.
	Native
	// Both gathers native and classic histograms.
	Both
	// Custom gathers native histograms and makes such with custom buckets of
	// the classic ones of metrics that have no native one.
	Custom
)

var histogramsTexts = [...]string{Classic: "classic", Native: "native", Both: "both", Custom: "custom"}

func (h Histograms) String() string {
	if int(h) < len(histogramsTexts) {
		return histogramsTexts[h]
	}
	return fmt.Sprintf("Histograms(%d)", uint8(h))
}

// MarshalText implements encoding.TextMarshaler.
func (h Histograms) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Histograms) UnmarshalText(text []byte) error {
	for i, t := range histogramsTexts {
		if t == string(text) {
			*h = Histograms(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no form of histograms, want one of %s", text, strings.Join(histogramsTexts[:], ", "))
}
