package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetick/edgetick/agent"
	"github.com/edgetick/edgetick/agent/remote"
)

// A program pushes its own metrics, without an exporter and without anybody who
// scrapes it.
func Example() {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()

	registry := prometheus.NewRegistry()
	sales := prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_sales_total", Help: "Sales."})
	registry.MustRegister(sales)
	sales.Inc()

	// Run gathers until its context is done, and then delivers what is left.
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	a := agent.New(agent.Config{
		TickInterval: 100 * time.Millisecond,
		Instance:     "till-3",
		NoSelf:       true,
		Targets:      []agent.Target{{Job: "shop", Gatherer: registry}},
		Remotes:      []remote.Config{{URL: receiver.URL}},
	})
	if err := a.Run(ctx); err != nil {
		fmt.Println(err)
	}

	books := a.Status().Remotes[0].Books
	fmt.Println("all delivered:", books.Gathered > 0 && books.Acknowledged == books.Gathered)
	// Output: all delivered: true
}

// A configuration that cannot be run is told apart before anything starts. The
// message names the flag that edgetick has for the field.
func ExampleConfig_Validate() {
	err := agent.Config{
		Instance: "till-3",
		Targets:  []agent.Target{{URL: "http://127.0.0.1:9113/metrics", Interval: 20 * time.Second}},
		Remotes:  []remote.Config{{URL: "http://prometheus.example:9090/api/v1/write"}},
	}.Validate()
	fmt.Println(err)
	// Output: --scrape.target: http://127.0.0.1:9113/metrics: interval=20s is not a multiple of --tick.interval=15s
}
