package remote

import (
	"time"

	"github.com/edgetick/edgetick/buffer"
)

// Preview is what a remote would send for a window of ticks.
type Preview struct {
	Protocol    Protocol
	Compression Compression
	Requests    int
	Samples     int // in them
	Unfit       int // that the protocol cannot tell
	Bytes       int // of bodies, compressed
	Described   int // of Bytes, help texts, which are sent seldom
}

// NewPreview works out what a remote of that configuration, which is complete and
// valid, would send for the window, if its receiver takes the best that the remote
// can write.
func NewPreview(cfg Config, window []*buffer.Tick) (Preview, error) {
	by := newLadder(cfg.Protocol, cfg.Compression).wire()
	p := Preview{Protocol: by.protocol, Compression: by.compression}
	packer := newPacker(cfg.MaxSamplesPerSend, cfg.MaxBytesPerSend)
	w := new(writer)
	w.help.look(time.Time{})
	err := packer.pack(window, packer.limits(), func(x part) error {
		plain, err := w.write(x, by)
		if err != nil {
			return err
		}
		p.Requests++
		p.Samples += plain.samples
		p.Unfit += plain.unfit
		p.Bytes += len(plain.body)
		p.Described -= len(plain.body)
		x.describe = true
		described, err := w.write(x, by)
		p.Described += len(described.body)
		return err
	})
	p.Bytes += p.Described
	return p, err
}
