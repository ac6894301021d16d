package kube

import (
	"context"
	"runtime"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestPodsAreReadPageByPage(t *testing.T) {
	for pods, pages := range map[int]int{0: 1, 1: 1, 500: 1, 501: 2, 1730: 4} {
		api := newAPIServer(t, pods, osd)

		names, err := Nodes{api.client(t), rook}.StorageNodes(context.Background())

		if err != nil || len(names) != (pods+9)/10 || len(api.requests) != pages {
			t.Errorf("%d pods: %d names, %v, requests %v", pods, len(names), err, api.requests)
		}
	}
}

func TestAnExpiredListBeginsAnewOnce(t *testing.T) {
	api := newAPIServer(t, 1200, osd)
	api.expire = 1

	names, err := Nodes{api.client(t), rook}.StorageNodes(context.Background())

	if err != nil || len(names) != 120 || len(api.requests) != 2+3 {
		t.Errorf("%d names, %v, requests %v", len(names), err, api.requests)
	}
}

func TestAListThatKeepsExpiringIsAnErrorAndNoHalfCount(t *testing.T) {
	api := newAPIServer(t, 1200, osd)
	api.expire = 1000

	names, err := Nodes{api.client(t), rook}.StorageNodes(context.Background())

	if names != nil || !apierrors.IsResourceExpired(err) || len(api.requests) != 2+2 {
		t.Errorf("%v, %v, requests %v", names, err, api.requests)
	}
}

func TestNodesThatVanishWhileAListBeginsAnewDoNotCount(t *testing.T) {
	gone := false
	api := newAPIServer(t, 600, func(i int) corev1.Pod {
		if gone && i < 10 {
			return *storagePod("osd", "")
		}
		return osd(i)
	})
	api.expire = 1
	api.looked = func() { gone = len(api.requests) > 1 }

	names, err := Nodes{api.client(t), rook}.StorageNodes(context.Background())

	if err != nil || len(names) != 59 || names[0] != "worker-0001" {
		t.Errorf("%d names, %v", len(names), err)
	}
}

func TestFiftyThousandPodsAreNeverHeldAtOnce(t *testing.T) {
	const most = 16 << 20 // all of them would be over 60 MiB
	api, before, worst := newAPIServer(t, 50_000, osd), held(), uint64(0)
	api.looked = func() {
		if len(api.requests)%10 == 0 {
			worst = max(worst, held())
		}
	}

	names, err := Nodes{api.client(t), rook}.StorageNodes(context.Background())

	if err != nil || len(names) != 5000 || worst > before+most {
		t.Errorf("%d names, %v, %d MiB before, %d MiB at worst", len(names), err, before>>20, worst>>20)
	}
}

func held() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestAListStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	api := newAPIServer(t, 5000, osd)
	api.looked = func() {
		if len(api.requests) == 3 {
			cancel()
		}
	}

	names, err := Nodes{api.client(t), rook}.StorageNodes(ctx)

	if names != nil || ctx.Err() == nil || err == nil || len(api.requests) > 3 {
		t.Errorf("%v, %v after %d requests", names, err, len(api.requests))
	}
}
