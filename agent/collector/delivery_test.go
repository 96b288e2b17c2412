package collector

import "github.com/edgetick/edgetick/buffer"

// deliveryWindow is how many blocks a Delivery takes to let go of them.
const deliveryWindow = 4

// Delivery takes blocks as an agent does: each is a tick of a ring, whose reader
// passes a window at a time.
type Delivery struct {
	ring   *buffer.Ring
	reader *buffer.Reader
	ticks  [deliveryWindow]buffer.Tick // of the window
	seq    uint64
}

// NewDelivery makes a delivery that has taken nothing.
func NewDelivery() *Delivery {
	d := &Delivery{ring: buffer.NewRing(1<<30, 1)}
	d.reader = d.ring.Reader()
	return d
}

// Take takes a block, which must not be read any more.
func (d *Delivery) Take(b buffer.Block) {
	t := &d.ticks[d.seq%deliveryWindow]
	d.seq++
	t.Seq, t.Blocks = d.seq, append(t.Blocks[:0], b)
	d.ring.Push(t)
	if d.seq%deliveryWindow == 0 {
		d.reader.Pass(d.seq)
	}
}
