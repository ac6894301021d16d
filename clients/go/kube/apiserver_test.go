package kube

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// apiServer is a small API over TLS: pods page by page, and whatever else `routes` answers.
type apiServer struct {
	*httptest.Server
	pod      func(i int) corev1.Pod // the i-th of `pods`
	pods     int
	expire   int // so many answers to a continue token are 410
	requests []string
	routes   map[string]http.HandlerFunc
	looked   func() // called before each page
}

func newAPIServer(t *testing.T, pods int, pod func(int) corev1.Pod) *apiServer {
	api := &apiServer{pods: pods, pod: pod, routes: map[string]http.HandlerFunc{}, looked: func() {}}
	api.Server = tlsServer(t, api.answer)
	return api
}

// config is what a pod would be told: the address, the CA and a token.
func (a *apiServer) config() *rest.Config {
	ca := rest.TLSClientConfig{CAData: certificate(a.Server)}
	return &rest.Config{Host: a.URL, BearerToken: "a-token", TLSClientConfig: ca, QPS: -1}
}

func (a *apiServer) client(t *testing.T) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(gentle(a.config()))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (a *apiServer) answer(w http.ResponseWriter, r *http.Request) {
	a.requests = append(a.requests, r.Method+" "+r.URL.Path+" "+r.URL.Query().Get("continue"))
	if r.Header.Get("Authorization") != "Bearer a-token" {
		write(w, r, http.StatusUnauthorized, status(apierrors.NewUnauthorized("no token")))
		return
	}
	if route, found := a.routes[r.Method+" "+r.URL.Path]; found {
		route(w, r)
		return
	}
	if r.URL.Path == "/api/v1/namespaces/rook-ceph/pods" && r.URL.Query().Get("labelSelector") == storagePods {
		a.page(w, r)
		return
	}
	http.NotFound(w, r)
}

func (a *apiServer) page(w http.ResponseWriter, r *http.Request) {
	a.looked()
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	start, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	if start > 0 && a.expire > 0 {
		a.expire--
		write(w, r, http.StatusGone, status(apierrors.NewResourceExpired("the continue token is too old")))
		return
	}
	list := &corev1.PodList{}
	for i := start; i < a.pods && i < start+limit; i++ {
		list.Items = append(list.Items, a.pod(i))
	}
	if start+limit < a.pods {
		list.Continue = strconv.Itoa(start + limit)
	}
	write(w, r, http.StatusOK, list)
}

func status(err *apierrors.StatusError) *metav1.Status {
	return &err.ErrStatus
}

// write answers as the real API does: in protobuf to whoever likes it best, else in JSON.
func write(w http.ResponseWriter, r *http.Request, code int, object runtime.Object) {
	mediaType := runtime.ContentTypeJSON
	if strings.HasPrefix(r.Header.Get("Accept"), runtime.ContentTypeProtobuf) {
		mediaType = runtime.ContentTypeProtobuf
	}
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
	body, err := runtime.Encode(scheme.Codecs.EncoderForVersion(info.Serializer, corev1.SchemeGroupVersion), object)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(code)
	w.Write(body)
}

// osd is the i-th of many pods, ten on each node.
func osd(i int) corev1.Pod {
	pod := storagePod(fmt.Sprintf("osd-%06d", i), fmt.Sprintf("worker-%04d", i/10))
	pod.Annotations = map[string]string{"filling": strings.Repeat("x", 1024)}
	return *pod
}
