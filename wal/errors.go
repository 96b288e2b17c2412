package wal

import (
	"errors"
	"fmt"
)

// Errors of opening.
var (
	// ErrLocked is returned when another process, or this one, has the log open.
	ErrLocked = errors.New("log is in use")
	// ErrOptions is returned when Options cannot work.
	ErrOptions = errors.New("bad option")
	// ErrVersion is the cause when a file was written by a newer program.
	ErrVersion = errors.New("unknown format version")
)

// Errors of appending. Any other error of an Append is the disk's.
var (
	// ErrClosed is returned by every method that writes after Close.
	ErrClosed = errors.New("log is closed")
	// ErrOrder is returned when a Seq is not above the log's last.
	ErrOrder = errors.New("sequence number does not increase")
	// ErrTooLarge is returned when a record can never fit.
	ErrTooLarge = errors.New("record is too large")
	// ErrEncode is returned when an Encode breaks its contract.
	ErrEncode = errors.New("encoder broke its contract")
)

// ErrEnd is returned by Reader.Next when there is nothing more to read for now.
var ErrEnd = errors.New("end of log")

// Errors of cursors.
var (
	// ErrName is returned when a cursor's name is empty or too long.
	ErrName = errors.New("bad cursor name")
	// ErrBlob is returned when a cursor's blob is longer than MaxBlob.
	ErrBlob = errors.New("cursor blob is too large")
	// ErrBackwards is returned when a cursor would move back.
	ErrBackwards = errors.New("cursor does not move back")
)

// A CorruptError tells where a file is damaged.
type CorruptError struct {
	Segment string // file name in the log's directory
	Offset  int64  // of the first damaged byte
	Err     error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: damaged at byte %d: %v", e.Segment, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }
