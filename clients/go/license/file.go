package license

const maxFileBytes = 2 * 1024 * 1024

// Known is the newest keyring and revoked list that the client has seen before; either may be nil.
type Known struct {
	Keyring *Keyring
	Revoked *RevokedList
}

// File is a verified license file: the license, and the newest keyring and revoked list known.
type File struct {
	License *License
	Keyring *Keyring
	Revoked *RevokedList // nil where none is known
}

// OpenFile returns the verified contents of a license file (koor-license.json), or an *Error. A file never takes the
// client back behind known, which may be nil.
func OpenFile(data []byte, roots []RootKey, known *Known) (*File, error) {
	if known == nil {
		known = &Known{}
	}
	unverified, err := ReadFile(data)
	if err != nil {
		return nil, err
	}
	stated, err := OpenStatement(unverified.Keys, roots)
	if err != nil {
		return nil, err
	}
	file := &File{Keyring: newest(known.Keyring, stated)}
	if file.License, err = Verify(unverified.License, file.Keyring); err != nil {
		return nil, err
	}
	if file.Revoked, err = newestList(unverified.Revoked, file.Keyring, known.Revoked); err != nil {
		return nil, err
	}
	return file, nil
}

// Circumstances returns what this file adds to an evaluation on the Ceph cluster fsid ("" where it is not known).
// Set OverSince, CompliantAt and NewestIAT from what the client remembers.
func (f *File) Circumstances(fsid string) Circumstances {
	iat := f.Keyring.iat
	known := Circumstances{FSID: fsid, KeysIAT: &iat}
	if f.Revoked != nil {
		listed := f.Revoked.iat
		known.RevokedListIAT = &listed
		known.RevokedAt = f.Revoked.RevokedAt(f.License)
	}
	return known
}

// UnverifiedFile is the three tokens of a license file, none of them verified yet. Revoked may be nil.
type UnverifiedFile struct {
	Keys    string
	License string
	Revoked *string
}

// ReadFile returns the tokens in a license file, or an *Error when it is none. It is for readers that keep the tokens;
// all others want OpenFile.
func ReadFile(data []byte) (*UnverifiedFile, error) {
	if len(data) > maxFileBytes {
		return nil, refuse(BadFile, "the license file is too long")
	}
	value, err := readFileJSON(data)
	if err != nil {
		return nil, refuse(BadFile, "the license file is not strict JSON")
	}
	document, _ := value.(object)
	if !isVersion1(document["v"]) {
		return nil, refuse(BadFile, "not a license file of version 1")
	}
	m := members{of: document}
	file := &UnverifiedFile{Keys: member[string](&m, "keys"), License: member[string](&m, "license")}
	if document["revoked"] != nil {
		revoked := member[string](&m, "revoked")
		file.Revoked = &revoked
	}
	if m.bad {
		return nil, refuse(BadFile, "the license file lacks `keys` or `license`")
	}
	return file, nil
}

// newestList returns the list of the higher seq. One under a key that was revoked since proves nothing, and is passed
// over.
func newestList(token *string, ring *Keyring, known *RevokedList) (*RevokedList, error) {
	if token == nil {
		return known, nil
	}
	listed, err := VerifyRevoked(*token, ring)
	switch {
	case isReason(err, KeyRevoked):
		return known, nil
	case err != nil:
		return nil, err
	case known == nil || listed.seq >= known.seq:
		return listed, nil
	}
	return known, nil
}
