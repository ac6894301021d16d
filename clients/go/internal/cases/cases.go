// Package cases runs the cases of tests/vectors (its README.md describes them), for the tests and for the judge.
package cases

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"koor.tech/licensing/license"
)

// Setting is what cases refer to by name.
type Setting struct {
	Roots      map[string]json.RawMessage `json:"roots"`
	Statements map[string]Statement       `json:"statements"`
	Lists      map[string]List            `json:"lists"`
}

// Statement is a key statement and the roots that prove it.
type Statement struct {
	Token string   `json:"token"`
	Roots []string `json:"roots"`
}

// List is a revoked list and the statement that proves it.
type List struct {
	Token     string `json:"token"`
	Statement string `json:"statement"`
}

// Case is one question. Which members it has depends on Read.
type Case struct {
	Name      string        `json:"name"`
	Read      string        `json:"read"`
	Input     []byte        `json:"input"`
	Roots     []string      `json:"roots"`
	Statement string        `json:"statement"`
	List      string        `json:"list"`
	Lease     []byte        `json:"lease"`
	License   []byte        `json:"license"`
	Nodes     int           `json:"nodes"`
	Now       *int64        `json:"now"`
	Known     Circumstances `json:"known"`

	Label  string `json:"label"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Number int64  `json:"number"`

	Expect json.RawMessage `json:"expect"`
}

// Circumstances is license.Circumstances by the names of the vectors.
type Circumstances struct {
	FSID           string `json:"fsid"`
	OverSince      *int64 `json:"over_since"`
	CompliantAt    *int64 `json:"compliant_at"`
	RevokedAt      *int64 `json:"revoked_at"`
	NewestIAT      *int64 `json:"newest_iat"`
	KeysIAT        *int64 `json:"keys_iat"`
	RevokedListIAT *int64 `json:"revoked_list_iat"`
	NoRecord       bool   `json:"no_record"`
	SuspendedAt    *int64 `json:"suspended_at"`
	BoundFSID      string `json:"bound_fsid"`
	DuplicateSince *int64 `json:"duplicate_since"`
	Granted        *int64 `json:"granted"`
	EverPro        bool   `json:"ever_pro"`
}

// Bench is a setting whose roots, statements and lists are open.
type Bench struct {
	roots      map[string]license.RootKey
	statements map[string]*license.Keyring
	lists      map[string]*license.RevokedList
}

// NewBench opens all of the setting; each part of it must be authentic.
func NewBench(setting Setting) (*Bench, error) {
	bench := &Bench{map[string]license.RootKey{}, map[string]*license.Keyring{}, map[string]*license.RevokedList{}}
	for name, document := range setting.Roots {
		roots, err := license.ParseRoots(document)
		if err != nil {
			return nil, fmt.Errorf("root %s: %w", name, err)
		}
		bench.roots[name] = roots[0]
	}
	for name, statement := range setting.Statements {
		ring, err := license.OpenStatement(statement.Token, bench.named(statement.Roots))
		if err != nil {
			return nil, fmt.Errorf("statement %s: %w", name, err)
		}
		bench.statements[name] = ring
	}
	for name, list := range setting.Lists {
		revoked, err := license.VerifyRevoked(list.Token, bench.statements[list.Statement])
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", name, err)
		}
		bench.lists[name] = revoked
	}
	return bench, nil
}

func (b *Bench) named(names []string) []license.RootKey {
	roots := make([]license.RootKey, len(names))
	for i, name := range names {
		roots[i] = b.roots[name]
	}
	return roots
}

// Run returns the outcome of a case: one member, named after what was found, or `reason`.
func (b *Bench) Run(c Case) (map[string]any, error) {
	name, found, err := b.find(c)
	var refusal *license.Error
	if errors.As(err, &refusal) {
		return map[string]any{"reason": refusal.Reason}, nil
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{name: found}, nil
}

func (b *Bench) find(c Case) (string, any, error) {
	ring := b.statements[c.Statement]
	switch c.Read {
	case "license":
		found, err := license.Verify(string(c.Input), ring)
		return "license", licenseDocument(found), err
	case "lease":
		found, err := b.verifyLease(c)
		return "lease", leaseDocument(found), err
	case "keys":
		found, err := license.OpenStatement(string(c.Input), b.named(c.Roots))
		return "keyring", keyringDocument(found), err
	case "revoked":
		found, err := license.VerifyRevoked(string(c.Input), ring)
		return "revoked", listDocument(found), err
	case "root":
		found, err := license.ParseRoots(c.Input)
		return "roots", rootsDocument(found), err
	case "file":
		return b.openFile(c)
	case "verdict":
		return b.evaluate(c)
	case "instance":
		seed := sha256.Sum256([]byte(c.Label))
		header, err := license.SignInstance(ed25519.NewKeyFromSeed(seed[:]), c.Method, c.Path, c.Input, c.Number)
		return "header", header, err
	}
	return "", nil, fmt.Errorf("case %q asks to read %q", c.Name, c.Read)
}

func (b *Bench) verifyLease(c Case) (*license.Lease, error) {
	ring := b.statements[c.Statement]
	if c.License == nil {
		return license.VerifyLease(string(c.Input), ring)
	}
	of, err := license.Verify(string(c.License), ring)
	if err != nil {
		return nil, err
	}
	return of.VerifyLease(string(c.Input), ring)
}

func (b *Bench) openFile(c Case) (string, any, error) {
	known := license.Known{Keyring: b.statements[c.Statement], Revoked: b.lists[c.List]}
	file, err := license.OpenFile(c.Input, b.named(c.Roots), &known)
	if err != nil {
		return "", nil, err
	}
	document := map[string]any{
		"license": licenseDocument(file.License),
		"keyring": keyringDocument(file.Keyring),
		"revoked": listDocument(file.Revoked),
	}
	if c.Now != nil {
		verdict := license.Evaluate(file.License, nil, c.Nodes, *c.Now, file.Circumstances(c.Known.FSID))
		document["verdict"] = verdictDocument(verdict)
	}
	return "file", document, nil
}

func (b *Bench) evaluate(c Case) (string, any, error) {
	ring := b.statements[c.Statement]
	found, err := license.Verify(string(c.Input), ring)
	if err != nil {
		return "", nil, err
	}
	var lease *license.Lease
	if c.Lease != nil {
		if lease, err = found.VerifyLease(string(c.Lease), ring); err != nil {
			return "", nil, err
		}
	}
	verdict := license.Evaluate(found, lease, c.Nodes, *c.Now, license.Circumstances(c.Known))
	return "verdict", verdictDocument(verdict), nil
}
