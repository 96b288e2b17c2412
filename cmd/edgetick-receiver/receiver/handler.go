package receiver

import (
	"io"
	"net/http"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/prometheus/storage/remote"
)

func newHandler(cfg Config, r *Receiver) http.Handler {
	write := &writeCounter{
		next:     newWriteHandler(cfg, r),
		arrivals: r.arrivals,
		capture:  cfg.Capture,
	}
	a := &api{recv: r, logger: cfg.Logger}

	mux := http.NewServeMux()
	mux.Handle("/api/v1/write", write)
	for path, f := range map[string]apiFunc{
		"/api/v1/query":               a.query,
		"/api/v1/query_range":         a.queryRange,
		"/api/v1/labels":              a.labelNames,
		"/api/v1/label/{name}/values": a.labelValues,
		"/api/v1/series":              a.series,
		"/api/v1/metadata":            a.metadata,
	} {
		mux.Handle("GET "+path, a.handler(f))
		mux.Handle("POST "+path, a.handler(f))
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Registry, promhttp.HandlerOpts{Registry: cfg.Registry}))
	mux.HandleFunc("GET /-/healthy", say("edgetick-receiver is healthy.\n"))
	mux.HandleFunc("GET /-/ready", say("edgetick-receiver is ready.\n"))
	return mux
}

// newWriteHandler is Prometheus's own, with its feature flags as they are by
// default: no zero samples from start timestamps, no type and unit labels, no
// metadata records.
func newWriteHandler(cfg Config, r *Receiver) http.Handler {
	accepted := remoteapi.MessageTypes{remoteapi.WriteV1MessageType, remoteapi.WriteV2MessageType}
	return remote.NewWriteHandler(cfg.Logger, cfg.Registry, r.db, accepted, false, false, false)
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		// The client may have gone; there is nobody to tell.
		_, _ = io.WriteString(w, text)
	}
}
