package license

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const testMark = "TEST-"

// Purpose is what a working key signs.
type Purpose string

// The purposes. A log key signs checkpoints, which are signed notes and no tokens.
const (
	PurposeLicense    Purpose = "license"
	PurposeLease      Purpose = "lease"
	PurposeRevocation Purpose = "revocation"
	PurposeLog        Purpose = "log"
)

func (p Purpose) known() bool {
	return p == PurposeLog || p.signs() != ""
}

// signs returns the token type of a purpose, or "".
func (p Purpose) signs() tokenType {
	switch p {
	case PurposeLicense:
		return typeLicense
	case PurposeLease:
		return typeLease
	case PurposeRevocation:
		return typeRevoked
	}
	return ""
}

// KeyState is where a working key stands in its life: next, active, retired; revoked at any time.
type KeyState string

// The states of a key.
const (
	StateNext    KeyState = "next"
	StateActive  KeyState = "active"
	StateRetired KeyState = "retired"
	StateRevoked KeyState = "revoked"
)

func (s KeyState) known() bool {
	return s == StateNext || s == StateActive || s == StateRetired || s == StateRevoked
}

// The encodings of y of the points of small order on edwards25519 (RFC 7748 §7 tells why they are dangerous), the sign
// bit masked off: a signature under such a key can be valid for many messages.
var smallOrderY = [][32]byte{
	{},
	{0: 1},
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
	unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}

func unhex(text string) (y [32]byte) {
	if _, err := hex.Decode(y[:], []byte(text)); err != nil {
		panic(err)
	}
	return y
}

// loadPublicKey returns the public key of 32 bytes x (RFC 8032 §5.1.5), or a BadKey for a weak or non-canonical one.
// crypto/ed25519 itself accepts both.
func loadPublicKey(x []byte) (ed25519.PublicKey, error) {
	if len(x) != ed25519.PublicKeySize {
		return nil, refuse(BadKey, "an Ed25519 public key has 32 bytes")
	}
	y := [32]byte(x)
	y[31] &= 0x7f
	if !belowFieldPrime(y) {
		return nil, refuse(BadKey, "the public key is not in canonical form")
	}
	for _, weak := range smallOrderY {
		if y == weak {
			return nil, refuse(BadKey, "the public key has small order: anyone could sign for it")
		}
	}
	return bytes.Clone(x), nil
}

// belowFieldPrime reports whether y < 2^255 - 19; y is little-endian.
func belowFieldPrime(y [32]byte) bool {
	if y[31] != 0x7f || y[0] < 0xed {
		return true
	}
	for _, b := range y[1:31] {
		if b != 0xff {
			return true
		}
	}
	return false
}

// thumbprint returns the RFC 7638 SHA-256 thumbprint of the Ed25519 public key x, in hex.
func thumbprint(x []byte) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + b64url(x) + `"}`))
	return hex.EncodeToString(sum[:])
}

// readJWK returns name and public bytes of a JSON Web Key (RFC 8037 §2).
func readJWK(document any) (kid string, x []byte, err error) {
	jwk, ok := document.(object)
	if !ok || jwk["kty"] != any("OKP") || jwk["crv"] != any("Ed25519") {
		return "", nil, refuse(BadKey, "not a JSON Web Key of an Ed25519 public key")
	}
	kid, _ = jwk["kid"].(string)
	text, ok := jwk["x"].(string)
	if kid == "" || !ok {
		return "", nil, refuse(BadKey, "the JSON Web Key lacks `kid` or `x`")
	}
	if x, err = unb64url(text); err != nil {
		return "", nil, refuse(BadKey, "the JSON Web Key's `x` is not base64url")
	}
	return kid, x, nil
}

// WorkingKey is one entry of the key statement. Times are Unix seconds; it may have signed while NBF <= iat < SignUntil.
type WorkingKey struct {
	Kid       string
	X         string // the public key: 32 bytes
	Purpose   Purpose
	State     KeyState
	NBF       int64
	SignUntil int64
}

// Keyring is the working keys of one verified statement, never changed after it was made.
type Keyring struct {
	seq     int64
	iat     int64
	keys    []WorkingKey
	headers headers
}

// Seq rises with every statement; keep the keyring of the highest.
func (k *Keyring) Seq() int64 { return k.seq }

// IAT is when the statement was signed, in Unix seconds.
func (k *Keyring) IAT() int64 { return k.iat }

// Keys returns the statement's entries, in its order.
func (k *Keyring) Keys() []WorkingKey {
	return append([]WorkingKey(nil), k.keys...)
}

// OpenStatement returns the keyring that a key statement states, proved by one of roots.
func OpenStatement(token string, roots []RootKey) (*Keyring, error) {
	known := make(headers, len(roots))
	for _, root := range roots {
		public, err := loadPublicKey([]byte(root.x))
		if err != nil {
			return nil, err
		}
		known[headerSegment(root.kid, typeKeys)] = headerKey{typ: typeKeys, public: public}
	}
	claims, err := openToken(token, known, typeKeys)
	if isReason(err, UnknownHeader) {
		return nil, refuse(UnknownRoot, "the key statement is not signed by a root key trusted here")
	}
	if err != nil {
		return nil, err
	}
	return readStatement(claims)
}

func isReason(err error, reason Reason) bool {
	refusal, ok := err.(*Error)
	return ok && refusal.Reason == reason
}

func readStatement(claims object) (*Keyring, error) {
	if !isVersion1(claims["v"]) {
		return nil, refuse(WrongVersion, "this key statement is of a version not known here")
	}
	m := members{of: claims}
	ring := &Keyring{seq: member[int64](&m, "seq"), iat: member[int64](&m, "iat")}
	entries := member[[]any](&m, "keys")
	if m.bad || !inRange(ring.seq, ring.iat) {
		return nil, badClaims("the key statement lacks `seq` or `keys`")
	}
	for _, entry := range entries {
		key, err := readWorkingKey(entry)
		if err != nil {
			return nil, err
		}
		if key != nil {
			ring.keys = append(ring.keys, *key)
		}
	}
	if err := ring.build(); err != nil {
		return nil, err
	}
	return ring, nil
}

// readWorkingKey returns nil for a later server's kind of key: this reader has no use for it, and must not stop for it.
func readWorkingKey(entry any) (*WorkingKey, error) {
	jwk, ok := entry.(object)
	if !ok {
		return nil, badClaims("an entry of the key statement is no object")
	}
	m := members{of: jwk}
	kty, crv := member[string](&m, "kty"), ""
	if jwk["crv"] != nil {
		crv = member[string](&m, "crv")
	}
	key := WorkingKey{Purpose: Purpose(member[string](&m, "purpose")), State: KeyState(member[string](&m, "state"))}
	if m.bad {
		return nil, badClaims("an entry of the key statement does not say what it is")
	}
	if kty != "OKP" || crv != "Ed25519" || !key.Purpose.known() || !key.State.known() {
		return nil, nil
	}
	kid, x, err := readJWK(jwk)
	if err != nil {
		return nil, err
	}
	key.Kid, key.X = kid, string(x)
	key.NBF, key.SignUntil = member[int64](&m, "nbf"), member[int64](&m, "sign_until")
	if m.bad || key.NBF > key.SignUntil || !inRange(key.NBF, key.SignUntil) {
		return nil, badClaims("a key of the key statement lacks its window")
	}
	return &key, nil
}

// build makes the headers. Names and keys that stand twice are refused before weak keys are looked for.
func (k *Keyring) build() error {
	names, publics := map[string]bool{}, map[string]bool{}
	for _, key := range k.keys {
		names[key.Kid], publics[key.X] = true, true
	}
	if len(names) != len(k.keys) || len(publics) != len(k.keys) {
		return badClaims("a key stands twice in the key statement")
	}
	k.headers = make(headers, len(k.keys))
	for _, key := range k.keys {
		public, err := loadPublicKey([]byte(key.X))
		if err != nil {
			return err
		}
		if typ := key.Purpose.signs(); typ != "" {
			k.headers[headerSegment(key.Kid, typ)] = headerKey{
				typ: typ, public: public, windowed: true,
				nbf: key.NBF, signUntil: key.SignUntil, revoked: key.State == StateRevoked,
			}
		}
	}
	return nil
}

// headersOf returns none for no keyring: nothing is authentic then.
func headersOf(ring *Keyring) headers {
	if ring == nil {
		return nil
	}
	return ring.headers
}

// newest returns the keyring of the higher seq: what a reader keeps.
func newest(first, second *Keyring) *Keyring {
	if first == nil || second.seq >= first.seq {
		return second
	}
	return first
}

// keyName returns the name that the public key x must have in its role.
func keyName(role string, x []byte, test bool) string {
	name := role + "-" + thumbprint(x)[:16]
	if test {
		return testMark + name
	}
	return name
}

func isTest(kid string) bool {
	return strings.HasPrefix(kid, testMark)
}
