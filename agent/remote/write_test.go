package remote

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/golang/snappy"

	"github.com/edgetick/edgetick/buffer"
	"github.com/edgetick/edgetick/proto"
)

func TestWriter_SnapsAsSnappyDoes(t *testing.T) {
	var w writer
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 16, 17, snappyBlock - 1, snappyBlock, snappyBlock + 1, snappyBlock + 17, 5 * snappyBlock, 100} {
		message := make([]byte, size)
		for i := range message { // noise in one half
			message[i] = byte(r.Uint32N(1 + 255*uint32(2*i/size)))
		}
		if w.snap(message); !bytes.Equal(w.body, snappy.Encode(nil, message)) {
			t.Errorf("%d bytes have become another body", size)
		}
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
