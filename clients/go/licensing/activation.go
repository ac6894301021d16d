package licensing

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"sort"
	"strings"
)

const (
	codeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
	codeLength   = 8
)

type requestDocument struct {
	V             int      `json:"v"`
	FSID          string   `json:"fsid"`
	KubeSystemUID string   `json:"kube_system_uid"`
	Nodes         []string `json:"nodes"`
	LID           string   `json:"lid,omitempty"`
	Daily         []day    `json:"daily"`
}

// ActivationRequest returns the request file of this cluster: what a site without a connection carries to the server
// (docs/api.md, "Activation"), with how many nodes there were on each day.
func (m *Manager) ActivationRequest() ([]byte, error) {
	seen := m.shown.Load()
	if seen == nil || seen.cluster.FSID == "" {
		return nil, errors.New("licensing: the Ceph cluster is not known yet")
	}
	document := requestDocument{
		V: 1, FSID: seen.cluster.FSID, KubeSystemUID: seen.cluster.KubeSystemUID,
		Nodes: append([]string{}, seen.nodes...), Daily: append([]day{}, seen.daily...),
	}
	if seen.license != nil {
		document.LID = seen.license.LID
	}
	return json.MarshalIndent(document, "", " ")
}

// CheckCode returns the check code of a request or license file, BCDF-GHJK: the same wherever the file was carried,
// another if it was changed. People read it to each other.
func CheckCode(file []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return "", errors.New("licensing: the file is no JSON")
	}
	canonical, err := appendCanonical(nil, document)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	number, base, letter := new(big.Int).SetBytes(sum[:]), big.NewInt(int64(len(codeAlphabet))), new(big.Int)
	var code strings.Builder
	for i := 0; i < codeLength; i++ {
		if i == codeLength/2 {
			code.WriteByte('-')
		}
		number.DivMod(number, base, letter)
		code.WriteByte(codeAlphabet[letter.Int64()])
	}
	return code.String(), nil
}

// appendCanonical appends canonical JSON: UTF-8, members sorted by name, no white space, whole numbers.
func appendCanonical(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case map[string]any:
		return appendObject(out, value)
	case []any:
		return appendArray(out, value)
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return nil, errors.New("licensing: the file holds a fraction")
		}
		return append(out, value.String()...), nil
	case string:
		return appendText(out, value), nil
	}
	plain, err := json.Marshal(value) // true, false, null
	return append(out, plain...), err
}

func appendObject(out []byte, members map[string]any) ([]byte, error) {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	sort.Strings(names)
	out = append(out, '{')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, name), ':')
		var err error
		if out, err = appendCanonical(out, members[name]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendArray(out []byte, values []any) ([]byte, error) {
	out = append(out, '[')
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendCanonical(out, value); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

// appendText appends JSON text with the escapes that JSON needs and no other.
func appendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	short := map[byte]byte{'"': '"', '\\': '\\', '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}
	out = append(out, '"')
	for i := 0; i < len(text); i++ {
		if letter, found := short[text[i]]; found {
			out = append(out, '\\', letter)
		} else if text[i] < ' ' {
			out = append(out, '\\', 'u', '0', '0', hex[text[i]>>4], hex[text[i]&15])
		} else {
			out = append(out, text[i])
		}
	}
	return append(out, '"')
}
