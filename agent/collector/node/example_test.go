package node_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/edgetick/edgetick/agent/collector/node"
)

// A program that prints this host's metric families once.
func Example() {
	var cfg node.Config
	node.AddFlags(&cfg)
	node.SplitHelp()
	kingpin.CommandLine.UsageWriter(os.Stdout)
	kingpin.Parse()

	cfg.Logger = slog.Default()
	c, err := node.New(cfg)
	kingpin.FatalIfError(err, "host metrics")

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	families, err := c.Gather(ctx)
	if err != nil {
		cfg.Logger.Warn("some metrics are inconsistent", "err", err)
	}
	for _, mf := range families {
		fmt.Println(mf.GetName(), len(mf.GetMetric()))
	}
}
