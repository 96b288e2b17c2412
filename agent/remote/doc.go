// Package remote delivers ticks to receivers that speak Prometheus remote write.
//
// The way of a window, file by file:
//
//   - remote.go: a [Remote] takes the next window of ticks after its cursor,
//     ships it and moves the cursor. One goroutine per remote, one request in
//     flight, so the order of every series is kept.
//   - window.go, backlog.go: what a window may be, from the ring when in step and
//     from the write-ahead log when behind.
//   - group.go: the window is turned from ticks into pieces (piece.go). A source
//     whose layout has not changed is one, as it is (columns.go); otherwise each of
//     its series is (merge.go), its samples in time order.
//   - pack.go: pieces are packed into parts (part.go) within the limits, families
//     together. A part knows nothing of the protocol.
//   - write.go: a part is written as a request, in the way of the rung that the
//     remote stands on (ladder.go), with what is remembered of label sets
//     (symbols.go) and told of families (describe.go).
//   - layouts.go: what is worked out once for a layout is remembered while it is
//     in use.
//   - send.go: a part is sent until the receiver has settled it, in halves if it
//     does not take it whole, otherwise written if it does not understand it.
//   - hold.go: a remote whose configuration is wrong is paused.
//   - pace.go, meter.go: how long to wait between attempts, and what the link may
//     carry.
//   - client.go, transport.go: one attempt.
//   - answer.go, treatment.go, reason.go: what an answer means.
//   - notes.go: what is logged of all this: transitions, not each event.
//   - ledger.go: the books: what became of every sample.
package remote
