package license

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"testing"
)

const (
	fuzzHeaderKid = "license-TEST"
	goodPayload   = `{"iss":"i","aud":"koor-dcc","sub":"o","jti":"j","iat":1900000000,"nbf":1899999700,"exp":1931536000,` +
		`"koor":{"v":1,"lid":"l","seq":3,"edition":"pro","seats":8,"np_seats":0,"unit":"storage_node","tier":"S",` +
		`"support":"business","bind":["*"],"over":"restrict","grace":{"exp":30,"over":15,"revoke":30},"feat":[],` +
		`"org":"Acme Storage"}}`
)

// testKey returns a TEST key: its seed is the hash of a label.
func testKey(label string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("TEST " + label))
	return ed25519.NewKeyFromSeed(seed[:])
}

func testRing(tb testing.TB) *Keyring {
	public := testKey("license").Public().(ed25519.PublicKey)
	key := WorkingKey{fuzzHeaderKid, string(public), PurposeLicense, StateActive, 0, largestNumber}
	ring := &Keyring{keys: []WorkingKey{key}}
	if err := ring.build(); err != nil {
		tb.Fatal(err)
	}
	return ring
}

func signed(payload []byte) string {
	text := headerSegment(fuzzHeaderKid, typeLicense) + "." + b64url(payload)
	return text + "." + b64url(ed25519.Sign(testKey("license"), []byte(text)))
}

// FuzzVerify gives both the text as a token, and a token that is rightly signed over it.
func FuzzVerify(f *testing.F) {
	ring := testRing(f)
	f.Add(signed([]byte(goodPayload)))
	f.Add(goodPayload)
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		for _, token := range []string{text, signed([]byte(text))} {
			license, err := Verify(token, ring)
			if (license == nil) == (err == nil) {
				t.Fatalf("a license and an error, or neither: %v, %v", license, err)
			}
			if license != nil {
				Evaluate(license, nil, 5, 1_900_000_000, Circumstances{})
			}
		}
	})
}

// FuzzReadJSON holds that what this reader takes, encoding/json takes, too, and both read the same.
func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(goodPayload))
	f.Add([]byte(`{"a":[1,-0,"\ud83d\ude00\n",{"b":null}],"c":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := readTokenJSON(data)
		if err != nil {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var theirs any
		if err := decoder.Decode(&theirs); err != nil {
			t.Fatalf("only we read %q: %v", data, err)
		}
		if !same(value, theirs) {
			t.Fatalf("%q is %v here and %v there", data, value, theirs)
		}
	})
}

func same(ours, theirs any) bool {
	switch ours := ours.(type) {
	case int64:
		number, ok := theirs.(json.Number)
		if !ok {
			return false
		}
		exact, err := number.Int64()
		return err != nil || exact == ours
	case []any:
		return sameItems(ours, theirs)
	case object:
		return sameMembers(ours, theirs)
	}
	return ours == theirs
}

func sameItems(ours []any, theirs any) bool {
	items, ok := theirs.([]any)
	if !ok || len(items) != len(ours) {
		return false
	}
	for i := range ours {
		if !same(ours[i], items[i]) {
			return false
		}
	}
	return true
}

func sameMembers(ours object, theirs any) bool {
	members, ok := theirs.(object)
	if !ok || len(members) != len(ours) {
		return false
	}
	for name := range ours {
		if !same(ours[name], members[name]) {
			return false
		}
	}
	return true
}
