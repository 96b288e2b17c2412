package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/wal"
)

// walInfo is what edgetick wal info prints. The names of its fields in JSON are
// for others to rely on.
type walInfo struct {
	Directory string `json:"directory"`
	Bytes     int64  `json:"bytes"`
	OpenBy    int    `json:"open_by_pid,omitempty"`
	LastPID   int    `json:"last_pid,omitempty"`

	Ticks          int         `json:"ticks"` // that can be read
	Samples        uint64      `json:"samples"`
	Series         int         `json:"series"`
	BytesPerSample float64     `json:"bytes_per_sample"`
	From           string      `json:"from,omitempty"`
	To             string      `json:"to,omitempty"`
	Damage         damageInfo  `json:"damage"`
	Segments       []segInfo   `json:"segments"`
	Remotes        []remInfo   `json:"remotes"`
	SetAside       []asideInfo `json:"set_aside"`
}

type damageInfo struct {
	Places      int    `json:"places"`
	Bytes       int64  `json:"bytes"`
	SamplesLost uint64 `json:"samples_lost"`
}

type segInfo struct {
	Name       string     `json:"name"`
	Bytes      int64      `json:"bytes"`
	Records    int        `json:"records"`
	KeyRecords int        `json:"key_records"`
	FirstTick  uint64     `json:"first_tick,omitempty"`
	LastTick   uint64     `json:"last_tick,omitempty"`
	From       string     `json:"from,omitempty"`
	To         string     `json:"to,omitempty"`
	Samples    uint64     `json:"samples"`
	Damage     damageInfo `json:"damage"` // of its own bytes alone
	TailBytes  int64      `json:"tail_bytes"`
}

type remInfo struct {
	Name    string     `json:"name"`
	Tick    uint64     `json:"tick"`           // settled up to here
	Time    string     `json:"time,omitempty"` // of that tick, if it is still there
	Pending uint64     `json:"pending"`        // samples in the log after it
	Books   *booksInfo `json:"books,omitempty"`
}

type booksInfo struct {
	From         uint64         `json:"from"`
	Settled      uint64         `json:"settled"`
	Acknowledged uint64         `json:"acknowledged"`
	Rejected     journal.Counts `json:"rejected"`
	Dropped      journal.Counts `json:"dropped"`
}

type asideInfo struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// newInfo puts together what to print.
func newInfo(s *survey) *walInfo {
	info := &walInfo{
		Directory: s.in.Dir, Bytes: s.in.Bytes, OpenBy: s.pid, LastPID: s.in.PID,
		Ticks: s.ticks, Samples: s.samples, Series: s.series,
		Segments: []segInfo{}, Remotes: []remInfo{}, SetAside: []asideInfo{},
	}
	var from, to, bytes int64
	for _, seg := range s.segments {
		info.Segments = append(info.Segments, newSegInfo(seg))
		bytes += seg.Bytes
		if seg.First == 0 {
			continue
		}
		if from == 0 {
			from, to = seg.MinTime, seg.MaxTime
		}
		from, to = min(from, seg.MinTime), max(to, seg.MaxTime)
	}
	if from != 0 {
		info.From, info.To = stamp(from), stamp(to)
	}
	if info.Samples > 0 {
		info.BytesPerSample = float64(bytes) / float64(info.Samples)
	}
	info.Damage.SamplesLost = s.lostSamples()
	for _, p := range s.places() {
		info.Damage.Places++
		info.Damage.Bytes += p.bytes
	}
	for _, r := range s.remotes {
		info.Remotes = append(info.Remotes, newRemInfo(s, r))
	}
	for _, f := range s.in.Aside {
		info.SetAside = append(info.SetAside, asideInfo{Name: f.Name, Bytes: f.Size})
	}
	return info
}

func newSegInfo(seg wal.SegmentInfo) segInfo {
	i := segInfo{
		Name: seg.Name, Bytes: seg.Bytes, Records: seg.Records, KeyRecords: seg.Keys,
		FirstTick: seg.First, LastTick: seg.Last, Samples: seg.Items, TailBytes: seg.TailBytes,
	}
	if seg.First > 0 {
		i.From, i.To = stamp(seg.MinTime), stamp(seg.MaxTime)
	}
	for _, d := range seg.Damage {
		i.Damage.Places++
		i.Damage.Bytes += d.Bytes
		i.Damage.SamplesLost += d.Items
	}
	return i
}

func newRemInfo(s *survey, r surveyedRemote) remInfo {
	i := remInfo{Name: r.Name, Tick: r.Seq, Pending: s.end.Base - min(s.end.Base, r.Base)}
	if r.time != 0 {
		i.Time = stamp(r.time)
	}
	if b := r.books; b != nil {
		i.Books = &booksInfo{From: b.From, Settled: b.Settled, Acknowledged: b.Acknowledged, Rejected: b.Rejected, Dropped: b.Dropped}
	}
	return i
}

func (i *walInfo) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(i)
}

func (i *walInfo) writeText(w *bufio.Writer) error {
	t := newTable(w)
	t.row("directory", i.Directory)
	t.row("bytes", i.Bytes)
	t.row("open", i.open())
	t.row("ticks", i.Ticks)
	t.row("from", dash(i.From))
	t.row("to", dash(i.To))
	t.row("samples", i.Samples)
	t.row("series", i.Series)
	t.row("bytes/sample", fmt.Sprintf("%.2f", i.BytesPerSample))
	t.row("damage", i.Damage.describe())
	for _, f := range i.SetAside {
		t.row("set aside", fmt.Sprintf("%s, %s", f.Name, count(f.Bytes, "byte")))
	}
	t.end()
	i.segments(w)
	i.remotes(w)
	return nil
}

func (i *walInfo) open() string {
	switch {
	case i.OpenBy > 0:
		return fmt.Sprintf("by process %d", i.OpenBy)
	case i.LastPID > 0:
		return fmt.Sprintf("no, last by process %d", i.LastPID)
	}
	return "no"
}

func (d damageInfo) describe() string {
	if d == (damageInfo{}) {
		return "none"
	}
	return fmt.Sprintf("%s, %s, %s lost; edgetick wal verify tells more", count(d.Places, "place"), count(d.Bytes, "byte"), count(d.SamplesLost, "sample"))
}

func (i *walInfo) segments(w *bufio.Writer) {
	if len(i.Segments) == 0 {
		w.WriteString("\nThere are no segments.\n")
		return
	}
	w.WriteByte('\n')
	t := newTable(w)
	t.row("SEGMENT", "BYTES", "RECORDS", "KEYS", "TICKS", "FROM", "TO", "SAMPLES", "DAMAGE")
	for _, s := range i.Segments {
		damage := "none"
		if s.Damage.Places > 0 {
			damage = count(s.Damage.Places, "place")
		}
		if s.TailBytes > 0 {
			damage = fmt.Sprintf("%s, %s after the last tick", damage, count(s.TailBytes, "byte"))
		}
		t.row(s.Name, s.Bytes, s.Records, s.KeyRecords, fmt.Sprintf("%d-%d", s.FirstTick, s.LastTick), dash(s.From), dash(s.To), s.Samples, damage)
	}
	t.end()
}

func (i *walInfo) remotes(w *bufio.Writer) {
	if len(i.Remotes) == 0 {
		w.WriteString("\nThere are no remotes.\n")
		return
	}
	w.WriteByte('\n')
	t := newTable(w)
	t.row("REMOTE", "TICK", "TIME", "PENDING", "FROM", "SETTLED", "ACKNOWLEDGED", "REJECTED", "DROPPED")
	for _, r := range i.Remotes {
		if b := r.Books; b != nil {
			t.row(r.Name, r.Tick, dash(r.Time), r.Pending, b.From, b.Settled, b.Acknowledged, byReason(b.Rejected), byReason(b.Dropped))
		} else {
			t.row(r.Name, r.Tick, dash(r.Time), r.Pending, "-", "-", "-", "-", "-")
		}
	}
	t.end()
}

// byReason lists counts that are not 0.
func byReason(c journal.Counts) string {
	var list []string
	for reason, n := range c {
		if n > 0 {
			list = append(list, reason+"="+strconv.FormatUint(n, 10))
		}
	}
	if len(list) == 0 {
		return "0"
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// table is aligned text.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer) table { return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (t table) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, c)
	}
	fmt.Fprintln(t)
}

// end writes the table. Its writer, a bufio.Writer, keeps the error.
func (t table) end() { t.Flush() }
