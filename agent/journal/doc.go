// Package journal stands between the tick loop and the remotes: it writes each
// tick to the write-ahead log before any remote may see it, and reads ticks back
// for remotes that are behind what the memory ring holds.
//
//   - journal.go: from the loop's hands into the log and the ring, in a
//     goroutine of its own, so that a slow disk never moves a tick.
//   - disk.go: trouble with the disk: the log is left out, and tried again.
//   - start.go: where the last life stopped.
//   - guard.go: a disk that hangs holds up no remote.
//   - cursor.go: how far a remote has come, kept in the log.
//   - reader.go: ticks from the log.
//
// While the log cannot be written, ticks go to the ring alone. They are
// delivered like any other, unless they leave the ring unsent or the process
// ends before.
package journal
