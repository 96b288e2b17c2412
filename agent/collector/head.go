package collector

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// head is the beginning of an exporter's answers, up to the body. One is like
// the other but for the date and the size of the body, so that net/http reads
// the first and then each that differs in more.
type head struct {
	text  []byte // of the answer being read
	shape []byte // of the same
	known []byte // shape of an answer that reply is about, nil if of none
	reply reply
}

// reply is what a head says.
type reply struct {
	code        int
	status      string // such as 200 OK
	contentType string
	encoding    string
	size        int64 // of the body in bytes, -1 if there is no telling
	chunked     bool
	last        bool // of the connection
}

// maxHead is the largest head in bytes, with those of provisional answers before.
const maxHead = 64 << 10

var errHeadTooLarge = fmt.Errorf("the answer's headers have more than %d bytes", maxHead)

// read reads the head of an answer. It skips provisional ones. The reply is valid
// until the next call.
func (h *head) read(in *bufio.Reader) (*reply, error) {
	for room := maxHead; ; room -= len(h.text) {
		if err := h.readText(in, room); err != nil {
			return nil, err
		}
		if err := h.understand(); err != nil {
			return nil, err
		}
		if h.reply.code/100 != 1 || h.reply.code == http.StatusSwitchingProtocols {
			return &h.reply, nil
		}
	}
}

// readText reads up to the first empty line.
func (h *head) readText(in *bufio.Reader, room int) error {
	h.text = h.text[:0]
	for begin := 0; ; { // of a line
		part, err := in.ReadSlice('\n')
		h.text = append(h.text, part...)
		switch {
		case len(h.text) > room:
			return errHeadTooLarge
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return err
		}
		if empty := len(bytes.TrimSuffix(h.text[begin:len(h.text)-1], []byte("\r"))) == 0; empty {
			return nil
		}
		begin = len(h.text)
	}
}

// understand finds out what the head says.
func (h *head) understand() error {
	size, sizes := h.outline()
	if h.known != nil && bytes.Equal(h.shape, h.known) {
		if sizes == 1 && !h.reply.chunked {
			h.reply.size = size
		}
		return nil
	}
	h.known = nil
	if err := h.parse(); err != nil {
		return err
	}
	if h.reply.code == http.StatusOK && sizes <= 1 { // has a body, of the one size
		h.known = slices.Clone(h.shape)
	}
	return nil
}

var (
	dateHeader = []byte("Date:")
	sizeHeader = []byte("Content-Length:")
)

// outline makes the shape, which is the head without the date and without the
// size of the body. It returns the size, and how many there are.
func (h *head) outline() (size int64, sizes int) {
	h.shape = h.shape[:0]
	for line := range bytes.Lines(h.text) {
		if beginsWith(line, dateHeader) {
			line = dateHeader
		} else if beginsWith(line, sizeHeader) {
			if n, err := strconv.ParseUint(string(bytes.TrimSpace(line[len(sizeHeader):])), 10, 62); err == nil {
				line, size = sizeHeader, int64(n)
				sizes++
			}
		}
		h.shape = append(h.shape, line...)
	}
	return size, sizes
}

func beginsWith(line, header []byte) bool {
	return len(line) >= len(header) && bytes.EqualFold(line[:len(header)], header)
}

// parse has net/http understand the head.
func (h *head) parse() error {
	text := bytes.NewReader(h.text)
	in := bufio.NewReader(text)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if in.Buffered()+text.Len() > 0 {
		return errors.New("malformed HTTP headers")
	}
	h.reply = replyOf(resp)
	return nil
}

func replyOf(resp *http.Response) reply {
	r := reply{
		code:        resp.StatusCode,
		status:      resp.Status,
		contentType: resp.Header.Get("Content-Type"),
		encoding:    resp.Header.Get("Content-Encoding"),
		size:        resp.ContentLength,
		chunked:     slices.Equal(resp.TransferEncoding, []string{"chunked"}),
		last:        resp.Close || resp.StatusCode == http.StatusSwitchingProtocols,
	}
	if resp.Body == http.NoBody {
		r.size, r.chunked = 0, false
	}
	return r
}

// redirects tells whether the page may be elsewhere.
func (r *reply) redirects() bool {
	switch r.code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}
