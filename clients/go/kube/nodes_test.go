package kube

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const rook = "rook-ceph"

func storagePod(name, node string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: rook,
			Labels: map[string]string{"app.kubernetes.io/component": "cephclusters.ceph.rook.io"},
		},
		Spec:   corev1.PodSpec{NodeName: node},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

func inPhase(pod *corev1.Pod, phase corev1.PodPhase) *corev1.Pod {
	pod.Status.Phase = phase
	return pod
}

func storageNodes(t *testing.T, objects ...runtime.Object) []string {
	t.Helper()
	names, err := Nodes{Client: fake.NewSimpleClientset(objects...), Namespace: rook}.StorageNodes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEachNodeCountsOnceHoweverManyPodsItHas(t *testing.T) {
	names := storageNodes(t, storagePod("osd-2", "worker-b"), storagePod("osd-1", "worker-a"), storagePod("mon-a", "worker-b"))

	if want := []string{"worker-a", "worker-b"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v, not %v", names, want)
	}
}

func TestPodsThatHaveFinishedOrHaveNoNodeDoNotCount(t *testing.T) {
	names := storageNodes(t,
		inPhase(storagePod("osd-prepare", "worker-a"), corev1.PodSucceeded),
		inPhase(storagePod("osd-broken", "worker-b"), corev1.PodFailed),
		inPhase(storagePod("osd-waiting", ""), corev1.PodPending),
		inPhase(storagePod("osd-starting", "worker-c"), corev1.PodPending),
		inPhase(storagePod("osd-unheard", "worker-d"), corev1.PodUnknown),
	)

	if want := []string{"worker-c", "worker-d"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v, not %v", names, want)
	}
}

func TestPodsOfOthersDoNotCount(t *testing.T) {
	operator, elsewhere := storagePod("operator", "worker-a"), storagePod("osd", "worker-b")
	operator.Labels["app.kubernetes.io/component"] = "rook-ceph-operator"
	elsewhere.Namespace = "another-rook"

	if names := storageNodes(t, operator, elsewhere); names == nil || len(names) != 0 {
		t.Errorf("%#v, not an empty list", names)
	}
}

// failing returns a client whose calls for resource fail with err, after `good` that don't.
func failing(resource string, good int, err error, objects ...runtime.Object) (client *fake.Clientset, calls *int) {
	client, calls = fake.NewSimpleClientset(objects...), new(int)
	client.PrependReactor("*", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		*calls++
		return *calls > good, nil, err
	})
	return client, calls
}

func TestAForbiddenListIsAnErrorThatSaysSo(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no such right"))
	client, _ := failing("pods", 0, forbidden)

	names, err := Nodes{client, rook}.StorageNodes(context.Background())

	if names != nil || !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "namespace rook-ceph") {
		t.Errorf("%v, %v", names, err)
	}
}

func TestAListThatExpiresTwiceIsAnError(t *testing.T) {
	for _, expired := range []error{apierrors.NewResourceExpired("too old"), apierrors.NewGone("gone")} {
		client, calls := failing("pods", 0, expired)

		names, err := Nodes{client, rook}.StorageNodes(context.Background())

		if names != nil || !errors.Is(err, expired) || *calls != 2 {
			t.Errorf("%v, %v after %d calls", names, err, *calls)
		}
	}
}
