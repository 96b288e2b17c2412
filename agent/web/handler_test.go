package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/journal"
	"github.com/edgetick/edgetick/agent/remote"
)

func TestHandler_TellsTheState(t *testing.T) {
	working := agent.Status{
		Ticks: 3, LastTick: time.Unix(1_700_000_000, 0),
		Targets: []agent.TargetStatus{{Job: "shop", Instance: "till", Source: "job shop", LastGathered: time.Unix(1_700_000_000, 0), Samples: 17}},
		Remotes: []agent.RemoteStatus{{Name: "eu", URL: "http://receiver.test/"}},
	}
	down, held, full := working, working, working
	down.Targets = []agent.TargetStatus{{Job: "shop", Error: "<refused>", LastGathered: time.Unix(1, 0)}}
	held.Remotes = []agent.RemoteStatus{{Name: "eu", Held: "server answered 401"}}
	full.Disk = "no space left on device"
	refused := working
	refused.Remotes = []agent.RemoteStatus{{Name: "eu", Protocol: remote.Protocol2,
		Books: remote.Books{Rejected: journal.Counts{"labels": 3, "limit": 4, "other": 0}}}}
	for _, test := range []struct {
		name, path string
		status     agent.Status
		code       int
		want       string
	}{
		{"new", "/-/ready", agent.Status{}, 503, "no tick"},
		{"new", "/-/healthy", agent.Status{}, 200, "healthy"},
		{"working", "/-/ready", working, 200, "edgetick is ready.\n"},
		{"held", "/-/ready", held, 503, "remote eu is held: server answered 401"},
		{"full", "/-/ready", full, 200, "in memory only: no space left on device"},
		{"new", "/", agent.Status{}, 200, "never"},
		{"working", "/", working, 200, "2023-11-14T22:13:20Z"},
		{"down", "/", down, 200, "down: &lt;refused&gt;"},
		{"held", "/", held, 200, "held: server answered 401"},
		{"full", "/", full, 200, "no space left on device"},
		{"refused", "/", refused, 200, `<td>2.0</td>`},
		{"refused", "/", refused, 200, `<td class="n">7<br>3 labels<br>4 limit</td>`},
		{"working", "/metrics", working, 200, "answer 42"},
		{"working", "/nowhere", working, 404, ""},
	} {
		t.Run(test.name+test.path, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "answer"}, func() float64 { return 42 }))
			h := NewHandler(Config{Status: func() agent.Status { return test.status }, Gatherer: registry, Version: "1"})
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, test.path, nil))
			if rec.Code != test.code || !strings.Contains(rec.Body.String(), test.want) {
				t.Errorf("%d: %s", rec.Code, rec.Body)
			}
		})
	}
}
