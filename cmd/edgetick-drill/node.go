package main

import "path/filepath"

// startNodeExporter starts a node_exporter that logs to a directory.
func startNodeExporter(name, dir string) (c *child, url string, err error) {
	path, err := find(name)
	if err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	c, err = startChild(path, []string{"--web.listen-address=" + address, "--log.level=error"}, filepath.Join(dir, "node.log"))
	return c, "http://" + address + "/metrics", err
}

// addNodeExporter gives the agent a node_exporter of its own, whose usage is
// counted as the agent's.
func (s *stand) addNodeExporter(name string) error {
	c, url, err := startNodeExporter(name, s.job.dir)
	if err != nil {
		return err
	}
	s.companion = c
	s.job.targets = append(s.job.targets, target{"node", "node", url})
	return nil
}

// label names the agent and its companion.
func (s *stand) label() string {
	if s.companion == nil {
		return s.program.name
	}
	return "node_exporter + " + s.program.name
}
