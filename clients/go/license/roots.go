package license

// RootKey is a root public key: the only thing a client has to trust beforehand.
type RootKey struct {
	kid string
	x   string
}

// Kid is the key's name: `root-` and the first 16 hex digits of its RFC 7638 thumbprint.
func (r RootKey) Kid() string { return r.kid }

// IsTest reports whether the root belongs to a development server. Trust such a root only when told.
func (r RootKey) IsTest() bool { return isTest(r.kid) }

// trustedRoots are those of licensing/core/roots.py: one in use, one spare. Empty until the ceremony has been held.
var trustedRoots []RootKey

// TrustedRoots returns the roots that clients are built with.
func TrustedRoots() []RootKey {
	return append([]RootKey(nil), trustedRoots...)
}

// ParseRoots returns the roots in data: one JSON Web Key, or a JSON Web Key Set (RFC 7517 §5) of them. Each must be
// sound and named after itself, else the *Error has BadKey.
func ParseRoots(data []byte) ([]RootKey, error) {
	value, err := readFileJSON(data)
	if err != nil {
		return nil, refuse(BadKey, "a root is not strict JSON")
	}
	documents := []any{value}
	if set, ok := value.(object); ok {
		if keys, ok := set["keys"].([]any); ok {
			documents = keys
		}
	}
	roots := make([]RootKey, len(documents))
	for i, document := range documents {
		if roots[i], err = readRoot(document); err != nil {
			return nil, err
		}
	}
	return roots, nil
}

func readRoot(document any) (RootKey, error) {
	kid, x, err := readJWK(document)
	if err != nil {
		return RootKey{}, err
	}
	if _, err := loadPublicKey(x); err != nil {
		return RootKey{}, err
	}
	if kid != keyName("root", x, isTest(kid)) {
		return RootKey{}, refuse(BadKey, "the root key's name does not belong to it")
	}
	return RootKey{kid: kid, x: string(x)}, nil
}
