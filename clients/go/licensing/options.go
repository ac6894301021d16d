package licensing

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"koor.tech/licensing/license"
)

// Options are what a manager works with. Nodes, Cluster and Store are needed; everything else has a default.
type Options struct {
	File     string                // where a person puts koor-license.json, and is followed; "" for none
	Server   string                // the license server or a relay; "" and nothing is ever sent
	Roots    []license.RootKey     // license.TrustedRoots() by default
	Nodes    NodeLister            // needed
	Cluster  ClusterReader         // needed
	Store    Store                 // needed
	HTTP     *http.Client          // for a CA of your own; redirects are never followed
	Clock    Clock                 // the system's by default
	Random   io.Reader             // crypto/rand by default
	Log      *slog.Logger          // slog.Default() by default
	OnChange func(*license.Status) // told of each new answer, by the manager's goroutine; it must not block
}

// withDefaults returns the options completed, or an error for those that can't work.
func (o Options) withDefaults() (Options, error) {
	if o.Nodes == nil || o.Cluster == nil || o.Store == nil {
		return o, errors.New("licensing: Nodes, Cluster and Store are needed")
	}
	if err := checkServer(o.Server); err != nil {
		return o, err
	}
	o.Server = strings.TrimRight(o.Server, "/")
	if o.Roots == nil {
		o.Roots = license.TrustedRoots()
	}
	if o.Clock == nil {
		o.Clock = systemClock{start: time.Now()}
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.HTTP = withoutRedirects(o.HTTP)
	return o, nil
}

func checkServer(server string) error {
	if server == "" {
		return nil
	}
	parts, err := url.Parse(server)
	if err != nil || (parts.Scheme != "http" && parts.Scheme != "https") || parts.Host == "" ||
		parts.RawQuery != "" || parts.Fragment != "" {
		return errors.New("licensing: Server is an http or https URL without a query")
	}
	return nil
}

// withoutRedirects returns a copy of the client that hands redirects back: a license token goes to one server.
func withoutRedirects(given *http.Client) *http.Client {
	client := http.Client{}
	if given != nil {
		client = *given
	}
	client.Timeout = timeout
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}
