package kube

import (
	"time"

	"k8s.io/client-go/rest"
)

// requestTime is how long one request may take, to the API as to the license server.
const requestTime = 30 * time.Second

// gentle returns a copy of config: each request ends in time, and pods travel as protobuf, which is smaller than JSON.
func gentle(config *rest.Config) *rest.Config {
	config = rest.AddUserAgent(rest.CopyConfig(config), "koor-license")
	config.Timeout = requestTime
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	return config
}
