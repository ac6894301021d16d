package license

import (
	"crypto/ed25519"
	"strings"
	"unicode/utf8"
)

// Audience is the `aud` of every token.
const Audience = "koor-dcc"

// largestNumber is 2^53 - 1: what every JSON reader reads exactly (RFC 7493 §2.2).
const largestNumber = 1<<53 - 1

// tokenType is what a token is for: the `typ` of its header (RFC 8725 §3.11, explicit typing).
type tokenType string

const (
	typeLicense tokenType = "koor-license+jwt"
	typeLease   tokenType = "koor-lease+jwt"
	typeKeys    tokenType = "koor-keys+jwt"
	typeRevoked tokenType = "koor-revoked+jwt"
)

// maxCharacters returns the cap of a type.
func maxCharacters(typ tokenType) int {
	switch typ {
	case typeKeys:
		return 16 * 1024
	case typeRevoked:
		return 1024 * 1024
	}
	return 4_096
}

// headerKey is what one exact header text stands for. A root key has no window.
type headerKey struct {
	typ       tokenType
	public    ed25519.PublicKey
	windowed  bool
	nbf       int64 // Unix seconds: the key may have signed while nbf <= iat < signUntil
	signUntil int64
	revoked   bool
	lid       *string // a relay's key signs for this license alone
}

type headers map[string]headerKey

// headerSegment returns the one header text under which kid signs tokens of type typ: the members in canonical order.
func headerSegment(kid string, typ tokenType) string {
	text := []byte(`{"alg":"EdDSA","kid":`)
	text = appendJSONString(text, kid)
	text = append(text, `,"typ":`...)
	text = appendJSONString(text, string(typ))
	return b64url(append(text, '}'))
}

// openToken returns the claims of an authentic token, or an *Error with the reason at the first step that fails.
// JWS compact serialisation (RFC 7515 §7.1) with Ed25519 (RFC 8037 §3.1); it never looks at the time.
func openToken(token string, known headers, typ tokenType) (object, error) {
	// 1. shape
	if strings.Count(token, ".") != 2 {
		return nil, refuse(NotAToken, "a token is three parts joined by dots")
	}
	if longer(token, maxCharacters(typ)) {
		return nil, refuse(TooLong, "the token has more characters than its type may have")
	}
	dot := strings.LastIndexByte(token, '.')
	signed, signatureSegment := token[:dot], token[dot+1:]
	header, payloadSegment, _ := strings.Cut(signed, ".")
	// 2. header, as text
	key, found := known[header]
	if !found {
		return nil, refuse(UnknownHeader, "the token's header belongs to no key that is known here")
	}
	if key.typ != typ {
		return nil, refuse(WrongType, "the token is of another type")
	}
	// 3. encoding
	payload, err := unb64url(payloadSegment)
	if err != nil {
		return nil, refuse(BadEncoding, "the payload is not strict base64url")
	}
	signature, err := unb64url(signatureSegment)
	if err != nil {
		return nil, refuse(BadEncoding, "the signature is not strict base64url")
	}
	// 4. signature. Go checks as OpenSSL does: S below the group's order, R byte for byte, no cofactor.
	if len(signature) != ed25519.SignatureSize || !ed25519.Verify(key.public, []byte(signed), signature) {
		return nil, refuse(BadSignature, "the signature does not belong to this header and payload")
	}
	// 5. payload
	value, err := readTokenJSON(payload)
	if err != nil {
		return nil, refuse(BadPayload, "the payload is not strict JSON")
	}
	claims, ok := value.(object)
	if !ok {
		return nil, refuse(BadPayload, "the payload is not a JSON object")
	}
	// 6. claims
	if err := checkKey(key, claims["iat"], claims["lid"]); err != nil {
		return nil, err
	}
	if claims["aud"] != any(Audience) {
		return nil, refuse(WrongAudience, "the token is for another audience")
	}
	return claims, nil
}

// longer reports whether text has more than limit characters; they are Unicode's, not bytes.
func longer(text string, limit int) bool {
	return len(text) > limit && utf8.RuneCountInString(text) > limit
}

func checkKey(key headerKey, issuedAt, licenseID any) error {
	if key.revoked {
		return refuse(KeyRevoked, "the key is revoked")
	}
	iat, ok := issuedAt.(int64)
	if !ok {
		return badClaims("`iat` is missing or no whole number")
	}
	if key.windowed && iat < key.nbf {
		return refuse(KeyNotYet, "the key did not sign yet at the token's `iat`")
	}
	if key.windowed && iat >= key.signUntil {
		return refuse(KeyRetired, "the key no longer signed at the token's `iat`")
	}
	if key.lid != nil && licenseID != any(*key.lid) {
		return badClaims("the relay's key signs for another license alone")
	}
	return nil
}

// inRange reports whether every number is one that tokens have.
func inRange(numbers ...int64) bool {
	for _, number := range numbers {
		if number < 0 || number > largestNumber {
			return false
		}
	}
	return true
}

// isVersion1 reports whether a `v` is the whole number 1.
func isVersion1(v any) bool {
	return v == any(int64(1))
}
