package license

// Lease is the typed claims of one lease: the signed answer to one check-in. Times are Unix seconds. A lease narrows a
// license for as long as it lives and never widens it.
type Lease struct {
	CID        string
	FSID       string
	LID        string
	Seq        int64 // of the license that the answer was judged by
	Nonce      string
	Code       Code
	Restricted bool
	Seats      int64
	Used       int64
	Granted    int64
	IAT        int64
	Exp        int64
	Next       int64 // seconds until the next check-in
	OverSince  *int64
}

// VerifyLease returns the lease that token proves under ring, however old, or an *Error. A client asks its license
// instead ((*License).VerifyLease): a relay may have signed.
func VerifyLease(token string, ring *Keyring) (*Lease, error) {
	return verifyLease(token, headersOf(ring))
}

func verifyLease(token string, known headers) (*Lease, error) {
	claims, err := openToken(token, known, typeLease)
	if err != nil {
		return nil, err
	}
	return parseLease(claims)
}

func parseLease(claims object) (*Lease, error) {
	if !isVersion1(claims["v"]) {
		return nil, refuse(WrongVersion, "this lease is of a version not known here")
	}
	m := members{of: claims}
	lease := &Lease{
		CID: member[string](&m, "cid"), FSID: member[string](&m, "fsid"), LID: member[string](&m, "lid"),
		Seq: member[int64](&m, "seq"), Nonce: member[string](&m, "nonce"),
		Code: Code(member[string](&m, "code")), Restricted: member[bool](&m, "restricted"),
		Seats: member[int64](&m, "seats"), Used: member[int64](&m, "used"), Granted: member[int64](&m, "granted"),
		IAT: member[int64](&m, "iat"), Exp: member[int64](&m, "exp"), Next: member[int64](&m, "next"),
		OverSince: optionalNumber(&m, "over_since"),
	}
	if m.bad {
		return nil, badClaims("a claim of the lease is missing or of the wrong type")
	}
	if !lease.inRange() || !lease.Code.known() {
		return nil, badClaims("a number of the lease is out of range, or its code is not known here")
	}
	return lease, nil
}

func (l *Lease) inRange() bool {
	numbers := inRange(l.Seq, l.Seats, l.Used, l.Granted, l.IAT, l.Exp, l.Next)
	return numbers && (l.OverSince == nil || inRange(*l.OverSince))
}
