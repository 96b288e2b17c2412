package remote

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

// A message in parts becomes the body that snappy.Encode makes, if the parts are
// whole blocks, and one that decodes to it if they are not.
func TestSnapper(t *testing.T) {
	var s snapper
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 16, 17, snappyBlock - 1, snappyBlock, snappyBlock + 1, snappyBlock + 17, 5 * snappyBlock, 100} {
		message := make([]byte, size)
		for i := range message { // noise in one half
			message[i] = byte(r.Uint32N(1 + 255*uint32(2*i/size)))
		}
		s.reset()
		for part := range slices.Chunk(message, 2*snappyBlock) {
			s.add(part)
		}
		if !bytes.Equal(s.body(), snappy.Encode(nil, message)) {
			t.Errorf("%d bytes have become another body", size)
		}
		s.reset()
		for part := range slices.Chunk(message, 1+r.IntN(fullBlock)) {
			s.add(part)
		}
		if got, err := snappy.Decode(nil, s.body()); err != nil || !bytes.Equal(got, message) {
			t.Errorf("%d bytes in parts have become others, %v", size, err)
		}
	}
}

// A message is compressed block by block while it is made, and is that of the
// encoder.
func TestWriter_CompressesBlockByBlock(t *testing.T) {
	var w writer
	w.help.look(time.Unix(1, 0))
	p := newPacker(1<<20, 1<<30)
	window := steadyWindow(3000, 4)
	err := p.pack(window, p.limits(), func(x part) error {
		x.describe = true
		r, err := w.write(x, wire{Protocol1, Snappy})
		if err != nil {
			return err
		}
		got, err := snappy.Decode(nil, r.body)
		if err != nil {
			return err
		}
		if most := cap(w.v1.Take()); most > 2*snappyBlock || len(got) < 4*snappyBlock {
			t.Errorf("%d bytes of a message of %d have been kept", most, len(got))
		}
		r, err = w.write(x, wire{Protocol1, Zstd})
		if err != nil {
			return err
		}
		want, err := unzstd(r.body)
		if err == nil && !bytes.Equal(got, want) {
			t.Error("the message is not what it is in zstd")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Names that 1.0 does not allow are escaped there, in columns too, and nothing else.
func TestWriter_EscapesNamesFor1(t *testing.T) {
	family := &buffer.Family{Name: "f"}
	layout := buffer.NewLayout([]*buffer.Series{
		{Labels: string(proto.AppendLabel(nil, "__name__", "plain")), Family: family},
		{Labels: string(proto.AppendLabel(nil, "__name__", "with.dot")), Family: family},
	})
	window := []*buffer.Tick{{Blocks: []buffer.Block{{Time: 1, Layout: layout, Values: []float64{1, 2}}}}}
	var w writer
	w.help.look(time.Unix(1, 0))
	for range 2 { // what is remembered is the same
		err := newPacker(10, 1<<20).pack(window, limits{10, 1 << 20}, func(p part) error {
			r, err := w.write(p, wire{Protocol1, Snappy})
			if err != nil {
				return err
			}
			req, err := proto.DecodeV1(r.body)
			if err != nil {
				return err
			}
			for i, want := range []string{"plain", "with_dot"} {
				if got := req.Timeseries[i].Labels[0].Value; got != want {
					t.Errorf("the name is %q, want %q", got, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A receiver that takes 1.0 alone costs no dictionary.
func TestWriter_ForgetsSymbolsThatAreNotUsed(t *testing.T) {
	var w writer
	w.help.look(time.Unix(1, 0))
	send := func(by Protocol) {
		p := newPacker(2000, 512<<10)
		err := p.pack(steadyWindow(10, 1), p.limits(), func(x part) error {
			_, err := w.write(x, wire{by, Snappy})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	send(Protocol2)
	w.release()
	if w.v2.Size() == 0 {
		t.Error("the dictionary is gone after a window in 2.0")
	}
	send(Protocol2) // which the receiver has not understood
	send(Protocol1)
	w.release()
	if w.v2.Size() != 0 || len(w.symbols.layouts.known) != 0 {
		t.Errorf("%d bytes of symbols for %d layouts are kept", w.v2.Size(), len(w.symbols.layouts.known))
	}
	send(Protocol1)
	w.release()
	if len(w.symbols.layouts.known) != 1 {
		t.Error("what 1.0 needs to know of the layout is forgotten")
	}
}

func unzstd(body []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(body, nil)
}
