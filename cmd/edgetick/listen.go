package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// listen opens the listeners of our own endpoint, so that a port in use is
// reported before anything starts.
func listen(flags *toolkit.FlagConfig) ([]net.Listener, error) {
	if err := toolkit.Validate(*flags.WebConfigFile); err != nil {
		return nil, fmt.Errorf("--web.config.file: %w", err)
	}
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		listeners, err := activation.Listeners()
		if err == nil && len(listeners) == 0 {
			err = errors.New("no sockets were passed by systemd")
		}
		if err != nil {
			return nil, fmt.Errorf("--web.systemd-socket: %w", err)
		}
		return listeners, nil
	}
	var listeners []net.Listener
	for _, address := range *flags.WebListenAddresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, open := range listeners {
				open.Close()
			}
			return nil, fmt.Errorf("--web.listen-address: %w; want a free HOST:PORT such as 127.0.0.1:9477", err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}
