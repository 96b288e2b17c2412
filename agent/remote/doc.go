// Package remote delivers ticks to receivers that speak Prometheus remote write.
//
// The way of a window, file by file:
//
//   - remote.go: a [Remote] takes the next window of ticks after its cursor,
//     ships it and moves the cursor. One goroutine per remote, one request in
//     flight, so the order of every series is kept.
//   - window.go, backlog.go: what a window may be, from the ring when in step and
//     from the write-ahead log when behind.
//   - group.go: the window is turned from ticks into series, each with its
//     samples in time order.
//   - pack.go: series are packed into requests within the limits, families
//     together.
//   - send.go: a request is sent until the receiver has settled it, in parts if it
//     does not take it whole.
//   - hold.go: a remote whose configuration is wrong is paused.
//   - pace.go: how long to wait between attempts.
//   - client.go: one attempt, and what the answer means.
//   - notes.go: what is logged of all this: transitions, not each event.
//   - ledger.go: the books: what became of every sample.
package remote
