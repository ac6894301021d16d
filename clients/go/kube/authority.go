package kube

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// newHTTPClient returns the client for the license server. It follows no redirect: one could lead the license away.
// caFile, when not empty, holds certificates to trust besides the system's.
func newHTTPClient(caFile string) *http.Client {
	client := &http.Client{
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if caFile != "" {
		client.Transport = authority(caFile)
	}
	return client
}

// authority is a file of certificates, read anew for each request: a mounted ConfigMap follows changes without a
// restart, and a file that is missing makes one request fail, not the program. Requests are hours apart, so that a
// connection each costs nothing.
type authority string

func (a authority) RoundTrip(request *http.Request) (*http.Response, error) {
	pool, err := a.pool()
	if err != nil {
		if request.Body != nil {
			request.Body.Close()
		}
		return nil, err
	}
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}
	return transport.RoundTrip(request)
}

func (a authority) pool() (*x509.CertPool, error) {
	data, err := os.ReadFile(string(a))
	if err != nil {
		return nil, fmt.Errorf("the CA file can't be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("the CA file holds no certificate")
	}
	return pool, nil
}
