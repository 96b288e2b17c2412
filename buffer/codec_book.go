package buffer

// book numbers the series that have been described since the last key record.
type book struct {
	series []*Series
	atKey  int    // how many the key record described
	cost   budget // what a decoder spends at most since the key record

	// Needed only where a layout changes or a sample stands outside its column,
	// and put off until then.
	ids      map[*Series]int
	families map[*Family]int // the series of each described last
	indexed  int

	// Needed only where series begin anew, and put off until then.
	labels   map[string]int // the series of each described last
	labelled int

	loose describer // descriptions of single series, for one block
	count int       // of them
	whole map[*Layout]*wholeLayout
}

// wholeLayout is what a key record says of a layout.
type wholeLayout struct {
	bytes []byte
	cost  int  // see describer
	used  bool // since the last key record, by it or after it
}

const (
	// A key record comes early when the book has grown to wornTimes what the
	// last one described, and wornPlus more: the book stays small where series
	// come and go, and restating those that live costs no more than they did.
	wornTimes = 2
	wornPlus  = 1024
)

func (b *book) worn() bool {
	return len(b.series) > wornTimes*b.atKey+wornPlus || b.cost.placed > maxPlaced/2 || b.cost.text > maxText/2
}

// reset forgets all series, but not the layouts in use.
func (b *book) reset() {
	clear(b.series)
	b.series, b.indexed, b.cost = b.series[:0], 0, budget{}
	b.ids, b.families = nil, nil
	b.labels, b.labelled = nil, 0
	for l, w := range b.whole {
		if !w.used {
			delete(b.whole, l)
		}
		w.used = false
	}
}

// begin prepares for the series of one block.
func (b *book) begin() {
	b.loose.begin()
	b.count = 0
}

// rest gives back memory that is not needed from tick to tick.
func (b *book) rest() { b.loose.rest() }

// index brings ids and families up to date.
func (b *book) index() {
	if b.ids == nil {
		b.ids = make(map[*Series]int, len(b.series))
		b.families = make(map[*Family]int)
	}
	for ; b.indexed < len(b.series); b.indexed++ {
		s := b.series[b.indexed]
		b.ids[s], b.families[s.Family] = b.indexed, b.indexed
	}
}

// id returns the number of a series, which it describes if it is new. It is
// likely to resemble the series with the number near.
func (b *book) id(s *Series, near int) int {
	b.index()
	id, ok := b.ids[s]
	if ok {
		return id
	}
	like, ok := b.like(s, near)
	id = len(b.series)
	switch {
	case ok:
		b.loose.series(s, b.series[like], id-like)
	case id > 0:
		b.loose.first(s, b.series[id-1])
	default:
		b.loose.first(s, nil)
	}
	b.series = append(b.series, s)
	b.count++
	return id
}

// like returns the number of a series to describe s by. It is of the same
// family: the one that s was before it began anew, or the one near, or the last.
func (b *book) like(s *Series, near int) (like int, ok bool) {
	if s.Start != 0 {
		if like, ok = b.former(s); ok {
			return like, true
		}
	}
	if near >= 0 && b.series[near].Family == s.Family {
		return near, true
	}
	like, ok = b.families[s.Family]
	return like, ok
}

// former returns the number of the last series with the labels of s.
func (b *book) former(s *Series) (id int, ok bool) {
	if b.labels == nil {
		b.labels = make(map[string]int, len(b.series))
	}
	for ; b.labelled < len(b.series); b.labelled++ {
		b.labels[b.series[b.labelled].Labels] = b.labelled
	}
	id, ok = b.labels[s.Labels]
	return id, ok && *b.series[id].Family == *s.Family
}

// place numbers the series of a layout.
func (b *book) place(l *Layout) []run {
	b.cost.placed += len(l.Series)
	var runs []run
	id := -1
	for _, s := range l.Series {
		id = b.id(s, id)
		runs = appendRun(runs, id)
	}
	return runs
}

// appendTo appends the descriptions of the block's series to dst.
func (b *book) appendTo(dst []byte) []byte {
	b.cost.text += b.loose.cost
	return b.loose.appendTo(dst, b.count)
}

// appendWhole numbers all series of a layout anew and appends their
// descriptions to dst.
func (b *book) appendWhole(dst []byte, l *Layout) []byte {
	w := b.whole[l]
	if w == nil {
		w = b.describe(l)
		if b.whole == nil {
			b.whole = make(map[*Layout]*wholeLayout)
		}
		b.whole[l] = w
	}
	w.used = true
	b.cost.placed += len(l.Series)
	b.cost.text += w.cost
	b.series = append(b.series, l.Series...)
	return append(dst, w.bytes...)
}

// base chooses what to describe as a whole for the sake of l: l itself or, where
// little is different and this saves compressing, the layout before.
func (b *book) base(l, before *Layout) *Layout {
	if b.whole[l] == nil && b.whole[before] != nil && alike(l, before) {
		return before
	}
	return l
}

// alike tells whether two layouts differ in few series.
func alike(a, b *Layout) bool {
	in := make(map[*Series]bool, len(b.Series))
	for _, s := range b.Series {
		in[s] = true
	}
	both := 0
	for _, s := range a.Series {
		if in[s] {
			both++
		}
	}
	return len(a.Series)+len(b.Series)-2*both <= len(a.Series)/8
}

func (b *book) describe(l *Layout) *wholeLayout {
	d := &b.loose
	d.begin()
	defer d.begin()
	families := make(map[*Family]int)
	for i, s := range l.Series {
		like, ok := families[s.Family]
		switch {
		case ok:
			d.series(s, l.Series[like], i-like)
		case i > 0:
			d.first(s, l.Series[i-1])
		default:
			d.first(s, nil)
		}
		families[s.Family] = i
	}
	return &wholeLayout{bytes: d.appendTo(nil, len(l.Series)), cost: d.cost}
}
