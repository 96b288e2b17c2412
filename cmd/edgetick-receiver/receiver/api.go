package receiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	jsoniter "github.com/json-iterator/go"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/annotations"
)

// api answers Prometheus's HTTP API. Status codes, error types and messages are
// those of Prometheus.
type api struct {
	recv   *Receiver
	logger *slog.Logger
}

type apiFunc func(*http.Request) (answer, *apiError)

// answer is a success. write writes the value of "data"; done, if set, frees
// what write needed.
type answer struct {
	write    func(*jsoniter.Stream)
	warnings annotations.Annotations
	query    string // positions in warnings refer to it
	done     func()
}

// apiError is a failure, with the "errorType" to tell.
type apiError struct {
	kind string
	err  error
}

const (
	kindBadData  = "bad_data"
	kindExec     = "execution"
	kindCanceled = "canceled"
	kindTimeout  = "timeout"
	kindInternal = "internal"

	statusClientClosed = 499
)

func (e *apiError) status() int {
	switch e.kind {
	case kindBadData:
		return http.StatusBadRequest
	case kindExec:
		return http.StatusUnprocessableEntity
	case kindCanceled:
		return statusClientClosed
	case kindTimeout:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func badParam(name string, err error) *apiError {
	return &apiError{kindBadData, fmt.Errorf("invalid parameter %q: %w", name, err)}
}

// execError sorts an error of a query or of the storage.
func execError(err error) *apiError {
	var canceled promql.ErrQueryCanceled
	var timeout promql.ErrQueryTimeout
	var failed promql.ErrStorage
	switch {
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return &apiError{kindCanceled, err}
	case errors.As(err, &timeout):
		return &apiError{kindTimeout, err}
	case errors.As(err, &failed):
		return &apiError{kindInternal, err}
	}
	return &apiError{kindExec, err}
}

func (a *api) handler(f apiFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			a.fail(w, &apiError{kindBadData, fmt.Errorf("error parsing form values: %w", err)})
			return
		}
		ans, apiErr := f(r)
		if ans.done != nil {
			defer ans.done()
		}
		if apiErr != nil {
			a.fail(w, apiErr)
			return
		}
		a.send(w, http.StatusOK, func(s *jsoniter.Stream) { writeSuccess(s, ans) })
	})
}

func (a *api) fail(w http.ResponseWriter, e *apiError) {
	a.send(w, e.status(), func(s *jsoniter.Stream) { writeError(s, e) })
}

func (a *api) send(w http.ResponseWriter, status int, write func(*jsoniter.Stream)) {
	s := jsoniter.NewStream(jsoniter.ConfigCompatibleWithStandardLibrary, nil, 1024)
	write(s)
	if s.Error != nil {
		a.logger.Error("cannot encode answer", "err", s.Error)
		http.Error(w, s.Error.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(s.Buffer()); err != nil {
		a.logger.Debug("cannot send answer", "err", err)
	}
}

func (a *api) query(r *http.Request) (answer, *apiError) {
	ts, err := timeParam(r, "time")
	if err != nil {
		return answer{}, badParam("time", err)
	}
	ctx, cancel, err := withTimeout(r)
	if err != nil {
		return answer{}, badParam("timeout", err)
	}
	defer cancel()
	q, err := a.recv.engine.NewInstantQuery(ctx, a.recv.db, nil, r.FormValue("query"), ts)
	if err != nil {
		return answer{}, badParam("query", err)
	}
	return execute(ctx, q, r.FormValue("query"))
}

func (a *api) queryRange(r *http.Request) (answer, *apiError) {
	g, apiErr := gridParams(r)
	if apiErr != nil {
		return answer{}, apiErr
	}
	ctx, cancel, err := withTimeout(r)
	if err != nil {
		return answer{}, badParam("timeout", err)
	}
	defer cancel()
	q, err := a.recv.engine.NewRangeQuery(ctx, a.recv.db, nil, r.FormValue("query"), g.start, g.end, g.step)
	if err != nil {
		return answer{}, badParam("query", err)
	}
	return execute(ctx, q, r.FormValue("query"))
}

func execute(ctx context.Context, q promql.Query, expr string) (answer, *apiError) {
	res := q.Exec(ctx)
	ans := answer{done: q.Close}
	if res.Err != nil {
		return ans, execError(res.Err)
	}
	ans.write = func(s *jsoniter.Stream) { writeQueryData(s, res.Value) }
	ans.warnings, ans.query = res.Warnings, expr
	return ans, nil
}
