package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// roleVariable makes the test binary play a program that a drill runs.
const roleVariable = "EDGETICK_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

func play(role string) int {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	switch role {
	case "fails":
		fmt.Println("cannot go on")
		return 7
	case "ends":
		fmt.Println("runs")
		<-terminated
		return 0
	case "deaf":
		fmt.Println("runs")
		for range terminated {
		}
	}
	return 1
}
