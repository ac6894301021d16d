package licensing

import "koor.tech/licensing/license"

// holding is what a client holds, all of it verified but token: the license token to check in with. A license whose key
// was revoked since is in force no longer, and its token is still shown: where the license is honest, the answer brings a
// new one.
type holding struct {
	token   *string
	license *license.License
	ring    *license.Keyring
	revoked *license.RevokedList
	lease   *license.Lease

	keysToken    *string
	revokedToken *string
}

// hold returns what is in force, of the license file's content (nil for none) and the state. What does not verify is
// passed over.
func hold(file []byte, kept *state, roots []license.RootKey) holding {
	files := readFiles(file, kept.licenseFile)
	var h holding
	for _, token := range append(keysOf(files), kept.keys) {
		h.offerKeys(token, roots)
	}
	if len(files) > 0 {
		h.token = &files[0].License
	}
	if h.ring == nil {
		return h
	}
	for _, token := range append(listsOf(files), kept.revoked) {
		h.offerList(token)
	}
	for _, each := range files {
		h.offerLicense(each.License)
	}
	if h.license != nil && kept.lease != nil {
		h.lease, _ = h.license.VerifyLease(*kept.lease, h.ring)
	}
	return h
}

func readFiles(file []byte, kept *string) (files []*license.UnverifiedFile) {
	for _, content := range [][]byte{file, bytesOf(kept)} {
		if read, err := license.ReadFile(content); err == nil {
			files = append(files, read)
		}
	}
	return files
}

func bytesOf(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func keysOf(files []*license.UnverifiedFile) (tokens []*string) {
	for _, each := range files {
		tokens = append(tokens, &each.Keys)
	}
	return tokens
}

func listsOf(files []*license.UnverifiedFile) (tokens []*string) {
	for _, each := range files {
		tokens = append(tokens, each.Revoked)
	}
	return tokens
}

// offerKeys keeps the statement of the highest seq.
func (h *holding) offerKeys(token *string, roots []license.RootKey) {
	if token == nil {
		return
	}
	ring, err := license.OpenStatement(*token, roots)
	if err == nil && (h.ring == nil || ring.Seq() > h.ring.Seq()) {
		h.ring, h.keysToken = ring, token
	}
}

// offerList keeps the list of the highest seq.
func (h *holding) offerList(token *string) {
	if token == nil {
		return
	}
	list, err := license.VerifyRevoked(*token, h.ring)
	if err == nil && (h.revoked == nil || list.Seq() > h.revoked.Seq()) {
		h.revoked, h.revokedToken = list, token
	}
}

// offerLicense keeps the first license, unless another is a newer issue of the same.
func (h *holding) offerLicense(token string) {
	found, err := license.Verify(token, h.ring)
	if err != nil {
		return
	}
	if h.license == nil || (found.LID == h.license.LID && found.Seq > h.license.Seq) {
		h.license, h.token = found, &token
	}
}

// rememberIn notes keys, list and newest time in the state, so that the client never goes back behind them.
func (h *holding) rememberIn(kept *state) {
	kept.keys, kept.revoked = h.keysToken, h.revokedToken
	if h.license != nil {
		kept.saw(h.license.IAT)
	}
	if h.ring != nil {
		kept.saw(h.ring.IAT())
	}
	if h.revoked != nil {
		kept.saw(h.revoked.IAT())
	}
	if h.lease != nil {
		kept.saw(h.lease.IAT)
	}
}

func (s *state) saw(iat int64) {
	if s.newestIAT == nil || iat > *s.newestIAT {
		s.newestIAT = &iat
	}
}

// circumstances returns what an evaluation should know. Only with a license.
func (h *holding) circumstances(fsid string, kept *state) license.Circumstances {
	file := license.File{License: h.license, Keyring: h.ring, Revoked: h.revoked}
	known := file.Circumstances(fsid)
	known.OverSince, known.CompliantAt, known.NewestIAT = kept.overSince, kept.compliantAt, kept.newestIAT
	return known
}
