package licensing

import (
	"errors"

	"koor.tech/licensing/license"
)

// takeKeys keeps the answer's key statement where it is newer: the roots prove it, whatever else is wrong.
func (s *state) takeKeys(told *answer, roots []license.RootKey) {
	stated, err := license.OpenStatement(told.Keys, roots)
	if err != nil {
		return
	}
	if s.keys != nil {
		if kept, err := license.OpenStatement(*s.keys, roots); err == nil && kept.Seq() >= stated.Seq() {
			return
		}
	}
	s.keys = &told.Keys
}

// take returns the state with the answer's license file, if it brings one, and its lease; or an error for an answer that
// is not the license's, the cluster's or this check-in's: then nothing of it is taken.
func (s state) take(told *answer, file []byte, roots []license.RootKey, nonce, fsid string) (state, error) {
	before := hold(file, &s, roots)
	if brought := string(told.LicenseFile); brought != "" && brought != "null" {
		with := s
		with.licenseFile = &brought
		fresh := hold(nil, &with, roots).license
		if fresh == nil || (before.license != nil && fresh.LID != before.license.LID) {
			return s, failed("BAD_LICENSE_FILE")
		}
		if before.license == nil || fresh.Seq >= before.license.Seq {
			s = with
		}
	}
	held := hold(file, &s, roots)
	if held.license == nil {
		return s, nil
	}
	lease, err := held.license.VerifyLease(told.Lease, held.ring)
	if err != nil {
		return s, failed("BAD_LEASE_" + reasonOf(err))
	}
	if lease.Nonce != nonce || lease.LID != held.license.LID || lease.FSID != fsid {
		return s, failed("BAD_LEASE")
	}
	s.lease = &told.Lease
	return s, nil
}

func reasonOf(err error) string {
	var refused *license.Error
	if errors.As(err, &refused) {
		return string(refused.Reason)
	}
	return "UNKNOWN"
}

// takeList keeps the revoked list where it verifies and is no older than the one that is held.
func (s *state) takeList(unverified string, held *holding) {
	listed, err := license.VerifyRevoked(unverified, held.ring)
	if err == nil && (held.revoked == nil || listed.Seq() >= held.revoked.Seq()) {
		s.revoked = &unverified
	}
}
