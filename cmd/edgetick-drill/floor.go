package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// floor is the least that an agent could do for a sample, in a process of its
// own: once an interval it reads the pages from kept connections, compares each
// with the one before, copies a column of as many values as there are series,
// and writes and syncs a byte for each. It understands nothing of what it reads,
// and sends nothing. No agent can be cheaper.
type floor struct {
	*common
	interval time.Duration
	series   int
	file     string
	urls     []string
}

const floorCommand = "floor"

func addFloor(app *kingpin.Application, c *common) drill {
	f := &floor{common: c}
	cmd := app.Command(floorCommand, "Read pages and make nothing of them, until ended.").Hidden()
	cmd.Flag("interval", "Time between scrapes.").Required().DurationVar(&f.interval)
	cmd.Flag("series", "Series of a page.").Required().IntVar(&f.series)
	cmd.Flag("file", "File to write to.").Required().StringVar(&f.file)
	cmd.Arg("url", "URLs of the exporters.").Required().StringsVar(&f.urls)
	return f.run
}

func (f *floor) run(ctx context.Context) error {
	out, err := os.Create(f.file)
	if err != nil {
		return err
	}
	defer out.Close()
	var sources []*bareSource
	for _, u := range f.urls {
		s, err := dialBare(u, f.series)
		if err != nil {
			return err
		}
		defer s.conn.Close()
		sources = append(sources, s)
	}
	ticker := time.NewTicker(f.interval)
	defer ticker.Stop()
	record := make([]byte, len(sources)*f.series)
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		for _, s := range sources {
			if err := s.ask(); err != nil {
				return err
			}
		}
		for _, s := range sources {
			if err := s.read(); err != nil {
				return err
			}
		}
		if _, err := out.Write(record); err != nil {
			return err
		}
		if err := out.Sync(); err != nil {
			return err
		}
	}
}

// bareSource is an exporter at the other end of a connection.
type bareSource struct {
	conn    net.Conn
	request []byte
	pages   [2][]byte // the last answer, and the one before
	values  []float64
	column  []float64
	same    int // bytes
}

func dialBare(address string, series int) (*bareSource, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	return &bareSource{
		conn:    conn,
		request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host),
		values:  make([]float64, series),
		column:  make([]float64, series),
	}, nil
}

func (s *bareSource) ask() error {
	_, err := s.conn.Write(s.request)
	return err
}

// endOfChunks is how the answer of a Go server ends that does not know the size
// of a page before.
const endOfChunks = "\r\n0\r\n\r\n"

// step is how much of an answer is compared at once.
const step = 128

// read reads an answer.
func (s *bareSource) read() error {
	s.pages[0], s.pages[1] = s.pages[1], s.pages[0]
	page := s.pages[0][:0]
	for !bytes.HasSuffix(page, []byte(endOfChunks)) {
		if cap(page)-len(page) < 1<<10 {
			page = append(page, make([]byte, cap(page)+64<<10)...)[:len(page)]
		}
		n, err := s.conn.Read(page[len(page):cap(page)])
		if err != nil {
			return err
		}
		page = page[:len(page)+n]
	}
	s.pages[0] = page
	for before := s.pages[1]; len(page) >= step && len(before) >= step; page, before = page[step:], before[step:] {
		if bytes.Equal(page[:step], before[:step]) {
			s.same += step
		}
	}
	copy(s.column, s.values)
	return nil
}

// measureFloor runs a floor beside exporters of its own, and returns the CPU time
// of a sample in microseconds.
func (p *peers) measureFloor(ctx context.Context, dir string) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	g := p.load.stage()
	g.record = true
	s, err := newStand(program{name: floorCommand, path: self}, dir, g)
	if err != nil {
		return 0, err
	}
	defer s.close()
	args := []string{
		floorCommand,
		"--interval=" + p.load.interval.String(),
		fmt.Sprintf("--series=%d", p.load.series),
		"--file=" + filepath.Join(s.job.dir, "columns"),
	}
	for _, e := range s.exporters {
		args = append(args, e.url())
	}
	if s.child, err = startChild(self, args, filepath.Join(s.job.dir, "log")); err != nil {
		return 0, err
	}
	if err := (stands{s}).wait(ctx, p.warmup); err != nil {
		return 0, err
	}
	pages := s.pages()
	from, err := s.usage()
	if err == nil {
		err = (stands{s}).wait(ctx, p.measure)
	}
	if err != nil {
		return 0, err
	}
	to, err := s.usage()
	return micros(from, to) / float64(max(s.pages()-pages, 1)*p.load.series), err
}
