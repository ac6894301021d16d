package kube

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"koor.tech/licensing/license"
	"koor.tech/licensing/licensing"
)

// FromEnvironment returns the options of a client that runs in a pod with koor-license.env of the Helm chart. The error
// is rest.ErrNotInCluster outside of a cluster, or names the variables that are missing; nothing is asked of the API yet.
func FromEnvironment() (licensing.Options, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return licensing.Options{}, err
	}
	return FromConfig(config, os.Getenv)
}

// FromConfig returns the same for a program that has its own way to the API; variable answers like os.Getenv. Add what
// else you want to the options: a logger, OnChange, other roots.
func FromConfig(config *rest.Config, variable func(string) string) (licensing.Options, error) {
	if err := requireVariables(variable); err != nil {
		return licensing.Options{}, err
	}
	config = gentle(config)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return licensing.Options{}, err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return licensing.Options{}, err
	}
	return options(client, objects, variable), nil
}

func options(client kubernetes.Interface, objects dynamic.Interface, variable func(string) string) licensing.Options {
	rook := variable("KOOR_LICENSE_ROOK_NAMESPACE")
	return licensing.Options{
		File:   variable("KOOR_LICENSE_FILE"),
		Server: variable("KOOR_LICENSE_SERVER"),
		Roots:  license.TrustedRoots(),
		Nodes:  Nodes{Client: client, Namespace: rook},
		Cluster: CephCluster{
			Client: client, Dynamic: objects, Namespace: rook, DCCVersion: version(variable("KOOR_LICENSE_DCC_VERSION")),
			Production: variable("KOOR_LICENSE_PRODUCTION") != "false",
		},
		Store: Secret{
			Client: client, Namespace: variable("KOOR_LICENSE_NAMESPACE"), Name: variable("KOOR_LICENSE_STATE_SECRET"),
		},
		HTTP: newHTTPClient(variable("KOOR_LICENSE_CA")),
	}
}

func requireVariables(variable func(string) string) error {
	var missing []string
	for _, name := range []string{
		"KOOR_LICENSE_FILE", "KOOR_LICENSE_NAMESPACE", "KOOR_LICENSE_ROOK_NAMESPACE", "KOOR_LICENSE_STATE_SECRET",
	} {
		if variable(name) == "" {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return fmt.Errorf("not set: %s (koor-license.env of the Helm chart sets them)", strings.Join(missing, ", "))
	}
	return nil
}

// version is what the chart says, or else what the program was built as; empty where nobody was told.
func version(told string) string {
	if told != "" {
		return told
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return ""
	}
	return info.Main.Version
}
