package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	"go.uber.org/goleak"
)

// agentVariable makes the test binary play an agent instead of testing.
const agentVariable = "EDGETICK_TEST_AGENT"

func TestMain(m *testing.M) {
	if role := os.Getenv(agentVariable); role != "" {
		os.Exit(playAgent(role))
	}
	goleak.VerifyTestMain(m)
}

// playAgent is what a child of the receiver does in the tests.
func playAgent(role string) int {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	switch role {
	case "fails":
		fmt.Fprintln(os.Stderr, "agent failed with", strings.Join(os.Args[1:], " "))
		return 7
	case "dies":
		self, err := os.FindProcess(os.Getpid())
		if err != nil || self.Kill() != nil {
			return 1
		}
		select {} // until the signal is delivered
	case "deaf":
		fmt.Println("agent ready")
		for range terminated {
			fmt.Println("agent does not care")
		}
	case "flushes":
		return pushTwice(terminated)
	}
	return 1
}

// pushTwice pushes one sample at once and one when told to end.
func pushTwice(terminated <-chan os.Signal) int {
	first := time.Now()
	if err := pushSample(first, 1); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("agent ready")
	<-terminated
	if err := pushSample(first.Add(time.Second), 2); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("agent flushed")
	return 3 // must not become the receiver's exit code after a signal
}

func pushSample(at time.Time, v float64) error {
	m := prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: "up"}, {Name: "job", Value: "agent"}},
		Samples: []prompb.Sample{{Timestamp: at.UnixMilli(), Value: v}},
	}}}
	plain, err := m.Marshal()
	if err != nil {
		return err
	}
	resp, err := http.Post(os.Getenv(urlVariable), "application/x-protobuf", bytes.NewReader(snappy.Encode(nil, plain)))
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("write answered %s", resp.Status)
	}
	return nil
}
