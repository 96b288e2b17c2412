package remote

import (
	"encoding/binary"
	"slices"

	"github.com/golang/snappy"
)

// snapper compresses a message with snappy, part by part. A body of snappy is the
// message's length and then its blocks, each compressed by itself. The zero value
// is to be reset first; memory is reused from message to message.
type snapper struct {
	out   []byte // room for the length, and the blocks
	block []byte
	size  int // of the message so far, in bytes
}

const (
	// snappyBlock is the size of the blocks that snappy compresses one by one.
	snappyBlock = 64 << 10
	// fullBlock is how much of a message is worth compressing: the next series
	// would hardly fit into the block.
	fullBlock = snappyBlock - 1<<10
	// snappyHead is room for the length of a message.
	snappyHead = binary.MaxVarintLen64
)

// reset begins a new message.
func (s *snapper) reset() {
	var head [snappyHead]byte
	s.out, s.size = append(s.out[:0], head[:]...), 0
}

// add adds a part of the message. What snappy.Encode wants room for is what cannot
// be compressed, more than the part: this has it for a block only.
func (s *snapper) add(part []byte) {
	s.size += len(part)
	for block := range slices.Chunk(part, snappyBlock) {
		s.block = snappy.Encode(s.block[:cap(s.block)], block)
		_, head := binary.Uvarint(s.block)
		s.out = append(s.out, s.block[head:]...)
	}
}

// body is the message, compressed. It is valid until the next one is begun.
func (s *snapper) body() []byte {
	var head [snappyHead]byte
	n := binary.PutUvarint(head[:], uint64(s.size))
	body := s.out[snappyHead-n:]
	copy(body, head[:n])
	return body
}
