// Package kube gives the license client what it needs of Kubernetes: the storage nodes (Nodes), the Ceph cluster that
// it speaks for (CephCluster) and a place for its state (Secret). FromEnvironment makes all three from what the Helm
// chart deploy/dcc/koor-license tells the pod.
//
// It reads and never changes anything but its own Secret. It needs exactly the rights that the chart's
// koor-license.rights gives. What fails is an error in plain words, and restricts nobody: the client goes on with what
// it knew before.
package kube
