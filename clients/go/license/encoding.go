package license

import (
	"encoding/base64"
	"errors"
	"strings"
)

var errEncoding = errors.New("not canonical base64url")

var strictBase64url = base64.RawURLEncoding.Strict()

func b64url(data []byte) string {
	return base64.RawURLEncoding.EncodeToString(data)
}

// unb64url returns the bytes of unpadded base64url (RFC 4648 §5). Each value has exactly one spelling: Strict refuses
// stray bits, and the line ends that Go's decoder would skip are refused here.
func unb64url(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errEncoding
	}
	return strictBase64url.DecodeString(text)
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends text as canonical JSON: short escapes where JSON has them, \u00xx for the other control
// characters, all else as it is. encoding/json would escape <, > and U+2028, which the signers do not.
func appendJSONString(out []byte, text string) []byte {
	out = append(out, '"')
	for i := 0; i < len(text); i++ {
		out = appendJSONByte(out, text[i])
	}
	return append(out, '"')
}

func appendJSONByte(out []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(out, '\\', c)
	case '\b':
		return append(out, '\\', 'b')
	case '\t':
		return append(out, '\\', 't')
	case '\n':
		return append(out, '\\', 'n')
	case '\f':
		return append(out, '\\', 'f')
	case '\r':
		return append(out, '\\', 'r')
	}
	if c < ' ' {
		return append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(out, c)
}
