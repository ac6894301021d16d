package kube

import (
	"context"
	"fmt"
	"sort"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	storagePods = "app.kubernetes.io/component=cephclusters.ceph.rook.io"
	podsAPage   = 500
	listingTime = 2 * time.Minute
)

// Nodes counts the storage nodes: those that run pods of a Ceph cluster in the namespace where Rook runs.
type Nodes struct {
	Client    kubernetes.Interface
	Namespace string // not empty: that would be every namespace
}

// StorageNodes returns the names of the nodes, each once, sorted. Pods that have finished or have no node yet are left
// out. An error comes without names: half a list would be a wrong count.
func (n Nodes) StorageNodes(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, listingTime)
	defer cancel()
	names, err := n.names(ctx)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		names, err = n.names(ctx) // the next page's token was too old: from the first page again, but once only
	}
	if err != nil {
		return nil, fmt.Errorf("the pods in namespace %s can't be listed: %w", n.Namespace, err)
	}
	return sorted(names), nil
}

// names keeps nothing of a page but its nodes' names: thousands of nodes have tens of thousands of pods.
func (n Nodes) names(ctx context.Context) (map[string]struct{}, error) {
	names := map[string]struct{}{}
	options := metav1.ListOptions{LabelSelector: storagePods, Limit: podsAPage}
	for {
		page, err := n.Client.CoreV1().Pods(n.Namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			if pod := &page.Items[i]; usesNode(pod) {
				names[pod.Spec.NodeName] = struct{}{}
			}
		}
		if page.Continue == "" {
			return names, nil
		}
		options.Continue = page.Continue
	}
}

func usesNode(pod *corev1.Pod) bool {
	finished := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return pod.Spec.NodeName != "" && !finished
}

func sorted(names map[string]struct{}) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}
