package kube

import (
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

func TestRequestsToTheAPIEndInTimeAndAskForProtobufFirst(t *testing.T) {
	config := gentle(&rest.Config{})

	if config.Timeout != requestTime || !strings.HasPrefix(config.AcceptContentTypes, "application/vnd.kubernetes.protobuf,") {
		t.Errorf("%v, %q", config.Timeout, config.AcceptContentTypes)
	}
	if !strings.HasSuffix(config.UserAgent, "/koor-license") {
		t.Errorf("%q", config.UserAgent)
	}
}
