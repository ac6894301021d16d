package license

import "crypto/ed25519"

// Relay is the key that a license lends one right: to sign leases of this license, inside a customer's site.
type Relay struct {
	Kid string
	X   string
}

// VerifyLease returns the lease that token proves under ring or, where the verified license l names a relay, under that
// relay's key, however old; or an *Error. Ask the newest issue of the license: one that names another relay, or none,
// takes the right away.
//
// The relay's header joins those of ring and never replaces one; it stands for leases with the LID of l alone, and the
// key has no window of its own, for a lease moves no date. A claim that is no sound key under its own name adds nothing.
func (l *License) VerifyLease(token string, ring *Keyring) (*Lease, error) {
	return verifyLease(token, l.leaseHeaders(ring))
}

func (l *License) leaseHeaders(ring *Keyring) headers {
	known := headersOf(ring)
	public := l.Relay.public()
	if public == nil {
		return known
	}
	all := headers{headerSegment(l.Relay.Kid, typeLease): {typ: typeLease, public: public, lid: &l.LID}}
	for header, key := range known {
		all[header] = key
	}
	return all
}

// public returns the relay's key, or nil where there is none that is sound and named after itself.
func (r *Relay) public() ed25519.PublicKey {
	if r == nil {
		return nil
	}
	x, err := unb64url(r.X)
	if err != nil {
		return nil
	}
	public, err := loadPublicKey(x)
	if err != nil || r.Kid != keyName("relay", x, isTest(r.Kid)) {
		return nil
	}
	return public
}
