package web

import (
	_ "embed" // the status page
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/edgetick/edgetick/agent"
)

//go:embed status.html
var statusHTML string

// Config says what the endpoint shows.
type Config struct {
	Status   func() agent.Status
	Gatherer prometheus.Gatherer
	Version  string
}

// NewHandler serves
//
//	/           the status page
//	/metrics    the agent's own metrics
//	/-/healthy  200 as long as the process serves at all
//	/-/ready    200 once the first tick has been committed, 503 before and while
//	            a remote is held
func NewHandler(cfg Config) http.Handler {
	page := template.Must(template.New("status").Funcs(template.FuncMap{"clock": clock}).Parse(statusHTML))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "edgetick is healthy.")
	})
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		s := cfg.Status()
		if s.Ticks == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "edgetick is not ready: no tick has been committed yet.")
			return
		}
		if held := heldRemotes(s); len(held) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "edgetick is not ready:", strings.Join(held, "; "))
			return
		}
		fmt.Fprintln(w, "edgetick is ready.")
		if s.Disk != "" {
			fmt.Fprintln(w, "Ticks are kept in memory only:", s.Disk)
		}
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page.Execute(w, struct {
			agent.Status
			Version string
		}{cfg.Status(), cfg.Version})
	})
	return mux
}

// heldRemotes says which remotes are paused, and why.
func heldRemotes(s agent.Status) []string {
	var held []string
	for _, r := range s.Remotes {
		if r.Held != "" {
			held = append(held, fmt.Sprintf("remote %s is held: %s", r.Name, r.Held))
		}
	}
	return held
}

// clock is a time as the status page shows it.
func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
