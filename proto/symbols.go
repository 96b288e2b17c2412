package proto

import (
	"strings"
	"unsafe"
)

// symbols are the strings of 2.0 messages. Label names and values come back in
// message after message: each has a number in a dictionary, its id, and where it
// stands in the message being made, its ref, is found by that number without
// hashing it again. Texts that pass through one message and may never come back,
// such as trace ids, do not enter the dictionary.
type symbols struct {
	ids    map[string]uint32
	texts  []string
	stamps []stamp
	bytes  int // of texts

	message uint32            // numbers the message being made
	count   uint32            // symbols in it, "" aside
	encoded []byte            // those, as fields of the Request
	passing map[string]uint32 // refs of those that were not in the dictionary
}

// stamp says which ref an id has in a message. In others it means nothing, so
// that none has to be cleared between messages.
type stamp struct{ message, ref uint32 }

// entryBytes is about what an entry of the dictionary takes beside its text.
const entryBytes = 64

// reset begins a new message.
func (s *symbols) reset() {
	s.message++
	if s.message == 0 { // after 2^32 messages the oldest stamps would look new
		s.message = 1
		clear(s.stamps)
	}
	s.count, s.encoded = 0, s.encoded[:0]
	clear(s.passing)
}

// intern is the id of text. A new one is a copy, so that a dictionary of few
// strings does not hold on to many label sets.
func (s *symbols) intern(text string) uint32 {
	if id, ok := s.ids[text]; ok {
		return id
	}
	if s.ids == nil {
		s.ids = make(map[string]uint32)
	}
	text = strings.Clone(text)
	id := uint32(len(s.texts))
	s.ids[text] = id
	s.texts = append(s.texts, text)
	s.bytes += len(text) + entryBytes
	st := stamp{message: s.message - 1}
	if ref, ok := s.passing[text]; ok { // then it is in the message already
		st = stamp{s.message, ref}
	}
	s.stamps = append(s.stamps, st)
	return id
}

// ref is where the message has the string of that id.
func (s *symbols) ref(id uint32) uint32 {
	if st := s.stamps[id]; st.message == s.message {
		return st.ref
	}
	return s.place(id)
}

func (s *symbols) place(id uint32) uint32 {
	ref := s.add(s.texts[id])
	s.stamps[id] = stamp{s.message, ref}
	return ref
}

// pass is where the message has text, which does not enter the dictionary.
func (s *symbols) pass(text string) uint32 {
	if text == "" {
		return 0
	}
	if id, ok := s.ids[text]; ok {
		return s.ref(id)
	}
	if ref, ok := s.passing[text]; ok {
		return ref
	}
	if s.passing == nil {
		s.passing = make(map[string]uint32)
	}
	ref := s.add(text)
	s.passing[s.last(len(text))] = ref
	return ref
}

// add puts a string into the message. The empty one is in every message, as the
// first.
func (s *symbols) add(text string) uint32 {
	if text == "" {
		return 0
	}
	s.count++
	s.encoded = appendString(s.encoded, tagRequestSymbols, text)
	return s.count
}

// last is the end of what is encoded, where the text just added stands: it lasts
// until reset as a string, for up to then bytes are only appended, and costs no
// copy.
func (s *symbols) last(n int) string {
	return unsafe.String(&s.encoded[len(s.encoded)-n], n)
}
