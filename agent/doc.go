// Package agent is edgetick: it gathers samples from this node on every beat of
// one ticker and pushes them to Prometheus remote write receivers. It can be
// embedded in any program:
//
//	err := agent.New(agent.Config{
//		Targets: []agent.Target{{Job: "shop", Gatherer: registry}},
//		Remotes: []remote.Config{{URL: "http://prometheus:9090/api/v1/write"}},
//	}).Run(ctx)
//
// # The way of a sample
//
//	ticker ─► collectors ─► buffer.Tick ─► journal ─► buffer.Ring ─► remote ─► POST ─► ledger
//
// Read in this order:
//
//   - schedule.go: when the next beat is due and which timestamp it carries.
//   - loop.go: one goroutine owns the ticker. At each beat it starts the targets
//     that are due, takes their blocks as they come and commits the tick.
//     orphans.go ends the series that a life before this one has left.
//   - collector/: a target's page becomes a block: one column of values, with
//     labels put on, stale markers and the samples about the scrape.
//   - journal/: the tick is written to the write-ahead log, ../wal, before any
//     remote may see it; remotes that are behind read it back from there.
//   - ../buffer: series, layouts, blocks, ticks, and the ring of recent ticks.
//   - remote/: a window of ticks is packed by series into requests, each sent
//     until the receiver has settled it, and entered in the ledger.
//   - web/: metrics, health and status of the agent itself.
//
// # Who owns what
//
// The loop owns the ticker, the schedule and the open tick. Each target belongs
// to the goroutine that gathers from it, at most one at a time. The journal's
// goroutine owns the writing end of the log. A tick that has been committed is
// immutable, so remotes, one goroutine each, read it without locks. Nothing that
// a collector, the disk or a receiver does can hold up the loop. Once all remotes
// have passed a tick the memory of its values is gathered into again:
// [buffer.Column] says who may read them until when.
//
// # Series
//
// Every series belongs to exactly one target. This is so by construction: each
// label set holds its target's job and instance, and [Config.Validate] refuses
// two targets whose series could be the same. No table of all series is needed,
// and packing one target's blocks never has to look at another's.
package agent
