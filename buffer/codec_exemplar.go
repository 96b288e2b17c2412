package buffer

import (
	"encoding/binary"
	"math"
)

// exemplarBytesLeast is how many bytes of a record an exemplar takes at least.
const exemplarBytesLeast = 12

// appendExemplars appends the exemplars of a block, whose series have these numbers.
func appendExemplars(dst []byte, b *Block, ids []int) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	next, labels := 0, ""
	for i, id := range ids {
		x := &b.Exemplars[i]
		prefix := sharedPrefix(x.Labels, labels)
		dst = binary.AppendVarint(dst, int64(id-next))
		dst = binary.AppendVarint(dst, x.Time-b.Time)
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x.Value))
		dst = binary.AppendUvarint(dst, uint64(prefix))
		dst = binary.AppendUvarint(dst, uint64(len(x.Labels)-prefix))
		dst = append(dst, x.Labels[prefix:]...)
		next, labels = id+1, x.Labels
	}
	return dst
}

// exemplars reads the exemplars of a block. It reports false if they are of
// series that nobody has described.
func (d *Decoder) exemplars(b *Block) bool {
	b.Exemplars = make([]Exemplar, d.in.count(len(d.in.rest())/exemplarBytesLeast))
	next, labels := 0, ""
	for i := range b.Exemplars {
		next += int(d.in.varint())
		if uint(next) >= uint(len(d.series)) {
			return false
		}
		x := &b.Exemplars[i]
		x.Series = d.series[next]
		x.Time = b.Time + d.in.varint()
		x.Value = math.Float64frombits(d.in.word())
		prefix := d.in.count(len(labels))
		rest := d.in.bytes(d.in.count(len(d.in.rest())))
		if d.budget.opaque -= prefix + len(rest); d.budget.opaque < 0 {
			return false
		}
		x.Labels = labels[:prefix] + string(rest)
		next, labels = next+1, x.Labels
	}
	return !d.in.bad
}
