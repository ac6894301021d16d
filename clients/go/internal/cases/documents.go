package cases

import (
	"encoding/base64"

	"koor.tech/licensing/license"
)

// The documents below spell out everything that was read, by the names of the vectors.

type document = map[string]any

func licenseDocument(l *license.License) any {
	if l == nil {
		return nil
	}
	found := document{
		"sub": l.Sub, "jti": l.JTI, "iat": l.IAT, "nbf": l.NBF, "exp": l.Exp, "lid": l.LID, "seq": l.Seq,
		"edition": l.Edition, "seats": l.Seats, "np_seats": l.NPSeats, "tier": l.Tier, "support": l.Support,
		"bind": list(l.Bind), "over": l.Over, "feat": list(l.Feat), "org": l.Org, "prev": l.Prev, "relay": nil,
		"grace":        document{"exp": l.Grace.Exp, "over": l.Grace.Over, "revoke": l.Grace.Revoke},
		"unknown_crit": list(l.UnknownCrit),
	}
	if l.Relay != nil {
		found["relay"] = document{"kid": l.Relay.Kid, "x": l.Relay.X}
	}
	return found
}

func leaseDocument(l *license.Lease) any {
	if l == nil {
		return nil
	}
	return document{
		"cid": l.CID, "fsid": l.FSID, "lid": l.LID, "seq": l.Seq, "nonce": l.Nonce, "code": l.Code,
		"restricted": l.Restricted, "seats": l.Seats, "used": l.Used, "granted": l.Granted,
		"iat": l.IAT, "exp": l.Exp, "next": l.Next, "over_since": l.OverSince,
	}
}

func keyringDocument(k *license.Keyring) any {
	if k == nil {
		return nil
	}
	keys := []any{}
	for _, key := range k.Keys() {
		keys = append(keys, document{
			"kid": key.Kid, "x": base64.RawURLEncoding.EncodeToString([]byte(key.X)), "purpose": key.Purpose,
			"state": key.State, "nbf": key.NBF, "sign_until": key.SignUntil,
		})
	}
	return document{"seq": k.Seq(), "iat": k.IAT(), "keys": keys}
}

func listDocument(r *license.RevokedList) any {
	if r == nil {
		return nil
	}
	return document{"seq": r.Seq(), "iat": r.IAT(), "licenses": r.Licenses(), "issuances": r.Issuances()}
}

func rootsDocument(roots []license.RootKey) any {
	found := []any{}
	for _, root := range roots {
		found = append(found, document{"kid": root.Kid(), "test": root.IsTest()})
	}
	return found
}

func verdictDocument(v license.Verdict) any {
	return document{
		"code": v.Code, "restricted": v.Restricted, "warnings": list(v.Warnings), "seats": v.Seats, "used": v.Used,
		"granted": v.Granted, "over_since": v.OverSince, "message": v.Message, "remedy": v.Remedy,
	}
}

// list makes nil an empty list.
func list[T any](items []T) []T {
	return append([]T{}, items...)
}
