package licensing

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"koor.tech/licensing/license"
)

const (
	start    = int64(1_800_000_000)
	daySecs  = int64(86_400)
	fsid     = "8b3c1f5e-5f3a-4d0e-9a55-0e6f0b7f2d11"
	halfADay = 12 * time.Hour
)

type signer struct {
	private ed25519.PrivateKey
	kid     string
}

func newSigner(role string) signer {
	seed := sha256.Sum256([]byte("TEST " + role))
	private := ed25519.NewKeyFromSeed(seed[:])
	thumb := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + license.InstancePublic(private) + `"}`))
	return signer{private, "TEST-" + role + "-" + hex.EncodeToString(thumb[:])[:16]}
}

func (s signer) jwk() map[string]any {
	return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": s.kid, "x": license.InstancePublic(s.private)}
}

func (s signer) sign(typ string, claims map[string]any) string {
	header := fmt.Sprintf(`{"alg":"EdDSA","kid":"%s","typ":"%s"}`, s.kid, typ)
	payload, _ := json.Marshal(claims)
	signed := b64(header) + "." + b64(string(payload))
	return signed + "." + b64(string(ed25519.Sign(s.private, []byte(signed))))
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

var (
	rootKey       = newSigner("root")
	licenseKey    = newSigner("license")
	leaseKey      = newSigner("lease")
	revocationKey = newSigner("revocation")
)

func roots(t testing.TB) []license.RootKey {
	data, _ := json.Marshal(rootKey.jwk())
	parsed, err := license.ParseRoots(data)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func common(extra map[string]any) map[string]any {
	claims := map[string]any{"v": 1, "iss": "https://x", "aud": license.Audience, "iat": start}
	for name, value := range extra {
		claims[name] = value
	}
	return claims
}

func statementToken(seq int) string {
	var keys []any
	for purpose, key := range map[string]signer{"license": licenseKey, "lease": leaseKey, "revocation": revocationKey} {
		entry := key.jwk()
		entry["purpose"], entry["state"], entry["nbf"], entry["sign_until"] = purpose, "active", 0, start+1000*daySecs
		keys = append(keys, entry)
	}
	return rootKey.sign("koor-keys+jwt", common(map[string]any{"seq": seq, "keys": keys}))
}

func revokedToken(seq int) string {
	return revocationKey.sign("koor-revoked+jwt", common(map[string]any{"seq": seq, "revoked": []any{}}))
}

func licenseToken(lid string, seq, seats int) string {
	koor := map[string]any{
		"v": 1, "lid": lid, "seq": seq, "edition": "pro", "seats": seats, "np_seats": 0, "unit": "storage_node",
		"tier": "entry", "support": "standard", "bind": []string{"*"}, "over": "warn", "feat": []string{}, "org": "Acme",
		"grace": map[string]any{"exp": 30, "over": 15, "revoke": 30},
	}
	claims := map[string]any{"sub": "o", "jti": fmt.Sprint("j-", seq), "nbf": start, "exp": start + 365*daySecs, "koor": koor}
	return licenseKey.sign("koor-license+jwt", common(claims))
}

func licenseFile(lid string, seq, seats int) string {
	document, _ := json.Marshal(map[string]any{
		"v": 1, "keys": statementToken(1), "license": licenseToken(lid, seq, seats), "revoked": revokedToken(1),
	})
	return string(document)
}

func leaseToken(claims map[string]any) string {
	lease := map[string]any{
		"cid": "c", "fsid": fsid, "lid": "lid-1", "seq": 1, "nonce": "", "code": "VALID", "restricted": false, "seats": 25,
		"used": 9, "granted": 9, "exp": start + 7*daySecs, "next": 43_200,
	}
	for name, value := range claims {
		lease[name] = value
	}
	return leaseKey.sign("koor-lease+jwt", common(lease))
}

// vendor is a server that answers well, until a test changes answer.
type vendor struct {
	*httptest.Server
	lock    sync.Mutex
	asked   []checkinDocument
	numbers []int64
	answer  func(w http.ResponseWriter, nonce string)
}

func goodAnswer(w http.ResponseWriter, nonce string) {
	tell(w, map[string]any{"keys": statementToken(1), "lease": leaseToken(map[string]any{"nonce": nonce})})
}

func tell(w io.Writer, document any) { _ = json.NewEncoder(w).Encode(document) }

func newVendor(t testing.TB) *vendor {
	v := &vendor{answer: goodAnswer}
	v.Server = httptest.NewServer(http.HandlerFunc(v.serve))
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == pathRevoked {
		io.WriteString(w, revokedToken(2))
		return
	}
	var document checkinDocument
	_ = json.NewDecoder(r.Body).Decode(&document)
	var number int64
	fmt.Sscan(r.Header.Get(license.InstanceHeader), &number)
	v.lock.Lock()
	v.asked, v.numbers = append(v.asked, document), append(v.numbers, number)
	answer := v.answer
	v.lock.Unlock()
	answer(w, document.Nonce)
}

func (v *vendor) requests() []checkinDocument {
	v.lock.Lock()
	defer v.lock.Unlock()
	return append([]checkinDocument(nil), v.asked...)
}

// here is a site whose clock, nodes and store a test moves.
type here struct {
	now     time.Time
	elapsed time.Duration
	nodes   []string
	failing error
	panics  bool
	lost    error
	kept    []byte
	away    error
	saves   int
}

func newHere() *here { return &here{now: time.Unix(start, 0), nodes: names(9)} }

func names(count int) (nodes []string) {
	for i := 0; i < count; i++ {
		nodes = append(nodes, fmt.Sprintf("node-%05d", i))
	}
	return nodes
}

func (h *here) Now() time.Time         { return h.now }
func (h *here) Elapsed() time.Duration { return h.elapsed }

func (h *here) StorageNodes(context.Context) ([]string, error) {
	if h.panics {
		panic("somebody else's mistake")
	}
	return h.nodes, h.failing
}

func (h *here) Cluster(context.Context) (Cluster, error) {
	return Cluster{FSID: fsid, KubeSystemUID: "u", Production: true}, h.lost
}

func (h *here) Load(context.Context) ([]byte, error) { return h.kept, h.away }

func (h *here) Save(_ context.Context, state []byte) error {
	if h.away != nil {
		return h.away
	}
	h.kept, h.saves = state, h.saves+1
	return nil
}

// pass lets time go by; what is due is done at its end.
func (h *here) pass(m *Manager, pause time.Duration) {
	h.now, h.elapsed = h.now.Add(pause), h.elapsed+pause
	m.Step(context.Background())
	m.Step(context.Background())
}

var errAway = errors.New("away")

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
