package agent_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgetick/edgetick/agent/remote"
)

// slow is a receiver that takes its time, and keeps what it gets.
type slow struct {
	takes time.Duration
	got   []attempt
}

// RoundTrip implements http.RoundTripper.
func (s *slow) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	time.Sleep(s.takes)
	s.got = append(s.got, attempt{time.Now(), req.Header.Clone(), body})
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

// values are those of each series, by name, in the order in which they came.
func (s *slow) values(t *testing.T) map[string][]float64 {
	t.Helper()
	all := make(map[string][]float64)
	for _, a := range s.got {
		request, err := a.decode()
		if err != nil {
			t.Fatal(err)
		}
		for _, ts := range request.Timeseries {
			for _, x := range ts.Samples {
				all[ts.Labels[0].Value] = append(all[ts.Labels[0].Value], x.Value)
			}
		}
	}
	return all
}

// Each value gets to each remote as it was gathered, though its memory is used
// again as soon as the slowest of them is done with it.
func TestAgent_DeliversEachValueToRemotesOfAllSpeeds(t *testing.T) {
	inWorld(t, func(w *world) {
		const series = 50
		s := w.scraped(func(n int) (families []*dto.MetricFamily, err error) {
			for i := range series {
				families = append(families, gauge(fmt.Sprint("m", i), float64(n*series+i)))
			}
			return families, nil
		})
		receivers := []*slow{{}, {takes: 2500 * time.Millisecond}, {takes: 7 * time.Second}}
		w.cfg.Remotes = nil
		for i, r := range receivers {
			w.cfg.Remotes = append(w.cfg.Remotes, remote.Config{
				Name: fmt.Sprint(r.takes), URL: "http://db.test/", Protocol: remote.Protocol1, PackTicks: 1 + 3*i, Transport: r,
			})
		}
		w.cfg.FlushDeadline = time.Minute
		w.balanced(w.run(2*time.Minute - time.Second/2))
		for _, r := range receivers {
			values := r.values(t)
			for i := range series {
				var want []float64
				for n := range s.n {
					want = append(want, float64((n+1)*series+i))
				}
				if got := values[fmt.Sprint("m", i)]; !slices.Equal(got, want) {
					t.Errorf("the receiver that takes %s has of m%d: %v, want %v", r.takes, i, got, want)
				}
			}
		}
	})
}
