package collector

import (
	"errors"
	"io"
)

// errChunks is returned for a body whose chunks are not as HTTP wants them.
var errChunks = errors.New("malformed chunked encoding")

// sized is a body of which the size is known.
type sized struct {
	in   io.Reader
	left int64 // bytes
}

// Read implements io.Reader. A body that is cut off ends with
// io.ErrUnexpectedEOF.
func (b *sized) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunks are a body in chunks. They are read straight to where the body is wanted,
// and what is between them is then taken out.
type chunks struct {
	in    io.Reader
	state chunkState
	left  uint64 // bytes of the chunk
	line  int    // bytes of the line with its size
	more  bool   // something follows: a trailer, or what is no part of the answer
}

// chunkState is what comes next.
type chunkState byte

const (
	chunkSize chunkState = iota
	chunkPadding
	chunkExtension
	chunkSizeEnd // its line feed
	chunkData
	chunkDataOver // its carriage return
	chunkDataEnd
	chunkTrailer // its carriage return, if there is none
	chunkTrailerEnd
	chunkNone
)

const (
	maxChunkDigits = 16
	maxChunkLine   = 4096
)

// Read implements io.Reader. A body that is cut off ends with
// io.ErrUnexpectedEOF. What a trailer says is not read.
func (c *chunks) Read(p []byte) (int, error) {
	for c.state != chunkNone {
		n, err := c.in.Read(p)
		n, ok := c.unpack(p[:n])
		switch {
		case !ok:
			err = errChunks
		case c.state == chunkNone:
			err = nil
		case err == io.EOF:
			err = io.ErrUnexpectedEOF
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

// unpack leaves the data that is in p, and returns how much that is. It returns
// false if p is malformed.
func (c *chunks) unpack(p []byte) (n int, ok bool) {
	for i := 0; i < len(p); {
		switch {
		case c.state == chunkNone:
			c.more = true
			return n, true
		case c.state == chunkData:
			size := int(min(uint64(len(p)-i), c.left))
			n += copy(p[n:], p[i:i+size])
			i += size
			if c.left -= uint64(size); c.left == 0 {
				c.state = chunkDataOver
			}
		case !c.step(p[i]):
			return n, false
		default:
			i++
		}
	}
	return n, true
}

// step goes on by one byte that is not data.
func (c *chunks) step(b byte) bool {
	c.line++
	switch c.state {
	case chunkSize, chunkPadding, chunkExtension:
		return c.line <= maxChunkLine && c.stepSize(b)
	case chunkSizeEnd:
		c.state, c.line = chunkData, 0
		if c.left == 0 {
			c.state = chunkTrailer
		}
		return b == '\n'
	case chunkDataOver:
		c.state = chunkDataEnd
		return b == '\r'
	case chunkDataEnd:
		c.state, c.line = chunkSize, 0
		return b == '\n'
	case chunkTrailer:
		c.state = chunkTrailerEnd
		if b != '\r' {
			c.state, c.more = chunkNone, true
		}
		return true
	default:
		c.state = chunkNone
		return b == '\n'
	}
}

// stepSize goes on by one byte of the line with the size of a chunk.
func (c *chunks) stepSize(b byte) bool {
	digit := hexDigit(b)
	switch {
	case b == '\r':
		c.state = chunkSizeEnd
		return c.line > 1
	case c.state == chunkExtension:
		return b != '\n'
	case b == ' ' || b == '\t':
		c.state = chunkPadding
		return c.line > 1
	case c.state == chunkPadding:
		return false
	case b == ';':
		c.state = chunkExtension
		return c.line > 1
	default:
		c.left = c.left<<4 | uint64(digit)
		return digit < 16 && c.line <= maxChunkDigits
	}
}

// hexDigit returns the value of a digit, 16 for what is none.
func hexDigit(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10
	default:
		return 16
	}
}
