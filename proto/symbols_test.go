package proto

import "testing"

// After 2^32 messages numbers come back, but not what they stood for.
func TestSymbols_MessageNumbersWrap(t *testing.T) {
	var s symbols
	s.reset()
	a, b := s.intern("a"), s.intern("b")
	s.ref(a)
	s.ref(b) // b is 2 in message 1
	s.message--
	s.message-- // the last number that there is
	s.reset()
	if got := s.ref(b); got != 1 || s.message == 0 {
		t.Errorf("b is %d in message %d, want 1", got, s.message)
	}
}
