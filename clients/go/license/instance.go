package license

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
)

// InstanceHeader is the name of the header that proves which client is asking.
const InstanceHeader = "Koor-Instance"

// SignInstance returns the value of InstanceHeader for one request: the number, a space, and the base64url Ed25519
// signature of the LF-separated text
//
//	koor-instance/v1
//	<method>
//	<path>
//	<SHA-256 hex of the body>
//	<number>
//
// The path has no query and no escapes, as the server reads it. The number must be 0 to 2^53 - 1, and higher with every request; keep it with the key.
func SignInstance(key ed25519.PrivateKey, method, path string, body []byte, number int64) (string, error) {
	if !inRange(number) {
		return "", errors.New("license: an instance number is 0 to 2^53 - 1")
	}
	if len(key) != ed25519.PrivateKeySize {
		return "", errors.New("license: not an Ed25519 private key")
	}
	signature := ed25519.Sign(key, instanceText(method, path, body, number))
	return fmt.Sprintf("%d %s", number, b64url(signature)), nil
}

// InstancePublic returns the base64url public key, as the first check-in sends it.
func InstancePublic(key ed25519.PrivateKey) string {
	return b64url(key.Public().(ed25519.PublicKey))
}

func instanceText(method, path string, body []byte, number int64) []byte {
	return []byte(fmt.Sprintf("koor-instance/v1\n%s\n%s\n%x\n%d", method, path, sha256.Sum256(body), number))
}
