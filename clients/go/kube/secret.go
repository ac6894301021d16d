package kube

import (
	"bytes"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
)

// stateKey is the one key of the Secret that is ours; all others stay as they are.
const stateKey = "state.json"

// Secret keeps the client's state in one Secret. It has to exist: the client may not create any.
type Secret struct {
	Client    kubernetes.Interface
	Namespace string
	Name      string
}

// Load returns the state; nil where the Secret holds none yet. A Secret that is missing is an error, never an empty
// state: a client that began anew would lose the key that its cluster is known by.
func (s Secret) Load(ctx context.Context) ([]byte, error) {
	secret, err := s.read(ctx)
	if err != nil || len(secret.Data[stateKey]) == 0 {
		return nil, err
	}
	return secret.Data[stateKey], nil
}

// Save writes the state over what is there. When somebody else wrote to the Secret in between, it reads the Secret
// again, so that nobody's other keys, labels or annotations are lost.
func (s Secret) Save(ctx context.Context, state []byte) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error { return s.write(ctx, state) })
}

func (s Secret) read(ctx context.Context) (*corev1.Secret, error) {
	secret, err := s.Client.CoreV1().Secrets(s.Namespace).Get(ctx, s.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("the Secret %s/%s for the license client's state is missing: %w", s.Namespace, s.Name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the Secret %s/%s can't be read: %w", s.Namespace, s.Name, err)
	}
	return secret, nil
}

// write carries the resourceVersion that was read: the API refuses it when the Secret has changed since.
func (s Secret) write(ctx context.Context, state []byte) error {
	secret, err := s.read(ctx)
	if err != nil || bytes.Equal(secret.Data[stateKey], state) {
		return err
	}
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	secret.Data[stateKey] = state
	if _, err := s.Client.CoreV1().Secrets(s.Namespace).Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("the Secret %s/%s can't be written: %w", s.Namespace, s.Name, err)
	}
	return nil
}
