package licensing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"koor.tech/licensing/license"
)

const (
	timeout        = 30 * time.Second
	maxAnswerBytes = 4 << 20
	pathCheckIns   = "/v1/checkins"
	pathRevoked    = "/v1/revoked"
)

// failure is a request that brought nothing; code says why in a word, the server's own where it gave one.
type failure struct {
	code       string
	retryAfter time.Duration
}

func (f *failure) Error() string { return f.code }

func failed(code string) error { return &failure{code: code} }

// answer is the part of a check-in's answer that a client takes over. None of it is verified yet.
type answer struct {
	Keys        string          `json:"keys"`
	LicenseFile json.RawMessage `json:"license_file"`
	Lease       string          `json:"lease"`
}

type clusterDocument struct {
	FSID          string `json:"fsid"`
	KubeSystemUID string `json:"kube_system_uid"`
	Name          string `json:"name"`
	DCCVersion    string `json:"dcc_version"`
	Production    bool   `json:"production"`
}

type checkinDocument struct {
	Cluster     clusterDocument `json:"cluster"`
	Nodes       []string        `json:"nodes"`
	Nonce       string          `json:"nonce"`
	InstanceKey string          `json:"instance_key"`
}

// member returns the cluster as a check-in has it; a name and a version are always there.
func (c Cluster) member() clusterDocument {
	document := clusterDocument(c)
	if document.Name == "" {
		document.Name = "unnamed"
	}
	if document.DCCVersion == "" {
		document.DCCVersion = "unknown"
	}
	return document
}

// checkIn sends one check-in. The header value proves the instance.
func (o *Options) checkIn(ctx context.Context, token, proof string, body []byte) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.Server+pathCheckIns, bytes.NewReader(body))
	if err != nil {
		return nil, failed("NO_CONNECTION")
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(license.InstanceHeader, proof)
	data, err := o.send(request)
	if err != nil {
		return nil, err
	}
	var told *answer
	if json.Unmarshal(data, &told) != nil || told == nil {
		return nil, failed("BAD_ANSWER")
	}
	return told, nil
}

// revokedList fetches the server's revoked list, unverified.
func (o *Options) revokedList(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Server+pathRevoked, nil)
	if err != nil {
		return "", failed("NO_CONNECTION")
	}
	data, err := o.send(request)
	return string(data), err
}

func (o *Options) send(request *http.Request) ([]byte, error) {
	response, err := o.HTTP.Do(request)
	if err != nil {
		return nil, failed("NO_CONNECTION")
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response, data)
	}
	if err != nil || len(data) > maxAnswerBytes {
		return nil, failed("BAD_ANSWER")
	}
	return data, nil
}

var namedCode = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// refusal returns the server's code and wish to wait, as far as they can be one.
func refusal(response *http.Response, data []byte) error {
	refused := &failure{code: "HTTP_" + strconv.Itoa(response.StatusCode)}
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(data, &problem) == nil && namedCode.MatchString(problem.Code) {
		refused.code = problem.Code
	}
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 30); err == nil {
		refused.retryAfter = clamp(time.Duration(seconds)*time.Second, 0, longestWait)
	}
	return refused
}

// codeOf returns the word for an error of a check-in, and the server's wish to wait.
func codeOf(err error) (string, time.Duration) {
	var refused *failure
	if errors.As(err, &refused) {
		return refused.code, refused.retryAfter
	}
	return "INTERNAL", 0
}
