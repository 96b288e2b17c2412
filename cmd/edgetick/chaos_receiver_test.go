package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A mood is what a [moody] receiver does with a request instead of judging it.
type mood struct {
	name    string
	version string // only requests of this version; empty for any
	rare    bool   // it holds the sender for seconds
	stores  bool   // before it answers
	refuses bool   // all of the request, for good unless halves of it are sent
	judges  bool   // what it says is what it thinks
	answer  script
}

// moods are all that can come over a receiver.
func moods() []mood {
	return []mood{
		{name: "500", answer: says(http.StatusInternalServerError, "down")},
		{name: "501", answer: says(http.StatusNotImplemented, "down")},
		{name: "503 with Retry-After", answer: says(http.StatusServiceUnavailable, "down", "Retry-After", "1")},
		{name: "429", answer: says(http.StatusTooManyRequests, "slower")},
		{name: "reset", answer: breaksOff},
		{name: "stored, then reset", stores: true, answer: breaksOff},
		{name: "stored, then 500", stores: true, answer: says(http.StatusInternalServerError, "down")},
		{name: "stored, then no answer", stores: true, answer: hangs},
		{name: "slow", judges: true, answer: func(http.ResponseWriter, *delivery) { time.Sleep(50 * time.Millisecond) }},
		{name: "not understood", version: version2, answer: says(http.StatusNoContent, "")},
		{name: "understood, and not told", version: version2, stores: true, answer: says(http.StatusNoContent, "")},
		{name: "415", version: version2, answer: says(http.StatusUnsupportedMediaType, "what?")},
		{name: "400", refuses: true, answer: says(http.StatusBadRequest, "no")},
		{name: "409", refuses: true, answer: says(http.StatusConflict, "no")},
		{name: "422", refuses: true, answer: says(http.StatusUnprocessableEntity, "no")},
		{name: "410", refuses: true, answer: says(http.StatusGone, "never")},
		{name: "307", answer: says(http.StatusTemporaryRedirect, "there", "Location", "/there")},
		{name: "401", rare: true, answer: says(http.StatusUnauthorized, "who?")},
		{name: "404", rare: true, answer: says(http.StatusNotFound, "where?")},
		{name: "302", rare: true, answer: says(http.StatusFound, "there", "Location", "/there")},
	}
}

// A style is how a receiver refuses the series that it never takes.
type style string

const (
	rollsBack  style = "all or nothing in 1.0, counts in 2.0" // Prometheus
	conflicts  style = "409, and the rest is kept"            // Thanos
	identifies style = "400 that says that the rest is kept"  // Mimir
)

// moody is a receiver that does anything that receivers do, at random. It knows
// of each sample what it has told about it last.
type moody struct {
	*testing.T
	*httptest.Server
	style style
	limit int // of a request's body
	moods []mood

	mu       sync.Mutex
	random   *rand.Rand
	trouble  int   // per cent of requests
	deck     []int // of moods, shuffled, so that all of them come up
	stored   *recorder
	accepted samples // told so last
	refused  samples // likewise
	forgone  samples // refused to an earlier life, which may not have lived to note it
	hits     map[string]int
	strike   int // requests until struck is called, between thought and answer
	struck   func()
	inside   sync.RWMutex // held by who is answered, to read
}

func startMoody(t *testing.T, s style, random *rand.Rand) *moody {
	t.Helper()
	m := &moody{
		T: t, style: s, limit: 400, moods: moods(), random: random, trouble: 20,
		stored: newRecorder(), accepted: make(samples), refused: make(samples), forgone: make(samples), hits: make(map[string]int),
	}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

// never tells whether a series is never acceptable.
func never(s told) bool {
	return s.get("__name__") == "values" && s.get("i") == "017"
}

// ServeHTTP thinks, and then answers.
func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.inside.RLock()
	defer m.inside.RUnlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender has gone
	}
	d := &delivery{header: r.Header, body: body, gone: r.Context().Done()}
	if d.message, err = unpack(r.Header, body); err != nil {
		m.Errorf("unpack: %s", err)
		return
	}
	answer := m.think(d)
	answer(w, d)
}

// think does to the samples what the answer that it returns will say.
func (m *moody) think(d *delivery) script {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.maybeStrike()
	if len(d.body) > m.limit {
		m.hits["413"]++
		m.decide(d.message, m.refused, func(told) bool { return true })
		return says(http.StatusRequestEntityTooLarge, "too large")
	}
	if m.random.IntN(100) >= m.trouble {
		return m.judge(d)
	}
	if len(m.deck) == 0 {
		m.deck = m.random.Perm(len(m.moods))
	}
	mood, first := m.moods[m.deck[0]], m.deck[0]
	m.deck = m.deck[1:]
	if mood.version != "" && mood.version != d.message.version || mood.rare && m.random.IntN(20) > 0 {
		m.deck = append(m.deck, first) // another time
		return m.judge(d)
	}
	m.hits[mood.name]++
	switch {
	case mood.stores:
		m.store(d.message)
	case mood.refuses:
		m.decide(d.message, m.refused, func(told) bool { return true })
	case mood.judges:
		judged := m.judge(d)
		return func(w http.ResponseWriter, d *delivery) {
			mood.answer(w, d)
			judged(w, d)
		}
	}
	return mood.answer
}

// judge takes what is acceptable.
func (m *moody) judge(d *delivery) script {
	all := d.message
	good := all
	good.series = nil
	for _, s := range all.series {
		if !never(s) {
			good.series = append(good.series, s)
		}
	}
	if len(good.series) == len(all.series) {
		m.store(all)
		m.decide(all, m.accepted, func(told) bool { return true })
		return takes
	}
	m.hits["refusal"]++
	if m.style == rollsBack && all.version == version1 {
		m.decide(all, m.refused, func(told) bool { return true })
		return says(http.StatusBadRequest, "label value too long")
	}
	m.store(good)
	m.decide(all, m.accepted, func(s told) bool { return !never(s) })
	m.decide(all, m.refused, never)
	return func(w http.ResponseWriter, d *delivery) {
		switch m.style {
		case conflicts:
			http.Error(w, "series have invalid labels", http.StatusConflict)
		case identifies:
			http.Error(w, "label value too long (err-mimir-label-value-too-long)", http.StatusBadRequest)
		default:
			tellWritten(w, all.version, good.count())
			http.Error(w, "label value too long", http.StatusBadRequest)
		}
	}
}

// store stores what is acceptable of a message.
func (m *moody) store(from message) {
	m.stored.bodies++
	for _, s := range from.series {
		for _, x := range s.samples {
			if !never(s) && !m.returns(s.name(), x) {
				m.stored.store(s.name(), x.t, x.bits)
			}
		}
	}
}

// returns takes a sample that was refused to an earlier life. Newer ones may have
// been accepted in that.
func (m *moody) returns(key string, x toldSample) bool {
	if _, ok := m.forgone[key][x.t]; !ok {
		return false
	}
	delete(m.forgone[key], x.t)
	m.stored.first.put(key, x.t, x.bits)
	m.stored.newest[key] = max(m.stored.newest[key], x.t)
	return true
}

// bury ends a life: it can note nothing any more.
func (m *moody) bury() {
	m.inside.Lock()
	defer m.inside.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, points := range m.refused {
		for t, bits := range points {
			m.forgone.put(key, t, bits)
		}
	}
}

// decide puts the samples of the series of which cond holds into one of the two
// sets, and takes them out of the other.
func (m *moody) decide(from message, into samples, cond func(told) bool) {
	for _, s := range from.series {
		if !cond(s) {
			continue
		}
		for _, x := range s.samples {
			delete(m.accepted[s.name()], x.t)
			delete(m.refused[s.name()], x.t)
			into.put(s.name(), x.t, x.bits)
		}
	}
}

// name names a series as the pages of [numbered] do.
func (s told) name() string { return seriesKey(s.get("__name__"), s.get("i"), s.get("job")) }

// maybeStrike calls struck if it is its turn.
func (m *moody) maybeStrike() {
	if m.struck == nil {
		return
	}
	if m.strike--; m.strike < 0 {
		m.struck()
		m.struck = nil
	}
}

// strikeAfter has f called after n more requests, between thought and answer.
func (m *moody) strikeAfter(n int, f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strike, m.struck = n, f
}

// calm ends all trouble but for what is never acceptable.
func (m *moody) calm() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trouble = 0
}

// decided tells whether something was told about a sample.
func (m *moody) decided(s sample) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	yes, accepted := m.accepted[s.key][s.t]
	no, refused := m.refused[s.key][s.t]
	return accepted && yes == s.bits || refused && no == s.bits
}

// String tells how often each mood came over it.
func (m *moody) String() string {
	return fmt.Sprintf("%d requests stored, %d samples accepted, %d refused, %d identical duplicates; %v",
		m.stored.bodies, m.accepted.count(), m.refused.count(), m.stored.duplicates, m.hits)
}
