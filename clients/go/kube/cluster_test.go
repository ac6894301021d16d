package kube

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"koor.tech/licensing/licensing"
)

const (
	fsid      = "6d8f7b7e-3f0c-4a55-9d4f-0d6f3a8f1c11"
	otherFSID = "0a1b2c3d-0000-4000-8000-00000000000a"
	uid       = "2f1d6b1c-8a52-4f0e-8f3a-4f4f2d9e7c00"
)

func kubeSystem(uid string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: types.UID(uid)}}
}

// cephCluster has the status of one that Rook has made; fsid nil leaves out what Rook fills in last.
func cephCluster(name string, fsid any) *unstructured.Unstructured {
	status := map[string]any{"phase": "Ready"}
	if fsid != nil {
		status["ceph"] = map[string]any{"fsid": fsid, "health": "HEALTH_OK"}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "ceph.rook.io/v1", "kind": "CephCluster",
		"metadata": map[string]any{"name": name, "namespace": rook}, "status": status,
	}}
}

func objects(clusters ...*unstructured.Unstructured) *dynamicfake.FakeDynamicClient {
	kinds := map[schema.GroupVersionResource]string{cephClusters: "CephClusterList"}
	list := make([]runtime.Object, len(clusters))
	for i, cluster := range clusters {
		list[i] = cluster
	}
	return dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, list...)
}

func readCluster(clusters ...*unstructured.Unstructured) (licensing.Cluster, error) {
	reader := CephCluster{
		Client: fake.NewSimpleClientset(kubeSystem(uid)), Dynamic: objects(clusters...), Namespace: rook,
		Production: true, DCCVersion: "0.6.0",
	}
	return reader.Cluster(context.Background())
}

func TestTheOneCephClusterIsReadWhole(t *testing.T) {
	cluster, err := readCluster(cephCluster("storage", fsid))

	want := licensing.Cluster{FSID: fsid, KubeSystemUID: uid, Name: "storage", DCCVersion: "0.6.0", Production: true}
	if cluster != want || err != nil {
		t.Errorf("%+v, %v", cluster, err)
	}
}

func TestAnFSIDIsInLowerCaseAsLicensesNameIt(t *testing.T) {
	if cluster, err := readCluster(cephCluster("storage", strings.ToUpper(fsid))); cluster.FSID != fsid || err != nil {
		t.Errorf("%+v, %v", cluster, err)
	}
}

func TestClustersOfOneFSIDAreOneNamedAfterTheFirst(t *testing.T) {
	cluster, err := readCluster(cephCluster("b", fsid), cephCluster("a", fsid), cephCluster("0-new", nil))

	if cluster.FSID != fsid || cluster.Name != "a" || err != nil {
		t.Errorf("%+v, %v", cluster, err)
	}
}

func TestAnIdentityThatIsNotCertainIsAnError(t *testing.T) {
	for words, clusters := range map[string][]*unstructured.Unstructured{
		"there is no Ceph cluster in namespace rook-ceph": {},
		"has no fsid yet": {cephCluster("storage", nil), cephCluster("empty", "")},
		"a and b in namespace rook-ceph have different": {cephCluster("b", fsid), cephCluster("a", otherFSID)},
		"fsid of the Ceph cluster storage is no UUID":   {cephCluster("storage", "*")},
		"fsid of the Ceph cluster list is no UUID":      {cephCluster("list", []any{fsid})},
		"fsid of the Ceph cluster long is no UUID":      {cephCluster("long", fsid+"\n")},
	} {
		cluster, err := readCluster(clusters...)
		if err == nil || !strings.Contains(err.Error(), words) || cluster != (licensing.Cluster{}) {
			t.Errorf("%q: %+v, %v", words, cluster, err)
		}
	}
}

func TestAStatusThatIsNoObjectIsAnError(t *testing.T) {
	for _, status := range []any{"ready", []any{}, map[string]any{"ceph": "here"}, int64(1)} {
		hostile := cephCluster("storage", fsid)
		hostile.Object["status"] = status
		if cluster, err := readCluster(hostile); err == nil {
			t.Errorf("%v: %+v", status, cluster)
		}
	}
}

func TestClustersInOtherNamespacesAreNotOurs(t *testing.T) {
	foreign := cephCluster("foreign", otherFSID)
	foreign.SetNamespace("another-rook")

	if cluster, err := readCluster(foreign, cephCluster("storage", fsid)); cluster.FSID != fsid || err != nil {
		t.Errorf("%+v, %v", cluster, err)
	}
}

func TestWhatTheAPIRefusesIsAnErrorThatSaysWhat(t *testing.T) {
	resource := schema.GroupResource{Group: "ceph.rook.io", Resource: "cephclusters"}
	for words, refusal := range map[string]error{
		"Rook is not installed":                         apierrors.NewNotFound(resource, ""),
		"Ceph clusters in namespace rook-ceph can't be": apierrors.NewForbidden(resource, "", errors.New("no such right")),
	} {
		refusing := objects(cephCluster("storage", fsid))
		refusing.PrependReactor("list", "cephclusters", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, refusal
		})
		reader := CephCluster{Client: fake.NewSimpleClientset(kubeSystem(uid)), Dynamic: refusing, Namespace: rook}

		_, err := reader.Cluster(context.Background())

		if !errors.Is(err, refusal) || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", words, err)
		}
	}
}

func TestKubeSystemHasToBeReadableAndToHaveAUID(t *testing.T) {
	forbidden, _ := failing("namespaces", 0, apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"},
		"kube-system", errors.New("no such right")))
	for _, client := range []*fake.Clientset{fake.NewSimpleClientset(), fake.NewSimpleClientset(kubeSystem("")), forbidden} {
		reader := CephCluster{Client: client, Dynamic: objects(cephCluster("storage", fsid)), Namespace: rook}

		cluster, err := reader.Cluster(context.Background())

		if err == nil || !strings.Contains(err.Error(), "the namespace kube-system") || cluster != (licensing.Cluster{}) {
			t.Errorf("%+v, %v", cluster, err)
		}
	}
}
