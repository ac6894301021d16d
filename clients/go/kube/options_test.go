package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"koor.tech/licensing/licensing"
)

// pod is what the chart sets; changes override it.
func pod(changes map[string]string) func(string) string {
	variables := map[string]string{
		"KOOR_LICENSE_FILE": "/etc/koor-license/koor-license.json", "KOOR_LICENSE_SERVER": "https://license.example",
		"KOOR_LICENSE_STATE_SECRET": "dcc-license-state", "KOOR_LICENSE_NAMESPACE": "dcc",
		"KOOR_LICENSE_ROOK_NAMESPACE": rook, "KOOR_LICENSE_PRODUCTION": "true",
	}
	for name, value := range changes {
		variables[name] = value
	}
	return func(name string) string { return variables[name] }
}

func fromConfig(t *testing.T, config *rest.Config, changes map[string]string) licensing.Options {
	t.Helper()
	options, err := FromConfig(config, pod(changes))
	if err != nil {
		t.Fatal(err)
	}
	return options
}

// wholeAPI answers everything that the client asks, with the Secret's optimistic lock.
func wholeAPI(t *testing.T) *apiServer {
	api, secret, version := newAPIServer(t, 30, osd), stateSecret(nil), 1
	api.routes["GET /api/v1/namespaces/kube-system"] = func(w http.ResponseWriter, r *http.Request) {
		write(w, r, http.StatusOK, kubeSystem(uid))
	}
	api.routes["GET /apis/ceph.rook.io/v1/namespaces/rook-ceph/cephclusters"] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": "ceph.rook.io/v1", "kind": "CephClusterList", "items": []any{cephCluster("storage", fsid).Object},
		})
	}
	api.routes["GET /api/v1/namespaces/dcc/secrets/dcc-license-state"] = func(w http.ResponseWriter, r *http.Request) {
		secret.ResourceVersion = strings.Repeat("1", version)
		write(w, r, http.StatusOK, secret)
	}
	api.routes["PUT /api/v1/namespaces/dcc/secrets/dcc-license-state"] = func(w http.ResponseWriter, r *http.Request) {
		next := &corev1.Secret{}
		if err := json.NewDecoder(r.Body).Decode(next); err != nil || next.ResourceVersion != secret.ResourceVersion {
			write(w, r, http.StatusConflict, status(apierrors.NewConflict(secrets, secret.Name, errors.New("changed"))))
			return
		}
		secret, version = next, version+1
		write(w, r, http.StatusOK, secret)
	}
	return api
}

func TestOptionsFromAPodWorkAgainstAnAPI(t *testing.T) {
	ctx, options := context.Background(), fromConfig(t, wholeAPI(t).config(), nil)

	nodes, err := options.Nodes.StorageNodes(ctx)
	if want := []string{"worker-0000", "worker-0001", "worker-0002"}; !reflect.DeepEqual(nodes, want) || err != nil {
		t.Errorf("%v, %v", nodes, err)
	}
	cluster, err := options.Cluster.Cluster(ctx)
	if cluster.FSID != fsid || cluster.KubeSystemUID != uid || cluster.Name != "storage" || err != nil {
		t.Errorf("%+v, %v", cluster, err)
	}
	for _, want := range []string{"", "{}", `{"v":1}`} {
		if err := options.Store.Save(ctx, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if state, err := options.Store.Load(ctx); string(state) != want || err != nil {
			t.Errorf("%q, %v", state, err)
		}
	}
}

func TestOptionsAreWhatTheChartTells(t *testing.T) {
	options := fromConfig(t, &rest.Config{Host: "https://api.example"}, map[string]string{"KOOR_LICENSE_CA": "/etc/ca.crt"})

	if options.File != "/etc/koor-license/koor-license.json" || options.Server != "https://license.example" {
		t.Errorf("%q, %q", options.File, options.Server)
	}
	if options.HTTP.Timeout != requestTime || options.HTTP.Transport != authority("/etc/ca.crt") {
		t.Errorf("%+v", options.HTTP)
	}
	if store := options.Store.(Secret); store.Namespace != "dcc" || store.Name != "dcc-license-state" {
		t.Errorf("%+v", store)
	}
}

func TestOnlyTheWordFalseMakesAClusterNonProduction(t *testing.T) {
	for word, want := range map[string]bool{"false": false, "true": true, "": true, "0": true, "False": true} {
		options := fromConfig(t, &rest.Config{}, map[string]string{"KOOR_LICENSE_PRODUCTION": word})
		if got := options.Cluster.(CephCluster).Production; got != want {
			t.Errorf("%q: %v", word, got)
		}
	}
}

func TestNoServerIsAnAirGappedSiteAndNoError(t *testing.T) {
	if options := fromConfig(t, &rest.Config{}, map[string]string{"KOOR_LICENSE_SERVER": ""}); options.Server != "" {
		t.Errorf("%q", options.Server)
	}
}

func TestMissingVariablesAreNamedAllAtOnce(t *testing.T) {
	_, err := FromConfig(&rest.Config{}, pod(map[string]string{"KOOR_LICENSE_FILE": "", "KOOR_LICENSE_ROOK_NAMESPACE": ""}))

	if err == nil || !strings.Contains(err.Error(), "KOOR_LICENSE_FILE, KOOR_LICENSE_ROOK_NAMESPACE") {
		t.Errorf("%v", err)
	}
}

func TestOutsideOfAClusterTheErrorSaysSo(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")

	if _, err := FromEnvironment(); !errors.Is(err, rest.ErrNotInCluster) {
		t.Errorf("%v", err)
	}
}

func TestTheCallersConfigStaysAsItWas(t *testing.T) {
	config := &rest.Config{Host: "https://api.example"}

	fromConfig(t, config, nil)

	if !reflect.DeepEqual(config, &rest.Config{Host: "https://api.example"}) {
		t.Errorf("%+v", config)
	}
}

func TestEveryVariableThatTheChartSetsIsRead(t *testing.T) {
	chart, err := os.ReadFile("../../../deploy/dcc/koor-license/templates/_pod.tpl")
	if err != nil {
		t.Skip("the chart is not beside this module")
	}
	read := map[string]bool{}
	if _, err := FromConfig(&rest.Config{}, func(name string) string { read[name] = true; return "x" }); err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, name := range regexp.MustCompile(`KOOR_LICENSE_[A-Z_]+`).FindAllString(string(chart), -1) {
		set[name] = true
	}

	if !reflect.DeepEqual(set, read) {
		t.Errorf("the chart sets %v, read are %v", set, read)
	}
}
