package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// Pack makes an unzipped corpus of pages, oldest first: what Unpack reads.
func Pack(pages [][]byte) []byte {
	var out []byte
	var before []string
	for _, p := range pages {
		page := strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")
		out = packPage(append(out, "@\n"...), before, page)
		before = page
	}
	return out
}

func packPage(out []byte, before, page []string) []byte {
	key := func(line string) string { return line[:valueAt(line)] }
	same := 0
	flush := func() {
		if same > 0 {
			out = fmt.Appendf(out, "=%d\n", same)
		}
		same = 0
	}
	for _, line := range page {
		at := slices.IndexFunc(before, func(b string) bool { return b == line || b[0] != '#' && key(b) == key(line) })
		if at > 0 {
			flush()
			out = fmt.Appendf(out, "-%d\n", at)
		}
		switch {
		case at < 0:
			flush()
			out = fmt.Appendf(out, "+%s\n", line)
			continue
		case before[at] == line:
			same++
		default:
			flush()
			out = fmt.Appendf(out, "~%s\n", line[valueAt(line):])
		}
		before = before[at+1:]
	}
	flush()
	return out
}
