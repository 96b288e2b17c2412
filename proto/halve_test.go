package proto

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"
)

// Halving again and again until nothing can be halved leaves every sample alone
// in a message, in the same order.
func TestHalve_DownToSingleSamples(t *testing.T) {
	var msg, want []byte
	total := 0
	for i := range 7 {
		labels := string(AppendLabel(nil, "__name__", fmt.Sprint("m", i)))
		var samples []Sample
		for j := range i + 1 {
			s := Sample{Time: int64(1000 * j), Value: math.Float64frombits(uint64(j) << 50)}
			samples = append(samples, s)
			want = AppendTimeSeries(want, labels, []Sample{s})
			total++
		}
		msg = AppendTimeSeries(msg, labels, samples)
	}
	var got []byte
	var walk func(msg []byte, depth int)
	walk = func(msg []byte, depth int) {
		if depth > 10 {
			t.Fatal("halving does not end")
		}
		n, err := CountSamples(msg)
		if err != nil {
			t.Fatal(err)
		}
		left, right, err := Halve(msg)
		if err != nil {
			t.Fatal(err)
		}
		l, _ := CountSamples(left)
		r, _ := CountSamples(right)
		if l+r != n {
			t.Fatalf("%d samples became %d and %d", n, l, r)
		}
		if len(left) == 0 {
			if n != 1 {
				t.Fatalf("%d samples were not halved", n)
			}
			got = append(got, right...)
			return
		}
		walk(left, depth+1)
		walk(right, depth+1)
	}
	if n, err := CountSamples(msg); n != total || err != nil {
		t.Fatalf("%d samples, %v; want %d", n, err, total)
	}
	walk(msg, 0)
	if !bytes.Equal(got, want) {
		t.Error("the samples are not the same")
	}
}

func FuzzHalve(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x0a})
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add(AppendTimeSeries(nil, string(AppendLabel(nil, "a", "b")), []Sample{{1, 2}, {3, 4}}))
	f.Fuzz(func(t *testing.T, msg []byte) {
		n, err := CountSamples(msg)
		if err != nil {
			return
		}
		left, right, err := Halve(msg)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Errorf("error %v", err)
			}
			return
		}
		l, err1 := CountSamples(left)
		r, err2 := CountSamples(right)
		if err1 != nil || err2 != nil || l+r != n {
			t.Errorf("%x became %x and %x", msg, left, right)
		}
	})
}
