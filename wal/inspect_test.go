package wal

import (
	"errors"
	"slices"
	"syscall"
	"testing"
)

func TestInspect_ChangesNothing(t *testing.T) {
	m := newMemFS()
	l, _ := open(t, m, Options{SegmentBytes: 900})
	c, _ := l.OpenCursor("remote", Oldest)
	appendSeqs(t, l, 1, 18)
	if err := c.Set(Position{3, sumItems(0, 3)}, []byte("blob")); err != nil {
		t.Fatal(err)
	}
	changed := 0
	m.before = func(o memOp) error {
		if o.changes {
			changed++
		}
		return nil
	}
	in, err := Inspect(testDir, m) // of a live log
	if err != nil {
		t.Fatal(err)
	}
	var items uint64
	var records, keys int
	for s := range in.Segments() {
		items += s.Items
		records += s.Records
		keys += s.Keys
		if !s.Header || len(s.Damage) > 0 || s.TailBytes > 0 || s.MinTime != int64(1000*s.First) || s.MaxTime != int64(1000*s.Last) || s.To.Base-s.From.Base != s.Items {
			t.Errorf("segment %+v", s)
		}
	}
	if records != 18 || keys < 5 || items != sumItems(0, 18) {
		t.Errorf("%d records, %d keys, %d items", records, keys, items)
	}
	if len(in.Cursors) != 1 || in.Cursors[0].Seq != 3 || string(in.Cursors[0].Blob) != "blob" || in.PID == 0 || in.Bytes == 0 {
		t.Errorf("%+v", in)
	}
	if got := readAll(t, in.NewReader(in.Oldest())); !slices.Equal(got.seqs, seqRange(1, 18)) || got.lost != 0 {
		t.Errorf("read %+v", got)
	}
	if changed > 0 {
		t.Errorf("%d changes", changed)
	}
}

func TestInspect_FindsDamage(t *testing.T) {
	img := smallWAL(t)
	all := img.places(t)
	p := all[len(all)/2]
	img[p.file][p.to-1] ^= 1                                               // a payload
	img[all[1].file][all[1].from] ^= 1                                     // a record header
	img[all[len(all)-1].file] = append(img[all[len(all)-1].file], 1, 2, 3) // a tail
	in, err := Inspect(testDir, img.fs())
	if err != nil {
		t.Fatal(err)
	}
	var damage []Damage
	var tail int64
	for s := range in.Segments() {
		damage = append(damage, s.Damage...)
		tail += s.TailBytes
	}
	want := []Damage{
		{int64(all[1].from), int64(all[1].to - all[1].from), uint64(itemsOf(all[1].seq))},
		{int64(p.from), int64(p.to - p.from), uint64(itemsOf(p.seq))},
	}
	if !slices.Equal(damage, want) || tail != 3 {
		t.Errorf("damage %+v, want %+v; tail %d", damage, want, tail)
	}
}

func TestInspect_NoDirectory(t *testing.T) {
	if _, err := Inspect(testDir, newMemFS()); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
}
