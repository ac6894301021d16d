package license

// RevokedList is a verified list of what no longer stands, for readers who can't ask.
type RevokedList struct {
	seq       int64
	iat       int64
	licenses  map[string]int64
	issuances map[string]int64
}

// Seq rises with every list; keep the list of the highest.
func (r *RevokedList) Seq() int64 { return r.seq }

// IAT is when the list was signed, in Unix seconds.
func (r *RevokedList) IAT() int64 { return r.iat }

// Licenses returns when each listed license was revoked, in Unix seconds by license id.
func (r *RevokedList) Licenses() map[string]int64 { return copied(r.licenses) }

// Issuances returns when each listed issue was revoked, in Unix seconds by `jti`.
func (r *RevokedList) Issuances() map[string]int64 { return copied(r.issuances) }

func copied(times map[string]int64) map[string]int64 {
	fresh := make(map[string]int64, len(times))
	for subject, at := range times {
		fresh[subject] = at
	}
	return fresh
}

// RevokedAt returns when license was revoked, whole or this issue of it, in Unix seconds; nil while it stands.
func (r *RevokedList) RevokedAt(license *License) *int64 {
	whole, wholeListed := r.licenses[license.LID]
	issue, issueListed := r.issuances[license.JTI]
	switch {
	case wholeListed && (!issueListed || whole <= issue):
		return &whole
	case issueListed:
		return &issue
	}
	return nil
}

// VerifyRevoked returns the list that token proves under ring, however old, or an *Error.
func VerifyRevoked(token string, ring *Keyring) (*RevokedList, error) {
	claims, err := openToken(token, headersOf(ring), typeRevoked)
	if err != nil {
		return nil, err
	}
	if !isVersion1(claims["v"]) {
		return nil, refuse(WrongVersion, "this revoked list is of a version not known here")
	}
	m := members{of: claims}
	list := &RevokedList{seq: member[int64](&m, "seq"), iat: member[int64](&m, "iat")}
	entries := member[[]any](&m, "revoked")
	if m.bad || !inRange(list.seq, list.iat) {
		return nil, badClaims("the revoked list lacks `seq` or `revoked`")
	}
	if err := list.read(entries); err != nil {
		return nil, err
	}
	return list, nil
}

func (r *RevokedList) read(entries []any) error {
	r.licenses, r.issuances = make(map[string]int64), make(map[string]int64)
	for _, entry := range entries {
		claims, _ := entry.(object)
		m := members{of: claims}
		at := member[int64](&m, "at")
		named := keepEarliest(r.licenses, &m, "lid", at)
		named = keepEarliest(r.issuances, &m, "jti", at) || named
		if m.bad || !named || !inRange(at) {
			return badClaims("an entry of the revoked list has no time or names nothing")
		}
	}
	return nil
}

// keepEarliest reports whether the entry has the member called name; null is as good as absent.
func keepEarliest(times map[string]int64, m *members, name string, at int64) bool {
	if m.of[name] == nil {
		return false
	}
	subject := member[string](m, name)
	if earlier, listed := times[subject]; !listed || at < earlier {
		times[subject] = at
	}
	return true
}
