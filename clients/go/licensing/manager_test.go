package licensing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"koor.tech/licensing/license"
)

// begin returns a manager at a site with a license of 25 seats, after its first step.
func begin(t testing.TB, h *here, server string) (*Manager, string) {
	path := filepath.Join(t.TempDir(), "koor-license.json")
	put(t, path, licenseFile("lid-1", 1, 25))
	return restart(t, h, server, path), path
}

func restart(t testing.TB, h *here, server, path string) *Manager {
	manager, err := New(Options{
		File: path, Server: server, Roots: roots(t), Nodes: h, Cluster: h, Store: h, Clock: h, Log: quiet(),
		Random: rand.New(rand.NewSource(1)),
	})
	if err != nil {
		t.Fatal(err)
	}
	manager.Step(context.Background())
	return manager
}

func put(t testing.TB, path, content string) {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expect(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func code(m *Manager) license.Code { return m.Status().Verdict().Code }

func TestAGoodAnswerIsTakenOver(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, _ := begin(t, h, v.URL)

	h.pass(m, 61*time.Second)

	expect(t, "code", code(m), license.Valid)
	expect(t, "counts", m.Counts().Checkins, int64(1))
	kept := readState(h.kept, [32]byte{})
	expect(t, "number", kept.number, int64(1))
	if kept.lease == nil || kept.keys == nil || kept.revoked == nil {
		t.Errorf("lease, keys and list are kept: %s", h.kept)
	}
	expect(t, "nodes", v.requests()[0].Nodes, names(9))
}

func TestAHostileAnswerChangesNothingAndIsCounted(t *testing.T) {
	other := func(claims map[string]any) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, nonce string) {
			if _, given := claims["nonce"]; !given {
				claims["nonce"] = nonce
			}
			tell(w, map[string]any{"keys": statementToken(1), "lease": leaseToken(claims)})
		}
	}
	body := func(status int, text string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
	cases := map[string]struct {
		answer func(http.ResponseWriter, string)
		want   string
	}{
		"no JSON":         {body(200, "<html>"), "BAD_ANSWER"},
		"a list":          {body(200, "[]"), "BAD_ANSWER"},
		"null":            {body(200, "null"), "BAD_ANSWER"},
		"empty":           {body(200, "{}"), "BAD_LEASE_NOT_A_TOKEN"},
		"a number":        {body(200, `{"lease":7}`), "BAD_ANSWER"},
		"huge":            {body(200, `{"x":"`+strings.Repeat("x", maxAnswerBytes)+`"}`), "BAD_ANSWER"},
		"keys as lease":   {body(200, `{"lease":"`+statementToken(1)+`"}`), "BAD_LEASE_UNKNOWN_HEADER"},
		"another nonce":   {other(map[string]any{"nonce": "x"}), "BAD_LEASE"},
		"another license": {other(map[string]any{"lid": "lid-2"}), "BAD_LEASE"},
		"another cluster": {other(map[string]any{"fsid": "11111111-2222-4333-8444-555555555555"}), "BAD_LEASE"},
		"a strange file":  {body(200, `{"license_file":{"v":1,"keys":"a","license":"b"}}`), "BAD_LICENSE_FILE"},
		"another's file":  {body(200, `{"license_file":`+licenseFile("lid-2", 9, 90)+`}`), "BAD_LICENSE_FILE"},
		"moved": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(302)
		}, "HTTP_302"},
		"broken":         {body(500, "<h1>"), "HTTP_500"},
		"a hostile code": {body(400, "{\"code\":\"x\\n<b>\"}"), "HTTP_400"},
		"refused":        {body(409, `{"code":"INSTANCE_MISMATCH"}`), "INSTANCE_MISMATCH"},
		"too many":       {body(429, `{"code":"TOO_MANY_TRIES"}`), "TOO_MANY_TRIES"},
		"cut off":        {func(w http.ResponseWriter, _ string) { w.Header().Set("Content-Length", "9"); fmt.Fprint(w, "{") }, "BAD_ANSWER"},
		"hung up":        {func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }, "NO_CONNECTION"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v, h := newVendor(t), newHere()
			v.answer = c.answer
			m, _ := begin(t, h, v.URL)

			h.pass(m, 61*time.Second)

			expect(t, "code", code(m), license.Valid)
			expect(t, "seats", m.License().Seats, int64(25))
			expect(t, "failures", m.Counts().Failures, int64(1))
			expect(t, "last failure", m.Counts().LastFailure, c.want)
			kept := readState(h.kept, [32]byte{})
			if kept.lease != nil || kept.licenseFile != nil || kept.lastCheckin != nil {
				t.Errorf("something was taken: %s", h.kept)
			}
		})
	}
}

func TestNewerKeysAreTakenFromAnAnswerThatIsOtherwiseBad(t *testing.T) {
	v, h := newVendor(t), newHere()
	newer := statementToken(2)
	v.answer = func(w http.ResponseWriter, _ string) { tell(w, map[string]any{"keys": newer}) }
	m, _ := begin(t, h, v.URL)

	h.pass(m, 61*time.Second)

	expect(t, "last failure", m.Counts().LastFailure, "BAD_LEASE_NOT_A_TOKEN")
	expect(t, "keys", *readState(h.kept, [32]byte{}).keys, newer)
}

func TestANewerFileOfTheSameLicenseIsTaken(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, _ := begin(t, h, v.URL)
	v.answer = func(w http.ResponseWriter, nonce string) {
		lease := leaseToken(map[string]any{"nonce": nonce, "seq": 2, "seats": 40})
		tell(w, map[string]any{"keys": statementToken(1), "lease": lease, "license_file": json.RawMessage(licenseFile("lid-1", 2, 40))})
	}

	h.pass(m, 61*time.Second)

	expect(t, "seats", m.License().Seats, int64(40))
	expect(t, "failures", m.Counts().LastFailure, "")
}

func TestFailuresDoubleThePauseUpToSixHours(t *testing.T) {
	v, h := newVendor(t), newHere()
	v.answer = func(w http.ResponseWriter, _ string) { w.WriteHeader(500) }
	m, _ := begin(t, h, v.URL)
	var tried []time.Duration

	for i, seen := 0, int64(0); i < 3*1_440; i++ {
		h.pass(m, time.Minute)
		if m.Counts().Failures > seen {
			seen = m.Counts().Failures
			tried = append(tried, h.elapsed)
		}
	}

	for i := 1; i < len(tried); i++ {
		want := longestWait
		if i < 10 {
			want = clamp(backOff<<(i-1), 0, longestWait)
		}
		pause := tried[i] - tried[i-1]
		if float64(pause) < 0.8*float64(want) || float64(pause) > 1.2*float64(want)+float64(time.Minute) {
			t.Errorf("pause %d was %s, not about %s", i, pause, want)
		}
	}
	if len(tried) < 15 {
		t.Errorf("only %d tries in three days", len(tried))
	}
}

func TestTheServersWishToWaitIsKeptAndHasABound(t *testing.T) {
	for wish, bound := range map[string]time.Duration{"7200": 2 * time.Hour, "999999": longestWait} {
		v, h := newVendor(t), newHere()
		v.answer = func(w http.ResponseWriter, _ string) { w.Header().Set("Retry-After", wish); w.WriteHeader(503) }
		m, _ := begin(t, h, v.URL)
		h.pass(m, 61*time.Second)

		h.pass(m, bound-3*time.Minute)
		expect(t, "failures before", m.Counts().Failures, int64(1))
		h.pass(m, 3*time.Minute)
		expect(t, "failures after", m.Counts().Failures, int64(2))
	}
}

func TestAHangingServerHoldsNobodyAndStopDoesNotWaitForIt(t *testing.T) {
	v, h := newVendor(t), newHere()
	release, asked := make(chan struct{}), make(chan struct{}, 9)
	v.answer = func(http.ResponseWriter, string) { asked <- struct{}{}; <-release }
	t.Cleanup(func() { close(release) })
	path := filepath.Join(t.TempDir(), "koor-license.json")
	put(t, path, licenseFile("lid-1", 1, 25))
	m, err := New(Options{
		File: path, Server: v.URL, Roots: roots(t), Nodes: h, Cluster: h, Store: h, Clock: h, Log: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	expect(t, "start", m.Start(context.Background()), nil)
	expect(t, "start again", m.Start(context.Background()), nil)
	for m.Status() == nil {
		time.Sleep(time.Millisecond)
	}
	m.CheckInSoon()
	<-asked

	if !m.Allows(license.SaveResource) {
		t.Error("a hanging server must not restrict")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	expect(t, "stop", m.Stop(ctx), nil)
	expect(t, "stop again", m.Stop(ctx), nil)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for i := 0; runtime.NumGoroutine() > before+2 && i < 100; i++ { // the test server's own may linger
		time.Sleep(20 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before+2 {
		t.Errorf("%d goroutines before, %d after", before, now)
	}
}

func TestAStoppedManagerStartsAgainAndCallersRaceWithNobody(t *testing.T) {
	v, h := newVendor(t), newHere()
	path := filepath.Join(t.TempDir(), "koor-license.json")
	put(t, path, licenseFile("lid-1", 1, 25))
	told := make(chan *license.Status, 99)
	m, err := New(Options{
		File: path, Server: v.URL, Roots: roots(t), Nodes: h, Cluster: h, Store: FileStore(path + ".state"), Log: quiet(),
		OnChange: func(status *license.Status) { told <- status },
	})
	if err != nil {
		t.Fatal(err)
	}
	for round := 0; round < 2; round++ {
		expect(t, "start", m.Start(context.Background()), nil)
		m.CheckInSoon()
		if round == 0 && (<-told).Verdict().Code == "" {
			t.Error("nobody was told of the first answer")
		}
		var callers sync.WaitGroup
		for i := 0; i < 4; i++ {
			callers.Add(1)
			go func() {
				defer callers.Done()
				for n := 0; n < 200; n++ {
					m.Allows(license.SaveResource)
					m.License()
					m.Counts()
					_ = m.WriteMetrics(&bytes.Buffer{})
					_, _ = m.ActivationRequest()
				}
			}()
		}
		callers.Wait()
		expect(t, "stop", m.Stop(context.Background()), nil)
	}
}

func TestAPanicOfSomebodyElseEndsNothing(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, _ := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	h.panics = true

	h.pass(m, 2*halfADay)

	expect(t, "code", code(m), license.Valid)
	expect(t, "check-ins", m.Counts().Checkins, int64(2))
}

func TestWithoutALicenseNothingIsRestrictedAndNothingSent(t *testing.T) {
	v, h := newVendor(t), newHere()
	m := restart(t, h, v.URL, filepath.Join(t.TempDir(), "none.json"))

	h.pass(m, 3*halfADay)

	expect(t, "allows", m.Allows(license.SaveResource), true)
	expect(t, "license", m.License() == nil, true)
	expect(t, "asked", len(v.requests()), 0)
}

func TestWithoutAServerNothingIsEverSent(t *testing.T) {
	h := newHere()
	m, _ := begin(t, h, "")

	h.pass(m, 3*halfADay)

	expect(t, "code", code(m), license.Valid)
	expect(t, "failures", m.Counts().Failures, int64(0))
}

func TestABadFileLeavesWhatWasInForce(t *testing.T) {
	for _, content := range []string{"", "{}", "\xff", `{"v":1,"keys":"a","license":"b"}`, strings.Repeat("x", maxFileBytes+1)} {
		h := newHere()
		m, path := begin(t, h, "")

		put(t, path, content)
		h.pass(m, 31*time.Second)
		expect(t, "code", code(m), license.Valid)
		os.Remove(path)
		h.pass(m, 31*time.Second)
		expect(t, "code", code(m), license.Valid)
	}
}

func TestAFileOfAnotherLicenseIsAPersonsWishAndAnOlderOneTakesNothingBack(t *testing.T) {
	h := newHere()
	m, path := begin(t, h, "")

	put(t, path, licenseFile("lid-2", 5, 3))
	h.pass(m, 31*time.Second)
	expect(t, "license", m.License().LID, "lid-2")
	expect(t, "code", code(m), license.OverLimit)

	kept := readState(h.kept, [32]byte{})
	newest := licenseFile("lid-2", 6, 40)
	kept.licenseFile = &newest
	h.kept, _ = kept.write()
	m = restart(t, h, "", path)
	expect(t, "seats", m.License().Seats, int64(40))
}

func TestUncountedNodesAreNeverToldAsNone(t *testing.T) {
	v, h := newVendor(t), newHere()
	h.failing = errAway
	m, _ := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	expect(t, "last failure", m.Counts().LastFailure, "NOT_COUNTED")

	h.failing = nil
	h.pass(m, halfADay)
	h.failing = errAway
	h.pass(m, 2*halfADay)

	for _, request := range v.requests() {
		expect(t, "nodes", request.Nodes, names(9))
	}
	expect(t, "check-ins", len(v.requests()), 2)
}

func TestAClusterThatIsNotKnownYetIsNotReported(t *testing.T) {
	v, h := newVendor(t), newHere()
	h.lost = errAway
	m, _ := begin(t, h, v.URL)

	h.pass(m, 61*time.Second)

	expect(t, "last failure", m.Counts().LastFailure, "NOT_COUNTED")
	expect(t, "code", code(m), license.Valid)
}

func TestADamagedStateIsBegunAnew(t *testing.T) {
	for _, document := range []string{"", "null", "[]", "{", `{"v":2}`, "\xff", `{"v":1}`, strings.Repeat("9", maxStateBytes+1)} {
		v, h := newVendor(t), newHere()
		h.kept = []byte(document)
		m, _ := begin(t, h, v.URL)

		h.pass(m, 61*time.Second)

		expect(t, "code", code(m), license.Valid)
		expect(t, "check-ins", m.Counts().Checkins, int64(1))
	}
}

func TestADamagedPieceOfTheStateIsDroppedAlone(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, path := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	good := readState(h.kept, [32]byte{})
	for _, name := range []string{"license_file", "lease", "keys", "revoked", "newest_iat", "over_since", "compliant_at", "daily"} {
		for _, value := range []string{"7", "-1", "1.5", `"x"`, "[]", "{}", `[{"day":"2026-02-30","nodes":1}]`, "1e400", "true"} {
			document := map[string]json.RawMessage{}
			whole, _ := good.write()
			_ = json.Unmarshal(whole, &document)
			document[name] = json.RawMessage(value)
			h.kept, _ = json.Marshal(document)

			m = restart(t, h, v.URL, path)

			expect(t, name+" "+value, code(m), license.Valid)
			expect(t, "key of "+name, readState(h.kept, [32]byte{}).seed, good.seed)
		}
	}
}

func TestAStateOutOfReachIsWaitedForAndNeverBegunAnew(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, path := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	h.away = errAway

	m = restart(t, h, v.URL, path)
	h.pass(m, 61*time.Second)
	expect(t, "code", code(m), license.Valid)
	expect(t, "last failure", m.Counts().LastFailure, "STORE_AWAY")
	expect(t, "asked", len(v.requests()), 1)
	h.away = nil
	h.pass(m, halfADay)

	asked := v.requests()
	expect(t, "asked", len(asked), 2)
	expect(t, "key", asked[1].InstanceKey, asked[0].InstanceKey)
}

func TestANumberIsKeptBeforeItIsUsedAndNeverUsedTwice(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, path := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	h.away = errAway
	h.pass(m, 2*halfADay)
	expect(t, "asked", len(v.requests()), 1)
	h.away = nil
	m = restart(t, h, v.URL, path) // as after a crash
	h.pass(m, 61*time.Second)

	expect(t, "numbers", v.numbers, []int64{1, 2})
}

func TestAClientThatGoesOnWritesItsStateOnceAnHour(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, _ := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	before := h.saves

	for i := 0; i < 600; i++ {
		h.pass(m, time.Minute)
	}

	if writes := h.saves - before; writes > 14 {
		t.Errorf("%d writes in ten hours", writes)
	}
}

func TestTheActivationRequestTellsEachDay(t *testing.T) {
	h := newHere()
	m, _ := begin(t, h, "")
	h.nodes = names(4)
	h.pass(m, 24*time.Hour)

	document, err := m.ActivationRequest()
	if err != nil {
		t.Fatal(err)
	}
	var told requestDocument
	_ = json.Unmarshal(document, &told)
	expect(t, "request", told, requestDocument{1, fsid, "u", names(4), "lid-1", []day{{"2027-01-15", 9}, {"2027-01-16", 4}}})
}

func TestACheckCodeIsTheServers(t *testing.T) {
	// licensing.core.activations.check_code of the same documents
	for document, want := range map[string]string{
		`{}`: codeOfNothing,
		` {"b": [1, "é<\u2028\n", true, null, -7], "a": {"y": "\"\\", "x": "\u0001"}} `: codeOfMuch,
	} {
		got, err := CheckCode([]byte(document))
		expect(t, document, got, want)
		expect(t, "error", err, nil)
	}
	for _, document := range []string{"", "{", `{"a":1.5}`, `{"a":1e3}`} {
		if _, err := CheckCode([]byte(document)); err == nil {
			t.Errorf("%q has no check code", document)
		}
	}
}

func TestImpossibleOptionsAreRefused(t *testing.T) {
	h := newHere()
	for _, options := range []Options{
		{}, {Nodes: h, Cluster: h}, {Nodes: h, Store: h}, {Cluster: h, Store: h},
		{Nodes: h, Cluster: h, Store: h, Server: "ftp://x"}, {Nodes: h, Cluster: h, Store: h, Server: "licenses.example"},
		{Nodes: h, Cluster: h, Store: h, Server: "https://x/?a=1"}, {Nodes: h, Cluster: h, Store: h, Server: "https://x/#a"},
	} {
		if _, err := New(options); err == nil {
			t.Errorf("accepted: %+v", options)
		}
	}
}

func TestAFileStoreKeepsTheOldOrTheNew(t *testing.T) {
	store := FileStore(filepath.Join(t.TempDir(), "state.json"))
	content, err := store.Load(context.Background())
	expect(t, "nothing yet", content == nil && err == nil, true)

	for _, text := range []string{"one", "two"} {
		expect(t, "save", store.Save(context.Background(), []byte(text)), nil)
		content, _ = store.Load(context.Background())
		expect(t, "content", string(content), text)
	}
	info, _ := os.Stat(string(store))
	expect(t, "rights", info.Mode().Perm(), os.FileMode(0o600))
	entries, _ := os.ReadDir(filepath.Dir(string(store)))
	expect(t, "files left", len(entries), 1)
	if err := FileStore("/nowhere/at/all").Save(context.Background(), nil); err == nil || errors.Is(err, os.ErrExist) {
		t.Errorf("saved nowhere: %v", err)
	}
}

func TestMetricsAreWhatPrometheusReads(t *testing.T) {
	v, h := newVendor(t), newHere()
	m, _ := begin(t, h, v.URL)
	h.pass(m, 61*time.Second)
	var text bytes.Buffer
	expect(t, "error", m.WriteMetrics(&text), nil)

	for _, line := range []string{
		`koor_license_info{code="VALID",lid="lid-1"} 1`, "koor_license_restricted 0", "koor_license_seats 25",
		"koor_license_nodes 9", "koor_license_checkins_total 1", "koor_license_checkin_failures_total 0",
		fmt.Sprintf("koor_license_expires_seconds %d", start+365*daySecs),
	} {
		if !strings.Contains(text.String(), line+"\n") {
			t.Errorf("%q is missing in\n%s", line, text.String())
		}
	}
}

func TestAllowsAllocatesNothingAndFiveThousandNodesAreSmall(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v, h := newVendor(t), newHere()
	h.nodes = names(5_000)
	m, _ := begin(t, h, v.URL)
	v.answer = func(w http.ResponseWriter, nonce string) { goodAnswer(w, nonce) }
	h.pass(m, 61*time.Second)
	runtime.GC()
	runtime.ReadMemStats(&after)

	held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d bytes held with 5,000 nodes", held)
	if held > 10<<20 {
		t.Errorf("%d bytes are more than 10 MiB", held)
	}
	if allocations := testing.AllocsPerRun(1_000, func() { m.Allows(license.SaveResource) }); allocations != 0 {
		t.Errorf("Allows allocates %v times", allocations)
	}
	runtime.KeepAlive(m)
}

func BenchmarkAllows(b *testing.B) {
	h := newHere()
	m, _ := begin(b, h, "")
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		m.Allows(license.SaveResource)
	}
}
