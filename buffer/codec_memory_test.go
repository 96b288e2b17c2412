package buffer

import (
	"fmt"
	"runtime"
	"testing"
)

// maxEncoderBytes is what an encoder may take for a series: what it expects of
// it, its place in the book and what the record took that described it.
const maxEncoderBytes = 58

func TestEncoder_TakesFewBytesForEachSeries(t *testing.T) {
	const n = 10_000
	family := &Family{Name: "family", Help: "The help."}
	series := make([]*Series, n)
	for i := range series {
		series[i] = &Series{Labels: fmt.Sprintf("some labels that all series have, and then what is of its own: %032d", i), Family: family}
	}
	b := Block{Layout: NewLayout(series), Values: make([]float64, n)}
	before := heapBytes()
	var e Encoder
	for seq := range uint64(3) {
		for i := range b.Values {
			b.Values[i] = float64(i) + float64(seq)/4
		}
		e.Encode(nil, &Tick{Seq: seq + 1, Time: int64(seq) * 1000, Blocks: []Block{b}}, false)
	}
	if each := (heapBytes() - before) / n; each > maxEncoderBytes {
		t.Errorf("%d bytes for each series, want at most %d", each, maxEncoderBytes)
	}
	runtime.KeepAlive(&e)
	runtime.KeepAlive(&b)
}

func heapBytes() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
