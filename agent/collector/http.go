package collector

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
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
	// Transport is used instead of a connection pool of the source's own. It
	// is meant for tests.
	Transport http.RoundTripper
}

// FromHTTP makes a source of an exporter. The connection is kept between
// scrapes; a page is read into a buffer that the next one uses again.
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
			DialContext:           (&net.Dialer{Timeout: cfg.Timeout}).DialContext,
			ResponseHeaderTimeout: cfg.Timeout,
			DisableCompression:    true, // the header above decides
			MaxIdleConnsPerHost:   1,
			IdleConnTimeout:       10 * time.Minute,
		}
	}
	return &httpSource{client: &http.Client{Transport: transport}, req: req, limit: cfg.MaxBodyBytes}, nil
}

type httpSource struct {
	client *http.Client
	req    *http.Request
	limit  int
	body   []byte
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
	body, err := s.unpacked(resp)
	if err == nil {
		err = s.readAll(body)
	}
	if err != nil {
		return Page{}, err
	}
	return Page{Body: s.body, ContentType: resp.Header.Get("Content-Type")}, nil
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

// readAll reads r into s.body, which keeps its size from page to page.
func (s *httpSource) readAll(r io.Reader) error {
	s.body = s.body[:0]
	for {
		if len(s.body) == cap(s.body) {
			s.body = append(s.body, 0)[:len(s.body)]
		}
		n, err := r.Read(s.body[len(s.body):cap(s.body)])
		s.body = s.body[:len(s.body)+n]
		if len(s.body) > s.limit {
			return fmt.Errorf("%w: more than %d bytes", ErrBodyTooLarge, s.limit)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
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
