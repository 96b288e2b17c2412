package proto_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/prompb"

	"github.com/edgetick/edgetick/proto"
)

func TestLabels_RoundTrip(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, ls := range map[string][]label{
		"empty":      nil,
		"one":        {{"__name__", "up"}},
		"several":    {{"__name__", "up"}, {"instance", "node:80"}, {"job", "node"}},
		"UTF-8":      {{"__name__", "a.b"}, {"µ", "é\n\"\x00"}},
		"long":       {{long, long}, {long + "x", strings.Repeat(long, 100)}},
		"no value":   {{"a", ""}},
		"no name":    {{"", "b"}},
		"127 and up": {{"a", long[:123]}, {"b", long[:124]}, {"c", long[:127]}, {"d", long[:128]}},
	} {
		t.Run(name, func(t *testing.T) {
			enc := encodeLabels(ls...)
			if err := proto.CheckLabels(enc); err != nil {
				t.Errorf("CheckLabels: %v", err)
			}
			var got []label
			for name, value := range proto.Labels(enc) {
				got = append(got, label{name, value})
			}
			if len(got) != len(ls) {
				t.Fatalf("got %q, want %q", got, ls)
			}
			for i := range ls {
				if got[i] != ls[i] {
					t.Errorf("label %d is %q, want %q", i, got[i], ls[i])
				}
			}
		})
	}
}

func TestLabels_StopsWhenTold(t *testing.T) {
	for name := range proto.Labels(encodeLabels(label{"a", "1"}, label{"b", "2"})) {
		if name != "a" {
			t.Fatalf("went on to %q", name)
		}
		break
	}
}

// A label set's encoding is the one that prompb makes.
func TestAppendLabel_IsPrompbsEncoding(t *testing.T) {
	ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "up"}, {Name: "job", Value: strings.Repeat("n", 200)}}}
	want, err := ts.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got := encodeLabels(label{"__name__", "up"}, label{"job", strings.Repeat("n", 200)}); got != string(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCheckLabels_RefusesWhatIsNoLabelSet(t *testing.T) {
	good := encodeLabels(label{"a", "1"}, label{"b", "22"})
	for name, enc := range map[string]string{
		"other tag":               "\x12" + good[1:],
		"one byte":                good[:1],
		"one byte too many":       good + "\x0a",
		"cut in the second":       good[:len(good)-1],
		"label too long":          "\x0a\x08" + good[2:8],
		"label too short":         "\x0a\x05" + good[2:8],
		"value before name":       "\x0a\x06\x12\x011\x0a\x01a",
		"name only":               "\x0a\x03\x0a\x01a",
		"something after value":   "\x0a\x08\x0a\x01a\x12\x011\x1a\x00",
		"length without end":      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"length of 134 in a byte": "\x0a\x86\x0a\x7f" + strings.Repeat("n", 127) + "\x12\x03val",
		"length of 2^64-1":        "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"length in two bytes":     "\x0a\x86\x00" + good[2:8],
		"length of name, zeroed":  "\x0a\x07\x0a\x81\x00a\x12\x011",
	} {
		t.Run(name, func(t *testing.T) {
			if err := proto.CheckLabels(enc); !errors.Is(err, proto.ErrLabels) {
				t.Errorf("CheckLabels(%q) = %v, want ErrLabels", enc, err)
			}
		})
	}
}

func TestCheckLabels_RefusesEveryCut(t *testing.T) {
	first := encodeLabels(label{"__name__", "up"})
	enc := first + encodeLabels(label{"job", strings.Repeat("j", 130)})
	for n := range len(enc) {
		want := error(proto.ErrLabels)
		if n == 0 || n == len(first) {
			want = nil
		}
		if err := proto.CheckLabels(enc[:n]); !errors.Is(err, want) {
			t.Errorf("cut to %d of %d bytes: %v, want %v", n, len(enc), err, want)
		}
	}
}

// FuzzLabels reads hostile bytes. What CheckLabels lets pass is what AppendLabel
// writes, and what it does not is read up to the fault.
func FuzzLabels(f *testing.F) {
	f.Add("")
	f.Add(encodeLabels(label{"__name__", "up"}, label{"job", "node"}))
	f.Add(encodeLabels(label{"a", strings.Repeat("x", 200)})[:100])
	f.Add("\x0a\x86\x00\x0a\x01a\x12\x011")
	f.Add("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, enc string) {
		var again []byte
		for name, value := range proto.Labels(enc) {
			again = proto.AppendLabel(again, name, value)
		}
		if !strings.HasPrefix(enc, string(again)) {
			t.Fatalf("Labels read %q from %q", again, enc)
		}
		if whole, ok := string(again) == enc, proto.CheckLabels(enc) == nil; whole != ok {
			t.Fatalf("CheckLabels says %v of %q, of which Labels reads %q", ok, enc, again)
		}
	})
}
