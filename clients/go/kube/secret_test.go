package kube

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

var secrets = schema.GroupResource{Resource: "secrets"}

func stateSecret(data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "dcc-license-state", Namespace: "dcc"}, Data: data}
}

func storeIn(client kubernetes.Interface) Secret {
	return Secret{Client: client, Namespace: "dcc", Name: "dcc-license-state"}
}

func kept(t *testing.T, store Secret) *corev1.Secret {
	t.Helper()
	secret, err := store.Client.CoreV1().Secrets("dcc").Get(context.Background(), store.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestAnEmptySecretHoldsNoState(t *testing.T) {
	for _, data := range []map[string][]byte{nil, {}, {stateKey: nil}, {stateKey: {}}, {"other": []byte("x")}} {
		state, err := storeIn(fake.NewSimpleClientset(stateSecret(data))).Load(context.Background())
		if state != nil || err != nil {
			t.Errorf("%v: %q, %v", data, state, err)
		}
	}
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	store := storeIn(fake.NewSimpleClientset(stateSecret(nil)))
	for _, want := range []string{`{"v":1}`, `{"v":1,"newest_iat":7}`} {
		if err := store.Save(context.Background(), []byte(want)); err != nil {
			t.Fatal(err)
		}

		state, err := store.Load(context.Background())

		if string(state) != want || err != nil {
			t.Errorf("%q, %v", state, err)
		}
	}
}

func TestOtherKeysAndLabelsOfTheSecretStay(t *testing.T) {
	secret := stateSecret(map[string][]byte{"other": []byte("theirs")})
	secret.Labels = map[string]string{"owner": "helm"}
	store := storeIn(fake.NewSimpleClientset(secret))

	if err := store.Save(context.Background(), []byte("{}")); err != nil {
		t.Fatal(err)
	}

	if got := kept(t, store); string(got.Data["other"]) != "theirs" || got.Labels["owner"] != "helm" {
		t.Errorf("%v", got)
	}
}

func TestAMissingSecretIsAnErrorThatNamesIt(t *testing.T) {
	store := storeIn(fake.NewSimpleClientset())
	_, loading := store.Load(context.Background())
	saving := store.Save(context.Background(), []byte("{}"))

	for _, err := range []error{loading, saving} {
		if !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), "the Secret dcc/dcc-license-state") {
			t.Errorf("%v", err)
		}
	}
}

func TestASecretThatMayNotBeReadIsNoEmptyState(t *testing.T) {
	client, _ := failing("secrets", 0, apierrors.NewForbidden(secrets, "dcc-license-state", errors.New("no such right")),
		stateSecret(nil))

	state, err := storeIn(client).Load(context.Background())

	if state != nil || !apierrors.IsForbidden(err) {
		t.Errorf("%q, %v", state, err)
	}
}

func TestTheSameStateIsNotWrittenTwice(t *testing.T) {
	client := fake.NewSimpleClientset(stateSecret(map[string][]byte{stateKey: []byte("{}")}))

	if err := storeIn(client).Save(context.Background(), []byte("{}")); err != nil {
		t.Fatal(err)
	}

	for _, action := range client.Actions() {
		if action.GetVerb() != "get" {
			t.Errorf("%s of the Secret", action.GetVerb())
		}
	}
}

func TestAWriteInBetweenIsNotLost(t *testing.T) {
	client := fake.NewSimpleClientset(stateSecret(nil))
	first := true
	client.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		if !first {
			return false, nil, nil
		}
		first = false
		theirs := stateSecret(map[string][]byte{"other": []byte("theirs")})
		if err := client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("secrets"), theirs, "dcc"); err != nil {
			t.Error(err)
		}
		return true, nil, apierrors.NewConflict(secrets, theirs.Name, errors.New("it has changed"))
	})
	store := storeIn(client)

	if err := store.Save(context.Background(), []byte("{}")); err != nil {
		t.Fatal(err)
	}

	if got := kept(t, store).Data; string(got["other"]) != "theirs" || string(got[stateKey]) != "{}" {
		t.Errorf("%q", got)
	}
}

func TestEndlessConflictsEndInAnErrorWithoutTheState(t *testing.T) {
	client := fake.NewSimpleClientset(stateSecret(nil))
	client.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewConflict(secrets, "dcc-license-state", errors.New("it has changed"))
	})

	err := storeIn(client).Save(context.Background(), []byte("the seed"))

	if !apierrors.IsConflict(err) || strings.Contains(err.Error(), "the seed") {
		t.Errorf("%v", err)
	}
}
