package kube

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"koor.tech/licensing/licensing"
)

var cephClusters = schema.GroupVersionResource{Group: "ceph.rook.io", Version: "v1", Resource: "cephclusters"}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// CephCluster reads which cluster the client speaks for: the one Ceph cluster in the namespace where Rook runs.
// Production and DCCVersion are told, not read.
type CephCluster struct {
	Client     kubernetes.Interface
	Dynamic    dynamic.Interface
	Namespace  string
	Production bool
	DCCVersion string
}

// Cluster returns the cluster's identity, the Ceph fsid and the UID of kube-system, both certain; else an error. A
// guessed identity could be one that the license does not name.
func (c CephCluster) Cluster(ctx context.Context) (licensing.Cluster, error) {
	ceph, err := c.ceph(ctx)
	if err != nil {
		return licensing.Cluster{}, err
	}
	uid, err := c.kubeSystemUID(ctx)
	if err != nil {
		return licensing.Cluster{}, err
	}
	return licensing.Cluster{
		FSID: ceph.fsid, KubeSystemUID: uid, Name: ceph.name, DCCVersion: c.DCCVersion, Production: c.Production,
	}, nil
}

func (c CephCluster) kubeSystemUID(ctx context.Context) (string, error) {
	namespace, err := c.Client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("the namespace kube-system can't be read: %w", err)
	}
	if namespace.UID == "" {
		return "", errors.New("the namespace kube-system has no UID")
	}
	return string(namespace.UID), nil
}

// named is a Ceph cluster that knows its fsid.
type named struct{ name, fsid string }

func (c CephCluster) ceph(ctx context.Context) (named, error) {
	list, err := c.Dynamic.Resource(cephClusters).Namespace(c.Namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return named{}, fmt.Errorf("Rook is not installed: the API knows no cephclusters: %w", err)
	}
	if err != nil {
		return named{}, fmt.Errorf("the Ceph clusters in namespace %s can't be listed: %w", c.Namespace, err)
	}
	found, err := withFSID(list.Items)
	if err != nil {
		return named{}, err
	}
	return c.only(found, len(list.Items))
}

// withFSID returns the clusters that have an fsid, by name. One that Rook is still creating has none yet.
func withFSID(items []unstructured.Unstructured) ([]named, error) {
	var found []named
	for _, item := range items {
		fsid, _, err := unstructured.NestedString(item.Object, "status", "ceph", "fsid")
		if fsid = strings.ToLower(fsid); err != nil || fsid != "" && !uuid.MatchString(fsid) {
			return nil, fmt.Errorf("the fsid of the Ceph cluster %s is no UUID", item.GetName())
		}
		if fsid != "" {
			found = append(found, named{item.GetName(), fsid})
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	return found, nil
}

func (c CephCluster) only(found []named, all int) (named, error) {
	if all == 0 {
		return named{}, fmt.Errorf("there is no Ceph cluster in namespace %s", c.Namespace)
	}
	if len(found) == 0 {
		return named{}, fmt.Errorf("the Ceph cluster in namespace %s has no fsid yet", c.Namespace)
	}
	for _, other := range found[1:] {
		if other.fsid != found[0].fsid {
			return named{}, fmt.Errorf("the Ceph clusters %s and %s in namespace %s have different fsids: a license "+
				"client speaks for one cluster", found[0].name, other.name, c.Namespace)
		}
	}
	return found[0], nil
}
