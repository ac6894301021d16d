package license

import (
	"crypto/ed25519"
	"errors"
	"testing"
)

func TestWithoutAKeyringNothingIsAuthentic(t *testing.T) {
	_, err := Verify(signed([]byte(goodPayload)), nil)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Reason != UnknownHeader {
		t.Errorf("got %v", err)
	}
}

func TestWhatAKeyringReturnsIsACopy(t *testing.T) {
	ring := testRing(t)
	ring.Keys()[0].Kid = "changed"
	if ring.Keys()[0].Kid != fuzzHeaderKid {
		t.Error("the keyring was changed from outside")
	}
}

func TestARootSetIsReadWholeOrNotAtAll(t *testing.T) {
	public := testKey("root").Public().(ed25519.PublicKey)
	good := `{"kty":"OKP","crv":"Ed25519","kid":"` + keyName("root", public, true) + `","x":"` + b64url(public) + `"}`
	for set, count := range map[string]int{
		good:                                1,
		`{"keys":[]}`:                       0,
		`{"keys":[` + good + `]}`:           1,
		`{"keys":[` + good + `,{}]}`:        -1,
		`{"keys":[` + good + `],"keys":[]}`: -1,
	} {
		roots, err := ParseRoots([]byte(set))
		if (err == nil) != (count >= 0) || (err == nil && len(roots) != count) {
			t.Errorf("%s: %v, %v", set, roots, err)
		}
	}
}

func TestAnInstanceNumberHasItsRange(t *testing.T) {
	for number, good := range map[int64]bool{-1: false, 0: true, largestNumber: true, largestNumber + 1: false} {
		if _, err := SignInstance(testKey("instance"), "POST", "/v1/checkins", nil, number); (err == nil) != good {
			t.Errorf("%d: %v", number, err)
		}
	}
	if _, err := SignInstance(nil, "POST", "/v1/checkins", nil, 1); err == nil {
		t.Error("signed without a key")
	}
}
