package buffer

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter appends bits to bytes, the first bit in the lowest place.
type bitWriter struct {
	buf []byte
	acc uint64 // bits not yet in buf
	n   uint   // how many, below 64
}

func (w *bitWriter) reset() { *w = bitWriter{buf: w.buf[:0]} }

// put appends the n lowest bits of v, n at most 64; all above are zero.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.n
	if w.n+n < 64 {
		w.n += n
		return
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.acc)
	w.acc = v >> (64 - w.n)
	w.n += n - 64
}

// ones appends n one bits, n below 64.
func (w *bitWriter) ones(n uint) { w.put(1<<n-1, n) }

// number appends any number: its length in 7 bits, then what follows its
// highest bit.
func (w *bitWriter) number(v uint64) {
	n := uint(bits.Len64(v))
	w.put(uint64(n), 7)
	if n > 1 {
		w.put(v&(1<<(n-1)-1), n-1)
	}
}

// small appends a number that is expected to be small, as an Elias gamma code.
// It is below 1<<32.
func (w *bitWriter) small(v uint64) {
	n := uint(bits.Len64(v + 1))
	w.ones(n - 1)
	w.put((v+1)<<1&(1<<n-1), n)
}

// bytes ends the bits at a byte and returns them. They are valid until reset.
func (w *bitWriter) bytes() []byte {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.buf = append(w.buf, byte(w.acc))
		w.acc >>= 8
	}
	return w.buf
}

// bitReader reads what a bitWriter wrote. Past the end it yields zeroes, and ok
// tells so afterwards.
type bitReader struct {
	buf []byte // the bits and bitPad zeroes
	pos uint   // in bits
	end uint
}

// bitPad lets peek load eight bytes at any position that a reader which has not
// run over the end can have.
const bitPad = 8

func (r *bitReader) reset(packed []byte) {
	r.buf = append(append(r.buf[:0], packed...), make([]byte, bitPad)...)
	r.pos, r.end = 0, 8*uint(len(packed))
}

// ok tells whether exactly the bits that there are have been read.
func (r *bitReader) ok() bool { return r.pos <= r.end && r.end-r.pos < 8 }

// peek returns the next bits, at least 57 of them.
func (r *bitReader) peek() uint64 {
	at := r.pos >> 3
	if at > uint(len(r.buf)-bitPad) {
		return 0
	}
	return binary.LittleEndian.Uint64(r.buf[at:]) >> (r.pos & 7)
}

// take reads n bits, n at most 64.
func (r *bitReader) take(n uint) uint64 {
	if n > 56 {
		low := r.take(32)
		return low | r.take(n-32)<<32
	}
	v := r.peek() & (1<<n - 1)
	r.pos += n
	return v
}

// flag reads one bit.
func (r *bitReader) flag() bool { return r.take(1) != 0 }

func (r *bitReader) number() uint64 {
	n := uint(min(r.take(7), 64))
	if n < 2 {
		return uint64(n)
	}
	return 1<<(n-1) | r.take(n-1)
}

func (r *bitReader) small() uint64 {
	n := min(uint(bits.TrailingZeros64(^r.peek())), 32)
	r.pos += n + 1
	return (1<<n | r.take(n)) - 1
}

// zigzag maps small numbers of either sign to small numbers.
func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
