package agent

import (
	"sync"
	"time"

	"github.com/edgetick/edgetick/agent/remote"
	"github.com/edgetick/edgetick/buffer"
)

// Status is the state of an agent at one moment.
type Status struct {
	LastTick time.Time // of the last tick committed; zero if there is none yet
	Ticks    uint64    // committed by this process
	Targets  []TargetStatus
	Remotes  []RemoteStatus
	Disk     string // why ticks are not written to the log; empty if they are
}

// TargetStatus is the state of one target.
type TargetStatus struct {
	Job, Instance string
	Source        string    // its URL, without a password, or its job
	LastGathered  time.Time // zero if not yet
	Samples       int       // gathered last
	Error         string    // of the last scrape; empty if the target is up
}

// RemoteStatus is the state of one remote.
type RemoteStatus struct {
	Name, URL string // without a password
	Books     remote.Books
	Protocol  remote.Protocol // that the receiver takes; empty if that is not known yet
	Held      string          // why the remote is paused; empty if it is not
}

// status is written by the loop and read by anyone.
type status struct {
	mu       sync.Mutex
	ticks    uint64 // committed in this life
	lastTick time.Time
	all      []TargetStatus
}

func newStatus(targets []Target) *status {
	s := &status{}
	for _, t := range targets {
		s.all = append(s.all, TargetStatus{Job: t.Job, Instance: t.Instance, Source: t.describe()})
	}
	return s
}

func (s *status) took(r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.all[r.target.index]
	t.LastGathered = time.UnixMilli(r.block.Time)
	t.Samples = r.block.Samples()
	t.Error = ""
	if r.err != nil {
		t.Error = r.err.Error()
	}
}

func (s *status) committed(t *buffer.Tick) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticks++
	s.lastTick = time.UnixMilli(t.Time)
}

// Status returns the agent's state of this moment. It may be called at any time
// by any goroutine, if [New] was given a configuration that can be run.
func (a *Agent) Status() Status {
	st := a.loop.status
	st.mu.Lock()
	defer st.mu.Unlock()
	s := Status{Ticks: st.ticks, LastTick: st.lastTick, Targets: append([]TargetStatus(nil), st.all...)}
	if err := a.journal.Trouble(); err != nil {
		s.Disk = err.Error()
	}
	for _, r := range a.remotes {
		s.Remotes = append(s.Remotes, RemoteStatus{Name: r.Name(), URL: r.URL(), Books: r.Ledger.Books(), Protocol: r.Protocol(), Held: r.Held()})
	}
	return s
}
