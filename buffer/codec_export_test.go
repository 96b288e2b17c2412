package buffer

// KeyInterval is for tests outside the package.
const KeyInterval = keyInterval

// Small makes the decoder give up early, so that hostile records do not slow
// tests down.
func (d *Decoder) Small() *Decoder {
	d.small = true
	return d
}
