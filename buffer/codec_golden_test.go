package buffer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgetick/edgetick/buffer"
)

// TestDecoder_Golden decodes records of every format version there has been.
// They must decode for ever: -update adds the files of a version that has none
// and touches no others.
func TestDecoder_Golden(t *testing.T) {
	const current = "v2"
	dir := filepath.Join("testdata", "records")
	if _, err := os.Stat(filepath.Join(dir, current+".records")); *update && errors.Is(err, fs.ErrNotExist) {
		writeGolden(t, filepath.Join(dir, current))
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.records"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden records in %s", dir)
	}
	for _, name := range names {
		t.Run("file="+filepath.Base(name), func(t *testing.T) {
			got := decodeGolden(t, name)
			want, err := os.ReadFile(name[:len(name)-len("records")] + "txt")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("other ticks than were encoded:\n%s", got)
			}
		})
	}
}

// writeGolden writes records, each behind its length and a byte that is 1 for
// key records, and what is in them. Beside a world there are series that go on
// for long: what the codec expects of them is part of its format.
func writeGolden(t *testing.T, path string) {
	w := newWorld(throw(2, 20_000))
	steps := newSteps(w.series(new(target), 24))
	var shelf []*buffer.Layout
	for range 5 {
		shelf = append(shelf, buffer.NewLayout(w.series(new(target), 1)))
	}
	var enc buffer.Encoder
	var recs []byte
	var text dump
	for i := range 80 {
		tick := w.tick()
		if i >= 12 {
			tick.Blocks = nil // enough of the world
		} else {
			layout := shelf[(3*i+i/4)%len(shelf)]
			tick.Blocks = append(tick.Blocks, buffer.Block{Source: 98, Time: tick.Time, Layout: layout, Values: []float64{float64(i)}})
		}
		tick.Blocks = append(tick.Blocks, buffer.Block{Source: 99, Time: tick.Time, Layout: steps.layout, Values: steps.next()})
		rec, key := enc.Encode(nil, tick, i == 9)
		recs = binary.AppendUvarint(recs, uint64(len(rec)))
		recs = append(append(recs, b2i(key)), rec...)
		text.tick(tick)
	}
	for name, data := range map[string][]byte{path + ".records": recs, path + ".txt": text.out} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func decodeGolden(t *testing.T, name string) []byte {
	var dec buffer.Decoder
	var text dump
	for rec, key := range goldenRecords(t, name) {
		tick, err := dec.Decode(rec, key)
		if err != nil {
			t.Fatal(err)
		}
		text.tick(tick)
	}
	return text.out
}

// goldenRecords yields the records of a file, and which are key records.
func goldenRecords(t *testing.T, name string) iter.Seq2[[]byte, bool] {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func([]byte, bool) bool) {
		for len(data) > 0 {
			size, n := binary.Uvarint(data)
			end := n + 1 + int(size)
			if !yield(data[n+1:end], data[n] == 1) {
				return
			}
			data = data[end:]
		}
	}
}

// TestDecoder_VersionsTogether reads a log that an update of the program has gone
// on with, and one that was gone on with by the program before it.
func TestDecoder_VersionsTogether(t *testing.T) {
	var dec buffer.Decoder
	for _, version := range []string{"v1", "v2", "v1"} {
		var text dump
		name := filepath.Join("testdata", "records", version)
		for rec, key := range goldenRecords(t, name+".records") {
			tick, err := dec.Decode(rec, key)
			if err != nil {
				t.Fatal(err)
			}
			text.tick(tick)
		}
		if want, err := os.ReadFile(name + ".txt"); err != nil || !bytes.Equal(text.out, want) {
			t.Errorf("%s: %v, other ticks than were encoded:\n%s", version, err, text.out)
		}
	}
}

// TestDecoder_UnknownParts refuses what its version does not know of.
func TestDecoder_UnknownParts(t *testing.T) {
	const head = "\x01\x02\x01\x01" // tick 1 at 1 after 1, one block
	const none = "\x01"             // no layout
	for rec, want := range map[string]error{
		"\x00\x01" + head + none + "\x00":           nil,
		"\x00\x02" + head + none + "\x00":           nil,
		"\x00\x02" + head + "\x81\x02\x00" + "\x00": nil, // no exemplars
		"\x00\x01" + head + "\x81\x02\x00" + "\x00": buffer.ErrRecord,
		"\x00\x02" + head + "\x81\x04" + "\x00":     buffer.ErrRecord,
		"\x00\x00" + head + none + "\x00":           buffer.ErrVersion,
		"\x00\x03" + head + none + "\x00":           buffer.ErrVersion,
	} {
		if _, err := new(buffer.Decoder).Decode([]byte(rec), true); !errors.Is(err, want) {
			t.Errorf("%x: got %v, want %v", rec, err, want)
		}
	}
}

// dump writes ticks as text, to the last bit. Series are described once.
type dump struct {
	out  []byte
	seen map[string]int
}

func (d *dump) tick(t *buffer.Tick) {
	d.out = fmt.Appendf(d.out, "tick %d time %d base %d\n", t.Seq, t.Time, t.Base)
	for i := range t.Blocks {
		b := &t.Blocks[i]
		d.out = fmt.Appendf(d.out, "  source %d time %d layout %v\n", b.Source, b.Time, b.Layout != nil)
		for i, v := range b.Values {
			d.out = fmt.Appendf(d.out, "    %s %x\n", d.series(b.Layout.Series[i]), math.Float64bits(v))
		}
		for _, x := range b.Extra {
			if x.Histogram != "" {
				d.out = fmt.Appendf(d.out, "    %s histogram %x at %d\n", d.series(x.Series), x.Histogram, x.Time)
				continue
			}
			d.out = fmt.Appendf(d.out, "    %s %x at %d\n", d.series(x.Series), math.Float64bits(x.Value), x.Time)
		}
		for _, x := range b.Exemplars {
			d.out = fmt.Appendf(d.out, "    %s exemplar %x at %d of %q\n", d.series(x.Series), math.Float64bits(x.Value), x.Time, x.Labels)
		}
	}
}

func (d *dump) series(s *buffer.Series) string {
	text := fmt.Sprintf("%q %+q", s.Labels, *s.Family)
	if s.Start != 0 {
		text += fmt.Sprintf(" since %d", s.Start)
	}
	if n, ok := d.seen[text]; ok {
		return fmt.Sprintf("#%d", n)
	}
	if d.seen == nil {
		d.seen = make(map[string]int)
	}
	d.seen[text] = len(d.seen)
	return fmt.Sprintf("#%d %s", d.seen[text], text)
}

func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}
