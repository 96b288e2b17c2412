//go:build !linux

package main

import "time"

// What keeps the process small on Linux does nothing here.

func loosenTimers() {}

func cpuTime() (time.Duration, bool) { return 0, false }

type program struct{}

func findProgram() program { return program{} }

func (program) cut()  {}
func (program) drop() {}
