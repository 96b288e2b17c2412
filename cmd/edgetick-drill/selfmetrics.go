package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// selfMetrics are an agent's own metrics: by name, the sum of all series of that
// name, and each series with labels by its text, too.
type selfMetrics map[string]float64

func readSelfMetrics(address string) (selfMetrics, error) {
	client := http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		return nil, fmt.Errorf("read the agent's own metrics: %w", err)
	}
	defer answer.Body.Close()
	return parseSelfMetrics(answer.Body)
}

func parseSelfMetrics(r io.Reader) (selfMetrics, error) {
	m := make(selfMetrics)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		end := strings.IndexAny(line, "{ ")
		space := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || end < 0 {
			continue
		}
		if v, err := strconv.ParseFloat(line[space+1:], 64); err == nil {
			m[line[:end]] += v
			if line[end] == '{' {
				m[line[:space]] = v
			}
		}
	}
	return m, lines.Err()
}
