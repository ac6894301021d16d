// Package jwttest shows that a standard JWT library reads our licenses with the keys of /.well-known/jwks.json. It is a
// module of its own, so that the client depends on nothing.
package jwttest

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type vector struct {
	JWKS struct {
		Keys []struct{ Kty, Crv, Kid, X string }
	}
	Token string
	Now   int64
	Sub   string
}

func read(t *testing.T) vector {
	data, err := os.ReadFile("../../../../tests/vectors/jwks/license.json")
	if err != nil {
		t.Fatal(err)
	}
	var found vector
	if err := json.Unmarshal(data, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func (v vector) key(token *jwt.Token) (any, error) {
	for _, key := range v.JWKS.Keys {
		if key.Kid == token.Header["kid"] && key.Kty == "OKP" && key.Crv == "Ed25519" {
			x, err := base64.RawURLEncoding.DecodeString(key.X)
			return ed25519.PublicKey(x), err
		}
	}
	return nil, errors.New("no such key")
}

func (v vector) parse(token string) (*jwt.Token, error) {
	return jwt.Parse(token, v.key, jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience("koor-dcc"),
		jwt.WithIssuedAt(), jwt.WithTimeFunc(func() time.Time { return time.Unix(v.Now, 0) }))
}

func TestAStandardLibraryVerifiesALicense(t *testing.T) {
	v := read(t)
	token, err := v.parse(v.Token)
	if err != nil {
		t.Fatal(err)
	}
	if sub, err := token.Claims.GetSubject(); err != nil || sub != v.Sub {
		t.Errorf("the subject is %q: %v", sub, err)
	}
}

func TestAStandardLibraryRefusesAnAlteredLicense(t *testing.T) {
	v := read(t)
	altered := []byte(v.Token)
	altered[len(altered)-20] ^= 1
	if _, err := v.parse(string(altered)); err == nil {
		t.Error("an altered license was taken")
	}
}
