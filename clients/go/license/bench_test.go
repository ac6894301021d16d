package license

import (
	"crypto/ed25519"
	"strings"
	"testing"
)

// BenchmarkVerify compares the whole verification with the signature's alone, in one run.
func BenchmarkVerify(b *testing.B) {
	ring, token := testRing(b), signed([]byte(goodPayload))
	text := token[:strings.LastIndexByte(token, '.')]
	signature := ed25519.Sign(testKey("license"), []byte(text))
	public := testKey("license").Public().(ed25519.PublicKey)
	b.Run("ed25519", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			if !ed25519.Verify(public, []byte(text), signature) {
				b.Fatal("the signature is wrong")
			}
		}
	})
	b.Run("license", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			if _, err := Verify(token, ring); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAllows(b *testing.B) {
	status := NewStatus(Verdict{Restricted: true})
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if status.Allows(SaveResource) {
			b.Fatal("a restricted status allows a gated action")
		}
	}
}
