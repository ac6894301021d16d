package kube

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tlsServer(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func hello(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }

func caFile(t *testing.T, content []byte) string {
	path := filepath.Join(t.TempDir(), "ca.crt")
	put(t, path, content)
	return path
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func ask(client *http.Client, method, url string) (status int, err error) {
	request, err := http.NewRequest(method, url, strings.NewReader("a body"))
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func TestAServerUnderACAOfItsOwnIsTrustedOnlyWithTheFile(t *testing.T) {
	server := tlsServer(t, hello)

	with, err := ask(newHTTPClient(caFile(t, certificate(server))), "POST", server.URL)
	if with != 200 || err != nil {
		t.Errorf("%d, %v", with, err)
	}

	if without, err := ask(newHTTPClient(""), "POST", server.URL); err == nil {
		t.Errorf("%d without the file", without)
	}
}

func TestACAFileThatChangesCountsFromTheNextRequest(t *testing.T) {
	server := tlsServer(t, hello)
	path := filepath.Join(t.TempDir(), "ca.crt")
	client := newHTTPClient(path)

	for _, content := range []string{"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		put(t, path, []byte(content))
		if status, err := ask(client, "POST", server.URL); err == nil {
			t.Errorf("%d with %q", status, content)
		}
	}
	put(t, path, certificate(server))

	if status, err := ask(client, "POST", server.URL); status != 200 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
}

func TestAMissingCAFileFailsTheRequestAndNothingElse(t *testing.T) {
	server := tlsServer(t, hello)

	_, err := ask(newHTTPClient(filepath.Join(t.TempDir(), "none")), "POST", server.URL)

	if err == nil || !strings.Contains(err.Error(), "the CA file can't be read") {
		t.Errorf("%v", err)
	}
}

func TestPlainHTTPIsSpokenWithARelayOnTheSite(t *testing.T) {
	relay := httptest.NewServer(http.HandlerFunc(hello))
	t.Cleanup(relay.Close)

	for _, client := range []*http.Client{newHTTPClient(""), newHTTPClient(caFile(t, certificate(tlsServer(t, hello))))} {
		if status, err := ask(client, "POST", relay.URL); status != 200 || err != nil {
			t.Errorf("%d, %v", status, err)
		}
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	followed := false
	server := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		followed = followed || r.URL.Path == "/elsewhere"
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})

	status, err := ask(newHTTPClient(caFile(t, certificate(server))), "GET", server.URL)

	if status != http.StatusTemporaryRedirect || err != nil || followed {
		t.Errorf("%d, %v, followed: %v", status, err, followed)
	}
}
