package buffer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
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
	const current = "v1"
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
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var dec buffer.Decoder
	var text dump
	for len(data) > 0 {
		size, n := binary.Uvarint(data)
		key := data[n] == 1
		data = data[n+1:]
		tick, err := dec.Decode(data[:size], key)
		if err != nil {
			t.Fatal(err)
		}
		text.tick(tick)
		data = data[size:]
	}
	return text.out
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
			d.out = fmt.Appendf(d.out, "    %s %x at %d\n", d.series(x.Series), math.Float64bits(x.Value), x.Time)
		}
	}
}

func (d *dump) series(s *buffer.Series) string {
	text := fmt.Sprintf("%q %+q", s.Labels, *s.Family)
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
