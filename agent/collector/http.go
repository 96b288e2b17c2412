package collector

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrBodyTooLarge is returned for a page above the body size limit.
var ErrBodyTooLarge = errors.New("body size limit exceeded")

// HTTPConfig describes an exporter.
type HTTPConfig struct {
	URL string
	// Timeout is told to the exporter.
	Timeout time.Duration
	// MaxBodyBytes limits the size of a page, unpacked.
	MaxBodyBytes int
	UserAgent    string
	// Histograms decides which format the exporter is asked for.
	Histograms Histograms
	// Spares is the memory for pages, of which sources should have one in common.
	// It may be nil.
	Spares *Spares
	// Transport is used instead of a connection pool of the source's own. It
	// is meant for tests.
	Transport http.RoundTripper
}

// FromHTTP makes a source of an exporter. The connection is kept between scrapes.
func FromHTTP(cfg HTTPConfig) (Source, error) {
	req, err := http.NewRequest(http.MethodGet, cfg.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept(cfg.Histograms))
	req.Header.Set("User-Agent", cfg.UserAgent)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(cfg.Timeout.Seconds(), 'f', -1, 64))
	// Packing a page costs the node more than copying it through loopback.
	if OnLoopback(req.URL) {
		req.Header.Set("Accept-Encoding", "identity")
	} else {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	transport := cfg.Transport
	if transport == nil {
		transport = &http.Transport{
			DialContext:         (&net.Dialer{Timeout: cfg.Timeout}).DialContext,
			DisableCompression:  true, // the header above decides
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     10 * time.Minute,
		}
	}
	s := &httpSource{
		client: &http.Client{Transport: transport},
		req:    req,
		limit:  cfg.MaxBodyBytes,
		spares: cfg.Spares,
		size:   firstSize,
	}
	if s.spares == nil {
		s.spares = new(Spares)
	}
	if cfg.Transport == nil && connectable(req.URL) {
		if s.conn, err = newConn(req); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// firstSize is what is taken for the size of a page before there was one.
const firstSize = 4096

type httpSource struct {
	conn   *conn        // nil if net/http is asked
	client *http.Client // for what a conn does not do
	req    *http.Request
	limit  int
	spares *Spares
	size   int // of the page before, in bytes
	gzip   *gzip.Reader
}

// Close implements io.Closer.
func (s *httpSource) Close() error {
	if s.conn != nil {
		s.conn.close()
	}
	s.client.CloseIdleConnections()
	return nil
}

// Collect implements Source.
func (s *httpSource) Collect(ctx context.Context) (Page, error) {
	deadline, _ := ctx.Deadline()
	return s.collectBy(ctx, deadline)
}

// collectBy implements punctual.
func (s *httpSource) collectBy(ctx context.Context, deadline time.Time) (Page, error) {
	page, err := s.fetch(ctx, deadline)
	switch {
	case err == nil:
		return page, nil
	case ctx.Err() != nil:
		return Page{}, context.Cause(ctx)
	case !deadline.IsZero() && !time.Now().Before(deadline):
		return Page{}, context.DeadlineExceeded
	default:
		return Page{}, err
	}
}

func (s *httpSource) fetch(ctx context.Context, deadline time.Time) (Page, error) {
	if s.conn == nil {
		return s.fetchByClient(ctx, deadline)
	}
	r, body, err := s.conn.ask(ctx, deadline)
	if err != nil {
		return Page{}, err
	}
	if r.redirects() { // and will again
		s.conn.close()
		s.conn = nil
		return s.fetchByClient(ctx, deadline)
	}
	defer s.conn.end(r)
	return s.read(r, body)
}

// fetchByClient has net/http do it.
func (s *httpSource) fetchByClient(ctx context.Context, deadline time.Time) (Page, error) {
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	resp, err := s.client.Do(s.req.WithContext(ctx))
	if err != nil {
		return Page{}, err
	}
	defer resp.Body.Close()
	r := replyOf(resp)
	return s.read(&r, resp.Body)
}

// read reads the body of an answer.
func (s *httpSource) read(r *reply, body io.Reader) (Page, error) {
	if r.code != http.StatusOK {
		io.CopyN(io.Discard, body, 64<<10) // so that the connection can be kept
		return Page{}, fmt.Errorf("server returned HTTP status %s", r.status)
	}
	size := s.size
	if strings.EqualFold(r.encoding, "gzip") {
		if s.gzip == nil {
			s.gzip = new(gzip.Reader)
		}
		if err := s.gzip.Reset(body); err != nil {
			return Page{}, err
		}
		body = s.gzip
	} else if r.size >= 0 {
		size = int(min(r.size, math.MaxInt32))
	}
	page, err := s.readAll(body, min(size, s.limit))
	if err != nil {
		return Page{}, err
	}
	return Page{Body: page, ContentType: r.contentType, spares: s.spares}, nil
}

// readAll reads a page, which is probably of the given size.
func (s *httpSource) readAll(r io.Reader, size int) ([]byte, error) {
	page := s.spares.take(size)
	for {
		n, err := r.Read(page[len(page):cap(page)])
		page = page[:len(page)+n]
		if len(page) > s.limit {
			err = fmt.Errorf("%w: more than %d bytes", ErrBodyTooLarge, s.limit)
		}
		switch {
		case err == io.EOF:
			s.size = len(page)
			if !fits(page, s.size) {
				page = s.spares.move(page, s.size)
			}
			return page, nil
		case err != nil:
			s.spares.give(page)
			return nil, err
		case cap(page)-len(page) < spare:
			page = s.spares.move(page, 2*len(page))
		}
	}
}

// OnLoopback tells whether u leads to this node itself.
func OnLoopback(u *url.URL) bool {
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
