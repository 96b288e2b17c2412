package buffer

// KeyInterval is for tests outside the package.
const KeyInterval = keyInterval

// Small makes the decoder give up early, so that hostile records do not slow
// tests down.
func (d *Decoder) Small() *Decoder {
	d.small = true
	return d
}

// Spent is what a decoder has spent of its budget since the key record,
// according to the encoder.
func (e *Encoder) Spent() (text, placed int) { return e.book.cost.text, e.book.cost.placed }

// Spent is what the decoder has spent of its budget since the key record.
func (d *Decoder) Spent() (text, placed int) {
	return maxText - d.budget.text, maxPlaced - d.budget.placed
}

// Spend makes the encoder believe that a decoder has spent as much of its
// budget, as a share of all.
func (e *Encoder) Spend(text, placed float64) {
	e.book.cost = budget{text: int(text * maxText), placed: int(placed * maxPlaced)}
}
