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
	"slices"
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
	// Transport is used instead of a connection pool of the source's own. It
	// is meant for tests.
	Transport http.RoundTripper
}

// FromHTTP makes a source of an exporter. The connection is kept between
// scrapes, and so is the memory for pages.
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
	return &httpSource{client: &http.Client{Transport: transport}, req: req, limit: cfg.MaxBodyBytes}, nil
}

type httpSource struct {
	client *http.Client
	req    *http.Request
	limit  int
	bodies [2][]byte // take turns: the last page stays as it is while the next is read
	turn   int
	gzip   *gzip.Reader
}

// Close implements io.Closer.
func (s *httpSource) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *httpSource) Collect(ctx context.Context) (Page, error) {
	resp, err := s.client.Do(s.req.WithContext(ctx))
	if err != nil {
		return Page{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be kept
		return Page{}, fmt.Errorf("server returned HTTP status %s", resp.Status)
	}
	page, err := s.unpacked(resp)
	if err != nil {
		return Page{}, err
	}
	body, err := s.readAll(page, s.size(resp, page != io.Reader(resp.Body)))
	if err != nil {
		return Page{}, err
	}
	return Page{Body: body, ContentType: resp.Header.Get("Content-Type")}, nil
}

func (s *httpSource) unpacked(resp *http.Response) (io.Reader, error) {
	if !strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		return resp.Body, nil
	}
	if s.gzip == nil {
		s.gzip = new(gzip.Reader)
	}
	return s.gzip, s.gzip.Reset(resp.Body)
}

// spare is the least room after a page. The parser needs some, and without there
// is no telling whether a page has ended.
const spare = 64

// readAll reads a page, which is probably of the given size, into the buffer that
// does not hold the page before.
func (s *httpSource) readAll(r io.Reader, size int) ([]byte, error) {
	s.turn = 1 - s.turn
	body := s.bodies[s.turn][:0]
	if cap(body) < size+spare || cap(body)/4 > size+spare {
		body = make([]byte, 0, size+size/8+spare)
	}
	for {
		if cap(body)-len(body) < spare {
			body = slices.Grow(body, len(body)+spare)
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		s.bodies[s.turn] = body
		if len(body) > s.limit {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrBodyTooLarge, s.limit)
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// size is about how large a page will be, as far as it can be known.
func (s *httpSource) size(resp *http.Response, unpacked bool) int {
	size := len(s.bodies[s.turn])
	if !unpacked && resp.ContentLength >= 0 {
		size = int(min(resp.ContentLength, math.MaxInt32))
	}
	return min(size, s.limit)
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
